"""The committed reference says what the declarations and the code say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import docs.generator.__main__ as program
from docs.generator.catalog import (
    DOCS,
    GROUPS,
    PROSE,
    REFERENCE,
    MissingPage,
    Page,
    is_there,
    pages,
)
from docs.generator.examples import WrongExample, check_example, same
from docs.generator.honoured import with_remarks
from docs.generator.pages import reference
from docs.generator.settings import UndocumentedSetting, default_text, fill_tables, valid_values
from penstock.cluster.framework_definition import framework_definition
from penstock.kafka.properties import ClientKind
from penstock.plugins.builtin import BUILTIN, SYNONYMS
from penstock.plugins.registry import Registry
from penstock.runtime.source_config import SourceConnectorConfig
from penstock.sdk import (
    ConfigDef,
    ConfigKey,
    ConfigType,
    Header,
    Int8,
    SourceRecord,
    at_least,
    between,
    non_empty_list,
    one_of,
    one_of_ignoring_case,
)
from penstock.sdk.checks import list_without_duplicates

PAGES = pages()
WITH_EXAMPLE = [page for page in PAGES if page.group != "settings"]


def test_the_committed_pages_are_what_make_docs_writes() -> None:
    written = reference()
    committed = {path: path.read_text("utf-8") for path in REFERENCE.rglob("*.md")}
    stale = [path.name for path, text in written.items() if committed.get(path) != text]
    assert stale == [], "run make docs"
    assert sorted(committed) == sorted(written)


@pytest.mark.parametrize("page", WITH_EXAMPLE, ids=lambda page: page.name)
def test_an_example_gives_what_its_page_says(page: Page) -> None:
    assert check_example(page) > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_every_setting(page: Page) -> None:
    text = page.path.read_text("utf-8")
    assert [name for name in page.definition.keys if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize(
    ("group", "plugin"),
    [("transforms", "Filter"), ("predicates", "RecordIsTombstone")],
)
def test_the_settings_of_the_framework_below_an_alias_are_named(group: str, plugin: str) -> None:
    properties = {group: "a", f"{group}.a.type": plugin}
    registry = Registry.builtin()
    definition = framework_definition(SourceConnectorConfig, registry, properties, {})
    prefix = f"{group}.a."
    declared = {name.removeprefix(prefix) for name in definition.keys if name.startswith(prefix)}
    text = (PROSE / group / "index.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)) == declared


def test_every_plugin_of_these_kinds_has_a_page() -> None:
    documented = {name.java for page in PAGES for name in page.names}
    kinds = [kind for kinds in GROUPS.values() for kind in kinds]
    there = {java for kind in kinds for java, at in BUILTIN[kind].items() if is_there(at)}
    assert documented == there | set(SYNONYMS)


def test_no_prose_is_left_over() -> None:
    used = {page.prose for page in PAGES} | set(PROSE.rglob("index.md"))
    assert set(PROSE.rglob("*.md")) == used


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(DOCS)}: {target}"
        for path in DOCS.rglob("*.md")
        if not path.is_relative_to(PROSE)
        for target in re.findall(r"\]\((?!\w+://)([^)#]+)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_a_wrong_example_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = next(page for page in PAGES if page.name == "Cast")
    text = page.prose.read_text("utf-8").replace('"paid": True', '"paid": 1')
    monkeypatch.setattr(Page, "prose", tmp_path / "Cast.md")
    page.prose.write_text(text, "utf-8")
    with pytest.raises(WrongExample, match=r"Cast.md: after is"):
        check_example(page)


def test_make_docs_writes_the_pages_and_removes_those_of_plugins_that_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.md"
    old.touch()
    monkeypatch.setattr(program, "REFERENCE", tmp_path)
    monkeypatch.setattr(program, "reference", lambda: {tmp_path / "new" / "page.md": "Text.\n"})
    assert program.main() == 0
    assert [path.name for path in tmp_path.rglob("*.md")] == ["page.md"]


def test_make_docs_writes_nothing_while_an_example_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "REFERENCE", tmp_path)
    monkeypatch.setattr(program, "pages", lambda: [Page("transforms", "Gone", ConfigDef())])
    assert program.main() == 1
    assert "Gone has no page" in capsys.readouterr().err


def test_a_plugin_without_prose_is_named() -> None:
    page = Page("connectors", "TeleportConnector", ConfigDef())
    wanted = "TeleportConnector has no page: write docs/prose/connectors/TeleportConnector.md"
    with pytest.raises(MissingPage, match=wanted):
        check_example(page)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (1, Int8(1)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([1], [1, 1]),
        (SourceRecord("t", 1), SourceRecord("t", Int8(1))),
        (SourceRecord("t", headers=(Header("h", 1),)), SourceRecord("t", headers=(Header("h"),))),
    ],
)
def test_examples_are_compared_to_the_type(one: object, other: object) -> None:
    assert same(one, one)
    assert not same(one, other)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (ConfigKey("k", ConfigType.BOOLEAN), "`true`, `false`"),
        (ConfigKey("k", ConfigType.STRING), ""),
        (ConfigKey("k", ConfigType.INT, check=at_least(1)), "at least 1"),
        (ConfigKey("k", ConfigType.INT, check=between(0, 9)), "0 to 9"),
        (ConfigKey("k", ConfigType.STRING, check=one_of("a", "b")), "`a`, `b`"),
        (
            ConfigKey("k", ConfigType.STRING, "v1", check=one_of_ignoring_case("V1", "V2")),
            "`v1`, `v2` (in any case)",
        ),
        (ConfigKey("k", ConfigType.LIST, check=non_empty_list), "non-empty list"),
        (ConfigKey("k", ConfigType.LIST, check=list_without_duplicates()), "no value twice"),
        (
            ConfigKey("k", ConfigType.LIST, check=list_without_duplicates(empty_allowed=False)),
            "no value twice, at least one",
        ),
    ],
)
def test_checks_are_put_into_words(key: ConfigKey, words: str) -> None:
    assert valid_values(key) == words


def test_defaults_are_shown_as_one_would_write_them() -> None:
    key = ConfigKey("wait.ms", ConfigType.LONG)
    assert default_text(key) == "**required**"
    assert default_text(replace(key, default=None)) == "not set"
    assert default_text(replace(key, default=90_000)) == "`90000` (90 seconds)"
    assert default_text(replace(key, default=3_600_000)) == "`3600000` (1 hour)"
    assert default_text(ConfigKey("k", ConfigType.LIST, "a,b")) == "`a,b`"
    assert default_text(ConfigKey("k", ConfigType.STRING, "")) == "empty"


def test_client_settings_tell_when_they_are_not_honoured() -> None:
    reporters = ConfigKey("metric.reporters", ConfigType.LIST, [], doc="Reporters.")
    linger = ConfigKey("linger.ms", ConfigType.LONG, 5, doc="Wait.")
    acks = ConfigKey("acks", ConfigType.STRING, "all", doc="Copies.")
    told = with_remarks(ConfigDef([reporters, linger, acks]), ClientKind.PRODUCER).keys
    assert told["metric.reporters"].doc == (
        "Reporters. *Other values are not honoured: Penstock measures in its own way.*"
    )
    assert (told["linger.ms"].doc, told["acks"].doc) == ("Wait.", "Copies.")


def test_a_setting_without_text_or_table_is_refused() -> None:
    silent = ConfigDef([ConfigKey("a", ConfigType.STRING)])
    with pytest.raises(UndocumentedSetting, match="The setting a has no documentation"):
        fill_tables("<!-- settings: a -->", silent)
    told = ConfigDef([ConfigKey("a", ConfigType.STRING, doc="A."), ConfigKey("b", ConfigType.INT)])
    with pytest.raises(UndocumentedSetting, match="in no table: b"):
        fill_tables("<!-- settings: a -->", told)
    with pytest.raises(UndocumentedSetting, match="No setting is left for the table c"):
        fill_tables("<!-- settings: c -->", told)
