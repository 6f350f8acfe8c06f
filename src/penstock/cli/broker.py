"""`penstock broker`: a real single-node Apache Kafka in the foreground."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from penstock.broker import BrokerError, LocalKafka
from penstock.broker.jars import Progress as Report


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Keep the data here.")
@click.option("--port", type=click.IntRange(1, 65535), default=9092, show_default=True)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A broker setting.")
@click.option("--heap-mb", type=click.IntRange(64), default=256, show_default=True)
@click.option("--secure", is_flag=True, help="Listen with TLS and passwords, too.")
@click.option(
    "--faulty", is_flag=True, help="Like --secure; also with an expired and a misnamed certificate."
)
def broker(
    folder: Path | None,
    port: int,
    pairs: tuple[str, ...],
    heap_mb: int,
    secure: bool,
    faulty: bool,
) -> None:
    """Run a real single-node Apache Kafka here, until Ctrl-C.

    Without --dir, its data is thrown away at the end. Secured listeners take the ports after
    --port; what clients need to reach the first of them is printed.
    """
    settings = dict(map(_setting, pairs))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as started:
            with download_bar() as report:
                local = LocalKafka(
                    folder,
                    port,
                    settings=settings,
                    heap_mb=heap_mb,
                    progress=report,
                    secure=secure,
                    faulty=faulty,
                )
                kafka = started.enter_context(local)
            _announce(kafka)
            announce_secured(kafka)
            status = kafka.wait()
            raise click.ClickException(f"Kafka ended by itself (exit code {status}).")
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _setting(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"'{pair}' is not KEY=VALUE.", param_hint="--set")
    return key.strip(), value.strip()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _announce(kafka: LocalKafka) -> None:
    click.echo(f"Apache Kafka listens on {kafka.bootstrap_servers}; data and logs: {kafka.folder}")
    click.echo(f"Connect with bootstrap.servers={kafka.bootstrap_servers}; Ctrl-C stops it.")


def announce_secured(kafka: LocalKafka) -> None:
    """Say where the secured listeners are, and what a client is told to reach the first."""
    if not kafka.secured:
        return
    listed = ", ".join(f"{name} {address}" for name, address in kafka.secured.items())
    click.echo(f"Secured: {listed}; certificates and key stores: {kafka.tls} (password changeit).")
    click.echo("A client of the first needs these properties:\n")
    for name, value in kafka.client_properties().items():
        click.echo(f"{name}={value}")


@contextmanager
def download_bar() -> Generator[Report]:
    """A progress bar on standard error, which appears with the first byte of a download."""
    columns = TextColumn("Downloading Apache Kafka (once)"), BarColumn(), DownloadColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("")

    def report(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)
        if done == total:
            bar.stop()

    try:
        yield report
    finally:
        bar.stop()
