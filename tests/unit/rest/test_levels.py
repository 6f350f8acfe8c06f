"""Logger levels as the admin API sets and shows them."""

from __future__ import annotations

import logging
import uuid

import pytest

from penstock.observability.levels import LoggerLevels, is_level, level_name


@pytest.fixture
def prefix() -> str:
    """Names of loggers live as long as the process."""
    return f"levels-{uuid.uuid4()}"


def test_a_level_concerns_every_logger_that_starts_with_the_name(prefix: str):
    for name in (".a", ".a.b", ".ab", ".c"):
        logging.getLogger(prefix + name)
    levels = LoggerLevels(lambda: 1.5)
    assert levels.set(prefix + ".a", "debug") == [prefix + n for n in (".a", ".a.b", ".ab")]
    shown = levels.all()
    assert shown[prefix + ".ab"].level == "DEBUG"
    assert shown[prefix + ".ab"].last_modified == 1500
    assert shown[prefix + ".c"].last_modified is None


def test_a_logger_is_made_when_its_level_is_set_and_not_when_it_is_asked_for(prefix: str):
    levels = LoggerLevels()
    assert levels.one(prefix) is None
    assert levels.set(prefix, "TRACE") == [prefix]
    shown = levels.one(prefix)
    assert shown is not None
    assert shown.level == "TRACE"


def test_the_root_logger_is_found_whatever_the_case_of_its_name():
    levels = LoggerLevels()
    assert levels.one("ROOT") == levels.one("root") is not None
    assert levels.one("Roots") is None


def test_setting_the_level_in_effect_is_no_change(prefix: str):
    levels = LoggerLevels()
    levels.set(prefix, "ERROR")
    before = levels.one(prefix)
    assert levels.set(prefix, "error") == []
    assert levels.one(prefix) == before


def test_only_loggers_whose_level_changes_are_named(prefix: str):
    levels = LoggerLevels()
    levels.set(prefix + ".a", "DEBUG")
    levels.set(prefix + ".b", "INFO")
    assert levels.set(prefix + ".", "DEBUG") == [prefix + ".", prefix + ".b"]


@pytest.mark.parametrize("name", ["OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"])
def test_every_level_is_shown_as_it_was_set(prefix: str, name: str):
    levels = LoggerLevels()
    levels.set(prefix, name.lower())
    shown = levels.one(prefix)
    assert shown is not None
    assert shown.level == name


def test_other_texts_are_no_levels():
    assert is_level(" Info ")
    assert not is_level("loud")
    assert level_name(35) == "WARN"
