"""`penstock demo`: a file through real Kafka into a file, while you watch."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console

from penstock.broker import BrokerError, LocalKafka
from penstock.broker.ports import check_free, free_ports
from penstock.cli.broker import download_bar
from penstock.kafka.reader import TopicReader

FILES = ("connect-standalone", "connect-file-source", "connect-file-sink")
LINES = (
    "Hello, Kafka.",
    "This line was appended to test.txt.",
    "The source connector sent it to the topic connect-test,",
    "and the sink connector wrote it to test.sink.txt.",
    "Every one of them arrives at least once.",
)
PATIENCE_SECONDS = 30.0


@click.command(epilog="Example: penstock demo --keep --dir /tmp/penstock-demo")
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Work here and leave the files; by default in a folder that is removed.",
)
def demo(keep: bool, folder: Path | None) -> None:
    """Start a real Kafka and a worker, and send a file through them into another file."""
    console = Console(highlight=False)
    with contextlib.ExitStack() as resources:
        if folder is None:
            folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="penstock-")))
        folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _show(console, folder, keep, resources)
        except KeyboardInterrupt:
            console.print("\nStopping …")
        except (BrokerError, DemoFailed) as error:
            resources.close()
            raise click.ClickException(str(error)) from error
    console.print("[green]Everything is stopped.[/green]")


class DemoFailed(Exception):
    """Something the demo waited for did not come."""


def _show(console: Console, folder: Path, keep: bool, resources: contextlib.ExitStack) -> None:
    began = time.monotonic()
    kafka = resources.enter_context(_kafka(folder))
    _step(console, began, f"Apache Kafka is ready at {kafka.bootstrap_servers}")
    rest = resources.enter_context(_worker(folder, kafka.bootstrap_servers))
    _step(console, began, f"A worker with a file source and a file sink; REST at {rest}")
    with TopicReader(kafka.bootstrap_servers, "connect-test") as topic:
        _send_lines(console, folder, topic)
    _step(console, began, "Every line arrived")
    _what_next(console, kafka.bootstrap_servers, rest, folder, keep)
    if keep:
        console.print("\nRunning until Ctrl-C.")
        signal.pause()


def _step(console: Console, began: float, text: str) -> None:
    console.print(f"[green]✓[/green] {text} [dim]({time.monotonic() - began:.1f} s)[/dim]")


@contextlib.contextmanager
def _kafka(folder: Path) -> Generator[LocalKafka]:
    """A broker on Kafka's usual port if that is free."""
    with download_bar() as progress:
        kafka = _started(folder / "kafka", progress)
    try:
        yield kafka
    finally:
        kafka.stop()


def _started(folder: Path, progress: Callable[[int, int], None]) -> LocalKafka:
    """On another port if somebody took the usual one in the last moment."""
    if _is_free(9092):
        with contextlib.suppress(BrokerError):
            return LocalKafka(folder, 9092, progress=progress).start()
    return LocalKafka(folder, progress=progress).start()


@contextlib.contextmanager
def _worker(folder: Path, bootstrap_servers: str) -> Generator[str]:
    """`penstock standalone` on the quickstart files; its REST address."""
    port = 8083 if _is_free(8083) else free_ports(1)[0]
    paths = _quickstart(folder, bootstrap_servers, port)
    (folder / "test.txt").touch()
    log = folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "penstock", "standalone", *map(str, paths)],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; the worker is stopped in order
        )
    try:
        _await_health(process, port, log)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _quickstart(folder: Path, bootstrap_servers: str, port: int) -> list[Path]:
    """Copies of the quickstart files, changed only where a usual port was taken."""
    paths: list[Path] = []
    for name in FILES:
        text = (files("penstock") / "quickstart" / f"{name}.properties").read_text("utf-8")
        path = folder / f"{name}.properties"
        path.write_text(text.replace("localhost:9092", bootstrap_servers), "utf-8")
        paths.append(path)
    if port != 8083:
        with paths[0].open("a", encoding="utf-8") as worker:
            worker.write(f"\n# Port 8083 was taken.\nlisteners=http://localhost:{port}\n")
    return paths


def _await_health(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("localhost", port, timeout=1)
            with contextlib.closing(connection):
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
        time.sleep(0.05)
    tail = log.read_text("utf-8", "replace")[-2000:]
    raise DemoFailed(f"The worker did not become healthy. The end of its log:\n{tail}")


def _send_lines(console: Console, folder: Path, topic: TopicReader) -> None:
    sink = folder / "test.sink.txt"
    seen = sink.read_text("utf-8").count("\n") if sink.exists() else 0
    for number, line in enumerate(LINES, start=1):
        with (folder / "test.txt").open("a", encoding="utf-8") as source:
            source.write(line + "\n")
        if number == 1:
            topic.wait_for_topic(PATIENCE_SECONDS)
        found = topic.read(1, PATIENCE_SECONDS)
        if not found:
            raise DemoFailed(f"Line {number} did not arrive in the topic connect-test.")
        console.print(f"\n  [bold]test.txt[/bold]       {line}")
        console.print(f"  [bold]connect-test[/bold]   {_text(found[0][1])}", soft_wrap=True)
        console.print(f"  [bold]test.sink.txt[/bold]  {_awaited_line(sink, seen + number)}")
    console.print()


def _text(value: bytes | None) -> str:
    return "null" if value is None else json.dumps(json.loads(value), ensure_ascii=False)


def _awaited_line(path: Path, number: int) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        if len(lines) >= number:
            return lines[number - 1]
        time.sleep(0.01)
    raise DemoFailed(f"Line {number} did not arrive in {path}.")


def _what_next(console: Console, kafka: str, rest: str, folder: Path, keep: bool) -> None:
    console.print("[bold]What to try next[/bold]")
    if keep:
        console.print(f"  echo 'one more' >> {folder}/test.txt; cat {folder}/test.sink.txt")
        console.print(f"  curl {rest}/connectors/local-file-source/status")
        console.print(f"  a client of your own on {kafka}, topic connect-test")
        return
    console.print("  penstock demo --keep --dir demo    leave it running and look around")
    console.print("  penstock broker                    a real Kafka on localhost:9092")
    console.print("  penstock standalone WORKER.properties CONNECTOR.properties")


def _is_free(port: int) -> bool:
    try:
        check_free(port)
    except BrokerError:
        return False
    return True
