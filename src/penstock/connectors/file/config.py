"""The settings of the file connectors."""

from __future__ import annotations

from typing import Annotated

from penstock.sdk.config import Config, Importance, Option, non_empty


class FileSourceConfig(Config):
    """Which file to follow, and where its lines go."""

    file: Annotated[
        str | None, Option("The file to read; without one, standard input.", Importance.HIGH)
    ] = None
    topic: Annotated[
        str, Option("The topic the lines are written to.", Importance.HIGH, check=non_empty)
    ]
    batch_size: Annotated[
        int, Option("The most lines that are read at one time.", Importance.LOW)
    ] = 2000


class FileSinkConfig(Config):
    """Which file to write to."""

    file: Annotated[
        str | None, Option("The file to append to; without one, standard output.", Importance.HIGH)
    ] = None
