"""`penstock distributed`, also installed as `connect-distributed`."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import click

from penstock.cli.standalone import log_to_stdout

USAGE = "Usage: ConnectDistributed worker.properties"


@click.command(epilog="Example: penstock distributed worker.properties")
@click.argument("worker", type=click.Path(path_type=Path), metavar="WORKER.properties")
@click.argument("ignored", nargs=-1, metavar="")
def distributed(worker: Path, ignored: tuple[str, ...]) -> None:
    """Run one of the workers of a group.

    The file is that of Kafka Connect, and so are the topics and the protocol: Java workers may be
    in the same group. Connectors are created over REST, which listens where `listeners` says (port
    8083). SIGTERM or Ctrl-C stops it in order; exit status 1 says that it could not start.
    """
    run(worker)


def run(worker: Path) -> None:
    """Work until a signal comes. Ends the process when the worker cannot start."""
    gc.disable()  # what is imported stays; the worker enables it when it listens
    log_to_stdout()
    from penstock.composition import StartError, leave, read_worker_properties
    from penstock.distributed import DistributedWorker

    try:
        asyncio.run(DistributedWorker(read_worker_properties(worker)).run())
    except StartError as error:
        click.echo(f"Error: {error}", err=True)
        leave(1)
        sys.exit(1)
    leave(0)


def connect_distributed() -> None:
    """The same under the name and with the usage line of Kafka's own script."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["-daemon"]:
        arguments = arguments[1:]
    if not arguments or "--help" in arguments:
        click.echo(USAGE, err=True)
        sys.exit(1)
    run(Path(arguments[0]))
