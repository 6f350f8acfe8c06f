"""How a Java program of Kafka is called, where it logs, and what it complained about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

SMALL = ("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xshare:auto")
QUICK = ("-XX:TieredStopAtLevel=1",)
"""Starts sooner and needs less memory; leave it out where throughput is measured."""

LOGGING = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {name}.log
appender.file.filePattern = {name}.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %m (%c)%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""

COMPLAINT = re.compile(r"^.* (?:ERROR|FATAL) .*$|^.*\b\w*(?:Exception|Error)\b.*$", re.MULTILINE)
THROWN = re.compile(r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): (.+)$", re.MULTILINE)


def log_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def output_file(folder: Path, name: str) -> Path:
    """What the Java runtime itself prints; nearly always nothing."""
    return folder / f"{name}.out"


def command(
    java: Path,
    options: Sequence[str],
    jars: Sequence[Path],
    main: Sequence[str],
    *,
    folder: Path,
    name: str,
) -> list[str]:
    """The command line, to be run in `folder`; its log, at most 20 MB, starts anew."""
    log_file(folder, name).unlink(missing_ok=True)
    logging = f"{name}.log4j2.properties"
    (folder / logging).write_text(LOGGING.format(name=name), "utf-8")
    return [
        str(java),
        *options,
        f"-Dlog4j2.configurationFile={logging}",
        "-Dlog4j2.disableJmx=true",
        "-cp",
        ":".join(map(str, jars)),
        *main,
    ]


def logged(folder: Path, name: str, text: str) -> bool:
    log = log_file(folder, name)
    return log.exists() and text in log.read_text("utf-8", errors="replace")


def complaint(folder: Path, name: str) -> str | None:
    """What the program said before it ended: the first exception, or the first error."""
    for path in (log_file(folder, name), output_file(folder, name)):
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        if first := COMPLAINT.search(text):
            thrown = THROWN.search(text)
            return thrown[1] if thrown else first[0].strip()
    return None
