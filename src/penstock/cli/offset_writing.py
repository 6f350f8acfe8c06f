"""One change of a connector's offsets: shown first, then done by the worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import click

from penstock.cli.connecting import connected, told
from penstock.cli.offset_changes import (
    Change,
    OffsetEntry,
    difference,
    entries,
    offset_text,
    place_text,
)
from penstock.cli.output import Rows
from penstock.client import ClientError, ConnectClient
from penstock.cluster.messages import TargetState
from penstock.cluster.views import ConnectorOffset

STOP_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.1

Wanted = Callable[[ConnectClient, str | None, Sequence[ConnectorOffset]], list[OffsetEntry]]


def change(url: str, connector: str, wanted: Wanted | None, *, dry_run: bool, stop: bool) -> None:
    """Show what changes, then let the worker do it; without `wanted` everything is forgotten."""
    client = connected(url)
    with told():
        kind = client.info(connector).type
        _ensure_stopped(client, connector, dry_run=dry_run, stop=stop)
        known = client.offsets(connector).offsets
        if wanted is None:
            changes = [Change(each.partition or {}, each.offset, None) for each in known]
        else:
            changes = difference(kind, known, wanted(client, kind, known))
        _print(changes)
        if dry_run:
            click.echo("Nothing was written: this is a dry run.")
        elif wanted is None:
            click.echo(client.reset_offsets(connector))
        elif changes:
            click.echo(client.alter_offsets(connector, entries(changes)))


def _print(changes: Sequence[Change]) -> None:
    if not changes:
        click.echo("No offset changes.")
        return
    rows = Rows("Partition", "Offset now", "Offset then")
    for each in changes:
        rows.add(place_text(each.partition), offset_text(each.before), offset_text(each.after))
    rows.print()


def _ensure_stopped(client: ConnectClient, connector: str, *, dry_run: bool, stop: bool) -> None:
    state = _state(client, connector)
    if state == "STOPPED":
        return
    if dry_run:
        click.echo(
            f"{connector} is {state}: its offsets may move on until it is stopped.", err=True
        )
        return
    if not stop:
        raise click.ClickException(
            f"{connector} is {state}, and offsets can only be changed while it is STOPPED. "
            "Add --stop to stop it; it stays stopped until it is resumed."
        )
    client.aim(connector, TargetState.STOPPED)
    deadline = time.monotonic() + STOP_SECONDS
    while (state := _state(client, connector)) != "STOPPED":
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"{connector} did not stop within {STOP_SECONDS:.0f} s; it is {state}. Nothing was "
                "written; try again when it is STOPPED."
            )
        time.sleep(_LOOK_AGAIN_SECONDS)
    click.echo(f"Stopped {connector}; it stays stopped until it is resumed.", err=True)


def _state(client: ConnectClient, connector: str) -> str:
    """A connector that is stopped while its tasks still end is STOPPING."""
    try:
        status = client.status(connector)
    except ClientError as error:
        if error.status == 404:  # not told yet by who runs it
            return "STARTING"
        raise
    state = status.connector.state
    return "STOPPING" if state == "STOPPED" and status.tasks else state
