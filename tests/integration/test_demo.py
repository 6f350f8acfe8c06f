"""The first experience: the demo, from the source tree and from an installed wheel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.integration.workers import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.xdist_group("demo"),  # each takes the usual ports if they are free
]

ROOT = Path(__file__).parents[2]


def demo(*arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "penstock", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"COLUMNS": "200"},
    )


def test_the_demo_shows_lines_in_the_topic_and_in_the_output_file() -> None:
    ended = demo()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '{"schema": {"type": "string", "optional": false}, "payload": "Hello, Kafka."}' in (
        ended.stdout
    )
    assert "test.sink.txt  Hello, Kafka." in ended.stdout
    assert "REST at http://localhost:" in ended.stdout
    assert "What to try next" in ended.stdout


def test_a_kept_demo_runs_until_it_is_interrupted_and_leaves_no_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "penstock", "demo", "--keep", "--dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            for line in running.stdout:
                if "Running until Ctrl-C" in line:
                    break
            assert (tmp_path / "test.sink.txt").read_text().startswith("Hello, Kafka.\n")
            time.sleep(0.2)
            running.send_signal(signal.SIGINT)
            assert running.wait(100) == 0
            assert "Everything is stopped" in running.stdout.read()
        finally:
            running.kill()
    wait_until(lambda: processes_of(tmp_path) == "", what=lambda: processes_of(tmp_path))


def processes_of(folder: Path) -> str:
    found = subprocess.run(["pgrep", "-af", str(folder)], capture_output=True, text=True)
    return found.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_wheel_in_an_empty_environment_runs_the_demo(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "penstock/quickstart/connect-standalone.properties" in names
    assert "penstock/py.typed" in names
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", f"penstock[broker] @ {wheel.as_uri()}"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    ended = demo(python=python)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "test.sink.txt  Hello, Kafka." in ended.stdout
