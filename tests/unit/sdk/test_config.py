"""Settings declared as annotated attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk.config import (
    ClassRef,
    Config,
    ConfigDef,
    ConfigError,
    ConfigKey,
    ConfigType,
    Importance,
    Option,
    Password,
    Width,
    at_least,
    config_class,
    list_without_duplicates,
    one_of,
)
from penstock.sdk.transform import Transform


class BaseConfig(Config):
    file: Annotated[Path | None, Option("A file.", Importance.HIGH)] = None
    batch_size: Annotated[int, Option("Most lines.", check=at_least(1))] = 1000


class LinesConfig(BaseConfig):
    topic: Annotated[str, Option("A topic.", group="Main", display="Topic", width=Width.LONG)]
    secret: Annotated[Password | None, Option(group="Main")] = None
    factor: Annotated[float, Option()] = 1
    names: Annotated[tuple[str, ...], Option(check=list_without_duplicates())] = ("a",)
    kind: Annotated[type, Option(name="kind.class")] = dict
    follow: Annotated[bool, Option(group="Main", order=9)] = False
    size: Annotated[int, Option(type=ConfigType.SHORT)] = 3


def test_values_have_the_types_of_the_attributes() -> None:
    config = LinesConfig.parse(
        {
            "file": "/in.txt",
            "batch.size": " 5 ",
            "topic": "t",
            "secret": "s",
            "factor": "2.5",
            "names": "x, y,x",
            "kind.class": "collections.OrderedDict",
            "follow": "TRUE",
        }
    )
    assert config.file == Path("/in.txt")
    assert config.batch_size == 5
    assert config.secret == Password("s")
    assert config.factor == 2.5
    assert config.names == ("x", "y")
    assert config.kind.__name__ == "OrderedDict"
    assert config.follow is True


def test_defaults_stand_in_for_what_is_not_given() -> None:
    config = LinesConfig.parse({"topic": "t"})
    assert (config.file, config.batch_size, config.factor) == (None, 1000, 1.0)
    assert (config.names, config.kind) == (("a",), dict)


def test_plain_values_of_a_program_are_taken_as_their_texts() -> None:
    config = LinesConfig.parse({"topic": "t", "batch.size": 7, "follow": True, "names": ["q"]})
    assert (config.batch_size, config.follow, config.names) == (7, True, ("q",))
    assert config.properties == {"topic": "t", "batch.size": "7", "follow": "true", "names": "q"}


def test_a_setting_without_default_is_required() -> None:
    with pytest.raises(ConfigError) as error:
        LinesConfig.parse({})
    assert str(error.value) == 'Missing required configuration "topic" which has no default value.'


def test_a_check_names_value_and_setting() -> None:
    with pytest.raises(ConfigError) as error:
        LinesConfig.parse({"topic": "t", "batch.size": "0"})
    expected = "Invalid value 0 for configuration batch.size: Value must be at least 1"
    assert str(error.value) == expected


def test_settings_of_bases_come_first_and_orders_count_within_groups() -> None:
    definition = LinesConfig.definition()
    assert list(definition.keys)[:3] == ["file", "batch.size", "topic"]
    assert definition.groups == ["Main"]
    shown = [(key.name, key.order) for key in definition.keys.values() if key.group == "Main"]
    assert shown == [("topic", 1), ("secret", 2), ("follow", 9)]
    assert definition.keys["file"].order == -1


def test_a_wrong_default_is_found_when_the_class_is_used() -> None:
    class WrongConfig(Config):
        size: Annotated[int, Option(check=at_least(1))] = 0

    with pytest.raises(ConfigError, match="Value must be at least 1"):
        WrongConfig.definition()


def test_a_type_that_settings_cannot_have_is_named() -> None:
    class OddConfig(Config):
        odd: Annotated[complex, Option()]

    with pytest.raises(TypeError, match=r"OddConfig\.odd has a type that settings cannot have"):
        OddConfig.definition()


def test_knows_the_properties_below_a_prefix() -> None:
    config = Config.parse({"a.b": "1", "a.": "2", "c": "3"})
    assert config.with_prefix("a.") == {"b": "1"}


def test_settings_that_do_not_go_together_are_refused() -> None:
    class PairConfig(Config):
        low: Annotated[int, Option()] = 0
        high: Annotated[int, Option()] = 1

        def check_together(self) -> None:
            if self.low > self.high:
                raise ConfigError("low is above high")

    with pytest.raises(ConfigError, match="low is above high"):
        PairConfig.parse({"low": "2"})


def test_a_plugins_settings_are_found_by_its_generic_parameter() -> None:
    class Some(Transform[LinesConfig]):
        def apply(self, records: Any) -> Any:
            return records

    class Derived(Some):
        pass

    assert config_class(Derived) is LinesConfig
    assert config_class(dict) is Config


def test_passwords_are_never_shown() -> None:
    config = LinesConfig.parse({"topic": "t", "secret": "hunter2"})
    assert "hunter2" not in repr(config)
    assert "hunter2" not in f"{config.secret} {config.secret!r}"


class Evens:
    def valid_values(self, name: str, parsed: Any) -> list[Any]:
        return [2, 4]

    def visible(self, name: str, parsed: Any) -> bool:
        return parsed["on"] is True


DEPENDENT = ConfigDef(
    [
        ConfigKey("on", ConfigType.BOOLEAN, False, dependents=("n",)),
        ConfigKey("n", ConfigType.INT, 2, recommender=Evens()),
    ]
)


def test_validation_recommends_values_and_hides_what_does_not_matter() -> None:
    hidden = {found.name: found for found in DEPENDENT.validate({})}
    shown = {found.name: found for found in DEPENDENT.validate({"on": "true"})}
    assert (hidden["n"].visible, shown["n"].visible) == (False, True)
    assert shown["n"].recommended_values == [2, 4]


def test_dependents_have_to_be_defined() -> None:
    broken = ConfigDef([ConfigKey("a", ConfigType.INT, 1, dependents=("b",))])
    with pytest.raises(ConfigError, match="referred in the dependents, but not defined: b"):
        broken.parse({})
    (_, missing) = broken.validate({})
    assert missing.errors == ["b is referred in the dependents, but not defined."]
    assert not missing.visible


def test_a_setting_cannot_be_defined_twice() -> None:
    with pytest.raises(ConfigError, match="Configuration n is defined twice"):
        DEPENDENT.copy().define(ConfigKey("n", ConfigType.INT))


def test_embedded_settings_are_checked_by_their_own_names() -> None:
    inner = ConfigDef([ConfigKey("mode", ConfigType.STRING, check=one_of("a"))])
    outer = ConfigDef()
    outer.embed("x.y.", "X: y", 2, inner)
    assert outer.keys["x.y.mode"].group == "X: y"
    (found,) = outer.validate({"x.y.mode": "b"})
    assert found.errors == ["Invalid value b for configuration mode: String must be one of: a"]


def test_validation_reports_both_a_wrong_text_and_the_value_it_leaves() -> None:
    definition = ConfigDef([ConfigKey("n", ConfigType.INT, check=at_least(1))])
    (found,) = definition.validate({"n": "x"})
    assert found.errors == [
        "Invalid value x for configuration n: Not a number of type INT",
        "Invalid value null for configuration n: Value must be non-null",
    ]


@given(st.integers(-(2**70), 2**70), st.sampled_from([("SHORT", 16), ("INT", 32), ("LONG", 64)]))
def test_integers_are_taken_up_to_the_limits_of_their_type(n: int, kind: tuple[str, int]) -> None:
    name, bits = kind
    if -(2 ** (bits - 1)) <= n < 2 ** (bits - 1):
        assert ConfigDef.parse_type("n", str(n), ConfigType[name]) == n
    else:
        with pytest.raises(ConfigError, match=f"Not a number of type {name}"):
            ConfigDef.parse_type("n", str(n), ConfigType[name])


@given(st.lists(st.text("abc. -", min_size=1).filter(lambda t: t == t.strip()), min_size=1))
def test_lists_are_read_back_as_written(entries: list[str]) -> None:
    text = ConfigDef.to_text(entries, ConfigType.LIST)
    assert ConfigDef.parse_type("n", text, ConfigType.LIST) == entries


def test_a_class_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError) as error:
        ConfigDef.parse_type("c", "no.such.Class", ConfigType.CLASS)
    assert str(error.value) == (
        "Invalid value no.such.Class for configuration c: Class no.such.Class could not be found."
    )
    assert ConfigDef.parse_type("c", "pathlib:Path", ConfigType.CLASS) == ClassRef("pathlib:Path")
