"""Puts pages together: prose, names, settings and example; and the index pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from docs.generator.catalog import REFERENCE, Page, pages
from docs.generator.prose import split_example, summary
from docs.generator.settings import fill_tables, table
from penstock.runtime.hints import HINTS

TITLES = {
    "connectors": "Connectors",
    "converters": "Converters",
    "transforms": "Transformations",
    "predicates": "Predicates",
    "config-providers": "Config providers",
    "settings": "Settings of workers, connectors and clients",
}


def reference() -> dict[Path, str]:
    """Every file of the reference and its text."""
    every = pages()
    files = {page.path: page_text(page) for page in every}
    for group in TITLES:
        members = [page for page in every if page.group == group]
        files[REFERENCE / group / "index.md"] = group_index(group, members)
    files[REFERENCE / "hints.md"] = hints_page()
    files[REFERENCE / "index.md"] = reference_index()
    return files


def page_text(page: Page) -> str:
    """One page."""
    text = page.text
    if page.group == "settings":
        return _marked(page.prose, fill_tables(text, page.definition))
    description, example = split_example(text)
    parts = (f"# {page.name}\n", description, _names(page), _settings(page), example)
    return _marked(page.prose, "\n".join(parts))


def group_index(group: str, members: Sequence[Page]) -> str:
    """The list of a group's pages, below the group's own prose."""
    prose = REFERENCE.parent / "prose" / group / "index.md"
    lines = [f"| [{_title(page)}]({page.name}.md) | {_summary(page)} |" for page in members]
    listing = "\n".join(("| Page | What it is about |", "|---|---|", *lines))
    return _marked(prose, f"# {TITLES[group]}\n\n{prose.read_text('utf-8').strip()}\n\n{listing}\n")


def reference_index() -> str:
    """The page that leads to the groups."""
    prose = REFERENCE.parent / "prose" / "index.md"
    links = "\n".join(f"* [{title}]({group}/index.md)" for group, title in TITLES.items())
    links += "\n* [Hints against classic mistakes](hints.md)"
    return _marked(prose, f"# Reference\n\n{prose.read_text('utf-8').strip()}\n\n{links}\n")


def hints_page() -> str:
    """Every classic mistake and what is said of it."""
    rows = [f"| `{hint.name}` | {hint.mistake} | {_cell(hint.remedy)} |" for hint in HINTS]
    head = (
        "<!-- Written by `make docs` from penstock.runtime.hints. -->\n\n"
        "# Hints against classic mistakes\n\n"
        "What stands behind *What helps* in the trace of a failed task, in its log, and in\n"
        "`last_error.event.remedy` of `GET /penstock/v1/tasks`, where `hint` is the name.\n"
        "Words in braces are filled in: `{converter}` is the setting of the converter at work,\n"
        "`{transform}` the prefix of the transformation's settings, `{place}` where to set it.\n\n"
        "| Hint | The mistake | What helps |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(prose: Path, text: str) -> str:
    source = prose.relative_to(REFERENCE.parent.parent).as_posix()
    return f"<!-- Written by `make docs` from the declarations and {source}. -->\n\n{text}"


def _title(page: Page) -> str:
    if page.group != "settings":
        return page.name
    return page.text.partition("\n")[0].removeprefix("# ")


def _summary(page: Page) -> str:
    text = page.text
    return summary(text.partition("\n")[2].strip() if page.group == "settings" else text)


def _names(page: Page) -> str:
    lines = ["## Names\n", "| In configurations | Short | Python class |", "|---|---|---|"]
    for name in page.names:
        short = ", ".join(f"`{alias}`" for alias in name.aliases) or "none"
        lines.append(f"| `{name.java}` | {short} | `{name.python}` |")
    return "\n".join(lines) + "\n"


def _settings(page: Page) -> str:
    keys = page.definition.keys.values()
    return "## Settings\n\n" + (table(keys) if keys else "There are none.") + "\n"
