"""The recorded cases that Python cannot express, each with its reason. Fewer than 1 % of all.

A case is only counted as excepted when it really differs.
"""

from __future__ import annotations

import enum


class Reason(enum.Enum):
    """Why a case cannot be the same in Python."""

    DATE_RANGE = "Python's datetime ends in the year 9999 and starts in the year 1."
    IDENTITY = "Java compares byte arrays inside lists and maps by identity; bytes are equal."


EXCEPTIONS: dict[tuple[str, str], Reason] = {
    ("schema", "equals-038"): Reason.IDENTITY,
    ("header-converter", "parse-223"): Reason.DATE_RANGE,
    ("header-converter", "convert-703"): Reason.DATE_RANGE,
    ("header-converter", "convert-724"): Reason.DATE_RANGE,
    ("header-converter", "convert-726"): Reason.DATE_RANGE,
    ("header-converter", "convert-763"): Reason.DATE_RANGE,
    ("header-converter", "convert-764"): Reason.DATE_RANGE,
    ("header-converter", "convert-794"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-036"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-038"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-042"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-066"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-069"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-077"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-078"): Reason.DATE_RANGE,
    ("transforms", "timestampconverter-129"): Reason.DATE_RANGE,
}
