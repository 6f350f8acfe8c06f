"""Header values as plain text; reading guesses what a text means."""

from __future__ import annotations

import logging
from typing import Any

from penstock.sdk.config import Config
from penstock.sdk.converter import HeaderConverter
from penstock.sdk.errors import DataError
from penstock.sdk.java_utf8 import decode_utf8, encode_utf8
from penstock.sdk.schema import BYTES, Schema
from penstock.sdk.values import convert_to_string, parse_string

log = logging.getLogger(__name__)


class SimpleHeaderConverter(HeaderConverter[Config]):
    """`42` is an INT8, `[1,2]` an array, `2024-01-01` a Date, most else a string."""

    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        text = convert_to_string(schema, value)
        return None if text is None else encode_utf8(text)

    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        if payload is None:
            return None, None
        try:
            return parse_string(decode_utf8(payload))
        except LookupError as error:  # the parser ran out of text
            message = f"Failed to deserialize value for header '{key}' on topic '{topic}'"
            raise DataError(message) from error
        except Exception as error:
            reason = type(error).__name__
            log.warning("The header %r on topic %s is handed on as bytes: %s", key, topic, reason)
            return BYTES, payload
