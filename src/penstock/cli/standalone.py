"""`penstock standalone`, also installed as `connect-standalone`."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import signal
import sys
from pathlib import Path

import click

from penstock.observability.logging_context import FORMAT, ContextFilter, HidingFormatter

USAGE = "Usage: ConnectStandalone worker.properties [connector1.properties connector2.json ...]"


@click.command(epilog="Example: penstock standalone worker.properties source.properties sink.json")
@click.argument("worker", type=click.Path(path_type=Path), metavar="WORKER.properties")
@click.argument(
    "connectors",
    nargs=-1,
    type=click.Path(path_type=Path),
    metavar="[CONNECTOR.properties|CONNECTOR.json]...",
)
def standalone(worker: Path, connectors: tuple[Path, ...]) -> None:
    """Run a worker on its own, with the connectors of these files.

    The files are those of Kafka Connect. REST listens where `listeners` says (port 8083). SIGTERM
    or Ctrl-C stops it in order; exit status 1 says that it could not start.
    """
    run(worker, connectors)


def run(worker: Path, connectors: tuple[Path, ...]) -> None:
    """Work until a signal comes. Ends the process when the worker cannot start."""
    gc.disable()  # what is imported stays; the worker enables it when it listens
    log_to_stdout()
    from penstock.worker import (
        StandaloneWorker,
        StartError,
        leave,
        read_connector,
        read_worker_properties,
    )

    try:
        properties = read_worker_properties(worker)
        given = [read_connector(path) for path in connectors]
        asyncio.run(StandaloneWorker(properties, given).run())
    except StartError as error:
        click.echo(f"Error: {error}", err=True)
        leave(1)
        sys.exit(1)
    leave(0)


def connect_standalone() -> None:
    """The same under the name and with the usage line of Kafka's own script."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["-daemon"]:
        arguments = arguments[1:]
    if not arguments or "--help" in arguments:
        click.echo(USAGE, err=True)
        sys.exit(1)
    run(Path(arguments[0]), tuple(map(Path, arguments[1:])))


def log_to_stdout() -> None:
    """Logs of a worker; SIGQUIT shows where every thread is, as with Java."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(HidingFormatter(FORMAT))
    handler.addFilter(ContextFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    faulthandler.register(signal.SIGQUIT, all_threads=True)
