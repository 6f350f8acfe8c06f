"""`penstock offsets`: where connectors go on, shown and changed through a worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from penstock.cli.connecting import connected, kafka_options, kafka_properties, told, worker_url
from penstock.cli.offset_changes import Move, OffsetEntry, OffsetFile, offset_text, place_text
from penstock.cli.offset_choices import number_of, single, sink_moved, time_of
from penstock.cli.offset_writing import change
from penstock.cli.output import Rows, print_json
from penstock.client import ConnectClient
from penstock.cluster.views import ConnectorOffset

_STATUS = "Exit status: 0 done, or nothing to do; 1 refused or failed; 2 called in a wrong way."


@click.group(epilog=_STATUS)
def offsets() -> None:
    """Show and change where connectors go on.

    Offsets are changed while a connector is STOPPED: stop it first, or add --stop.
    """


def _changing(command: click.Command) -> click.Command:
    """The options of everything that writes."""
    dry = click.option("--dry-run", is_flag=True, help="Print what would change; write nothing.")
    stop = click.option("--stop", is_flag=True, help="Stop the connector first; it stays stopped.")
    return worker_url(dry(stop(command)))


@worker_url
@offsets.command(epilog=f"Example: penstock offsets show local-file-source --json\n\n{_STATUS}")
@click.argument("connector")
@click.option("--json", "as_json", is_flag=True, help="Print JSON as the worker answers it.")
def show(url: str, connector: str, as_json: bool) -> None:
    """Show the offsets of CONNECTOR."""
    with told():
        found = connected(url).offsets(connector)
    if as_json:
        print_json(found)
        return
    rows = Rows("Partition", "Offset")
    for each in found.offsets:
        rows.add(place_text(each.partition), offset_text(each.offset))
    rows.print()


@_changing
@offsets.command(
    "set",
    epilog=f"""Examples:

    \b
    penstock offsets set my-source --partition '{{"filename":"a"}}' --offset '{{"position":3}}'
    penstock offsets set my-sink --topic orders --partition 0 --offset 12
    penstock offsets set my-sink --to-earliest --bootstrap-servers localhost:9092 --dry-run
    penstock offsets set my-sink --to-datetime 2026-01-31T12:00Z --command-config my.properties
    penstock offsets set my-sink --topic orders --shift -10 --bootstrap-servers localhost:9092

    {_STATUS}""",
)
@click.argument("connector")
@click.option("--topic", help="Of a sink. Without it, --to-* and --shift mean all of its topics.")
@click.option("--partition", metavar="JSON|NUMBER", help="A source's is JSON, a sink's a number.")
@click.option("--offset", metavar="JSON|NUMBER", help="The same; null forgets the offset.")
@click.option("--to-earliest", is_flag=True, help="Of a sink: the first record there is.")
@click.option("--to-latest", is_flag=True, help="Of a sink: after the last record there is.")
@click.option(
    "--to-datetime",
    metavar="ISO",
    help="Of a sink: the first record of this time or later; UTC unless it says otherwise.",
)
@click.option("--shift", type=int, metavar="N", help="Of a sink: N records on, or back if < 0.")
@kafka_options
def set_(
    url: str,
    connector: str,
    dry_run: bool,
    stop: bool,
    topic: str | None,
    partition: str | None,
    offset: str | None,
    to_earliest: bool,
    to_latest: bool,
    to_datetime: str | None,
    shift: int | None,
    bootstrap_servers: str | None,
    command_config: Path | None,
) -> None:
    """Set one offset of CONNECTOR, or move a sink.

    The --to-* options and --shift look into Kafka and need --bootstrap-servers or
    --command-config. A shift ends at the first and after the last record there is.
    """
    move = Move(to_earliest, to_latest, time_of(to_datetime), shift)
    ways = [offset is not None, to_earliest, to_latest, to_datetime is not None, shift is not None]
    if sum(ways) != 1:
        raise click.UsageError(
            "Give one of --offset, --to-earliest, --to-latest, --to-datetime and --shift."
        )
    if offset is not None:

        def one(client: ConnectClient, kind: str | None, known: object) -> list[OffsetEntry]:
            return [single(connector, kind, topic, partition, offset)]

        change(url, connector, one, dry_run=dry_run, stop=stop)
        return
    number = None if partition is None else number_of("--partition", partition)
    properties = kafka_properties(bootstrap_servers, command_config)

    def several(
        client: ConnectClient, kind: str | None, known: Sequence[ConnectorOffset]
    ) -> list[OffsetEntry]:
        if kind != "sink":
            raise click.ClickException(f"{connector} is no sink; set its offsets with --offset.")
        return sink_moved(client, connector, properties, move, topic, number, known)

    change(url, connector, several, dry_run=dry_run, stop=stop)


@_changing
@offsets.command(epilog=f"Example: penstock offsets reset local-file-source --stop\n\n{_STATUS}")
@click.argument("connector")
def reset(url: str, connector: str, dry_run: bool, stop: bool) -> None:
    """Forget all offsets of CONNECTOR, so that it begins anew."""
    change(url, connector, None, dry_run=dry_run, stop=stop)


@worker_url
@offsets.command(epilog=f"Example: penstock offsets export my-sink my-sink.json\n\n{_STATUS}")
@click.argument("connector")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
def export(url: str, connector: str, file: Path) -> None:
    """Write the offsets of CONNECTOR to FILE, or print them.

    The file is the body with which the REST interface sets them again.
    """
    with told():
        found = connected(url).offsets(connector)
    text = msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_bytes(text)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {len(found.offsets)} offsets to {file}.")


@_changing
@offsets.command(
    "import", epilog=f"Example: penstock offsets import my-sink my-sink.json --dry-run\n\n{_STATUS}"
)
@click.argument("connector")
@click.argument("file", type=click.File("rb"))
def import_(url: str, connector: str, file: Any, dry_run: bool, stop: bool) -> None:
    """Set the offsets of CONNECTOR that stand in FILE (- reads them from the input).

    Other partitions keep theirs; an offset of null forgets one.
    """
    try:
        given = msgspec.json.decode(file.read(), type=OffsetFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(
            f"{file.name} is no file of offsets: {error}. It looks like what "
            "`penstock offsets export` writes."
        ) from error

    def all_of_them(*_: object) -> list[OffsetEntry]:
        return given.offsets

    change(url, connector, all_of_them, dry_run=dry_run, stop=stop)
