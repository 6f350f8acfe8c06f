"""`penstock plugin`: what plugins there are, what is wrong with those that are left out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.markup import escape

from penstock.cli.output import print_json, print_table, table
from penstock.cluster.catalog import Plugin, PluginKind
from penstock.plugins.registry import Registry

if TYPE_CHECKING:
    from penstock.cluster.views import ConfigKeyInfo

KINDS = [kind.value for kind in PluginKind]


class Listed(msgspec.Struct, frozen=True):
    """A plugin as it is listed; `problem` says why it cannot be used or is not."""

    name: str
    type: str | None
    version: str | None
    aliases: Sequence[str]
    python_class: str | None
    location: str
    problem: str | None = None


@click.group()
def plugin() -> None:
    """List and describe the plugins that are found."""


def plugin_path(command: click.Command) -> click.Command:
    """The options that say where to look."""
    path = click.option(
        "--plugin-path",
        "folders",
        multiple=True,
        metavar="FOLDER[,FOLDER...]",
        help="Folders as in plugin.path; may be given several times.",
    )
    worker = click.option(
        "--worker-config",
        "worker",
        type=click.Path(path_type=Path),
        metavar="WORKER.properties",
        help="Take plugin.path from the settings of a worker.",
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
    return path(worker(as_json(command)))


@plugin_path
@plugin.command(
    "list",
    epilog="Example: penstock plugin list --worker-config worker.properties --type source",
)
@click.option("--type", "kind", type=click.Choice(KINDS), help="Only plugins of this type.")
def list_plugins(
    folders: tuple[str, ...], worker: Path | None, as_json: bool, kind: str | None
) -> None:
    """List all plugins: names, aliases, types, versions, and where they are.

    Those that were found and cannot be used, or are hidden by another, are listed with the reason.
    Exit status 1 says that there are such plugins.
    """
    found = [each for each in listed(_registry(folders, worker)) if kind in (None, each.type)]
    if as_json:
        print_json(found)
    else:
        _print_table(found)
    if any(each.problem for each in found):
        sys.exit(1)


@plugin_path
@plugin.command(epilog="Example: penstock plugin describe FileStreamSource --json")
@click.argument("name")
@click.option("--version", "version", help="A version or a range, as in connector.plugin.version.")
@click.option("--all", "common", is_flag=True, help="Also what every connector can be set.")
def describe(
    folders: tuple[str, ...],
    worker: Path | None,
    as_json: bool,
    name: str,
    version: str | None,
    common: bool,
) -> None:
    """Describe a plugin and its settings. NAME is a class or an alias."""
    registry = _registry(folders, worker)
    found = _found(registry, name, version)
    described = _shown(registry, found)
    if described.problem is not None:
        raise click.ClickException(f"{found.name} cannot be loaded: {described.problem}")
    settings = _settings(registry, found, common=common)
    if as_json:
        print_json({"plugin": described, "settings": settings})
    else:
        _print_description(described, settings)


def listed(registry: Registry) -> Iterator[Listed]:
    """Plugins in the order of their kinds, then what is no plugin."""
    for kind in PluginKind:
        seen: dict[tuple[str, str], str] = {}
        for each in registry.plugins(kind):
            first = seen.setdefault((each.name, each.version), each.location)
            hidden = None if first == each.location else f"Hidden by the same in {first}."
            yield _shown(registry, each, hidden)
    for problem in registry.problems:
        yield Listed(problem.name, None, None, (), None, problem.location, problem.reason)


def _shown(registry: Registry, each: Plugin, problem: str | None = None) -> Listed:
    python_class: str | None = None
    try:
        loaded = each.load()
        python_class = f"{loaded.__module__}.{loaded.__qualname__}"
    except Exception as error:  # whatever a plugin's module raises when it is imported
        problem = problem or f"{type(error).__name__}: {error}"
    aliases = registry.aliases(each.name)
    kind, version = each.kind.value, each.version
    return Listed(each.name, kind, version, aliases, python_class, each.location, problem)


def _registry(folders: Sequence[str], worker: Path | None) -> Registry:
    from penstock.worker import StartError, read_worker_properties

    named = list(folders)
    if worker is not None:
        try:
            named.append(read_worker_properties(worker).get("plugin.path", ""))
        except StartError as error:
            raise click.ClickException(str(error)) from error
    # what is wrong is listed, and need not be logged as well
    logging.getLogger("penstock.plugins").setLevel(logging.CRITICAL)
    return Registry.discover([part.strip() for each in named for part in each.split(",") if part])


def _found(registry: Registry, name: str, version: str | None) -> Plugin:
    from penstock.runtime.plugin_versions import VersionError
    from penstock.sdk.errors import ConnectError

    for kind in PluginKind:
        try:
            return registry.plugin(kind, name, version)
        except LookupError:
            continue
        except (ConnectError, VersionError) as error:
            raise click.ClickException(str(error)) from error
    hint = _variants(registry, name) or registry.did_you_mean(name)
    raise click.ClickException(f"There is no plugin {name}.{hint}")


def _variants(registry: Registry, name: str) -> str:
    """Transformations of keys and of values have names of their own."""
    names = [each.name for kind in PluginKind for each in registry.plugins(kind)]
    found = [each for each in names if f".{name}$" in each or each.startswith(f"{name}$")]
    return f" There are {' and '.join(found)}." if found else ""


def _settings(registry: Registry, found: Plugin, *, common: bool) -> list[ConfigKeyInfo]:
    from penstock.cluster.plugin_views import CatalogPlugins
    from penstock.cluster.validation_views import key_info
    from penstock.sdk.class_names import finding_classes
    from penstock.sdk.config import config_class

    if common and found.kind in (PluginKind.SINK, PluginKind.SOURCE):
        return CatalogPlugins(registry).described(found.name, f"[{found.version}]")
    with finding_classes(registry.find_class):
        keys = config_class(found.load()).definition().keys
        return [key_info(key) for key in keys.values()]


def _print_table(found: Sequence[Listed]) -> None:
    rows = table("Plugin", "Version", "Alias", "Location")
    kind: str | None = None
    for each in found:
        if each.type is None or each.problem is not None:
            continue
        if each.type != kind:
            kind = each.type
            rows.add_section()
            rows.add_row(f"[bold]{kind}[/bold]")
        alias = min(each.aliases, key=len, default="")
        rows.add_row(escape(each.name), each.version, alias, escape(_place(each)))
    print_table(rows)
    wrong = [each for each in found if each.problem]
    if wrong:
        click.echo("Not used:")
        for each in wrong:
            click.echo(f"  {each.name} ({each.location}): {each.problem}")


def _place(each: Listed) -> str:
    """A folder of plugin.path, or the Python class of what is installed."""
    return each.location if each.location != "classpath" else each.python_class or ""


def _print_description(each: Listed, settings: Sequence[ConfigKeyInfo]) -> None:
    click.echo(f"{each.name}  {each.type} {each.version}")
    click.echo(f"Python class  {each.python_class}")
    click.echo(f"Location      {each.location}")
    click.echo(f"Aliases       {', '.join(each.aliases) or '-'}\n")
    if not settings:
        click.echo("It has no settings.")
        return
    rows = table("Setting", "Type", "Default", "Importance", "Meaning")
    for key in settings:
        default = "(required)" if key.required else key.default_value or ""
        texts = (default, key.importance, key.documentation or "")
        rows.add_row(key.name, key.type, *map(escape, texts))
    print_table(rows)
