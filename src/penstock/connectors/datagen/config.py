"""The settings of the datagen source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from penstock.connectors.datagen.quickstarts import QUICKSTARTS
from penstock.sdk.checks import optional
from penstock.sdk.config import Config, Importance, Option, at_least, non_empty, one_of
from penstock.sdk.errors import ConfigError

_SCHEMAS: Final = ("quickstart", "schema.string", "schema.filename")


class DatagenConfig(Config):
    """What records look like, how many there are, and how fast they come."""

    kafka_topic: Annotated[
        str, Option("The topic the records are written to.", Importance.HIGH, check=non_empty)
    ]
    quickstart: Annotated[
        str | None,
        Option(
            "A schema that comes with the connector.",
            Importance.HIGH,
            check=optional(one_of(*sorted(QUICKSTARTS))),
        ),
    ] = None
    schema_string: Annotated[
        str | None,
        Option("The schema, as Avro writes it in JSON, with `arg.properties`.", Importance.HIGH),
    ] = None
    schema_filename: Annotated[
        str | None, Option("A file that holds such a schema.", Importance.HIGH)
    ] = None
    schema_keyfield: Annotated[
        str | None,
        Option("The field that is the key, too; without one, keys are null.", Importance.HIGH),
    ] = None
    max_interval: Annotated[
        int,
        Option(
            "The most milliseconds between two records; 0: as fast as possible.",
            Importance.HIGH,
            check=at_least(0),
        ),
    ] = 500
    iterations: Annotated[
        int,
        Option("How many records each task makes in all; below 1, no end.", Importance.HIGH),
    ] = -1
    random_seed: Annotated[
        int | None,
        Option(
            "Tasks with the same seed, number and schema make the same records; without one, each "
            "task draws its own when it first starts.",
            Importance.LOW,
        ),
    ] = None
    records_per_poll: Annotated[
        int,
        Option(
            "The most records of one poll, where `max.interval` is 0.",
            Importance.LOW,
            check=at_least(1),
        ),
    ] = 1000

    def check_together(self) -> None:
        given = [name for name in _SCHEMAS if self.properties.get(name)]
        if len(given) != 1:
            raise ConfigError(
                f"Exactly one of {', '.join(_SCHEMAS)} must be set, not {' and '.join(given)}."
                if given
                else f"One of {', '.join(_SCHEMAS)} must be set."
            )

    def schema_text(self) -> str:
        """The schema that was chosen. Raises `ConfigError` if its file cannot be read."""
        if self.quickstart:
            return QUICKSTARTS[self.quickstart]
        if self.schema_string:
            return self.schema_string
        path = self.schema_filename or ""
        try:
            return Path(path).read_text("utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigError.invalid(
                "schema.filename", path, f"The file cannot be read: {error}"
            ) from error
