from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from penstock.converters.json import JsonConverter
from penstock.sdk.converter import Role
from penstock.sdk.errors import ConfigError, DataError
from penstock.sdk.logical import TIMESTAMP, decimal_schema
from penstock.sdk.numbers import Float32, Int8
from penstock.sdk.schema import (
    FLOAT32,
    FLOAT64,
    INT8,
    INT32,
    INT64,
    OPTIONAL_STRING,
    STRING,
    Schema,
    Type,
)
from penstock.sdk.struct import Struct
from tests.unit.converters.making import make

TOPIC = "t"
PERSON = Schema(Type.STRUCT, fields=[("id", INT32), ("name", OPTIONAL_STRING)])
PERSON_TEXT = (
    b'{"type":"struct","fields":[{"type":"int32","optional":false,"field":"id"},'
    b'{"type":"string","optional":true,"field":"name"}],"optional":false}'
)


def bare(**options: str) -> JsonConverter:
    return make(JsonConverter, Role.VALUE, schemas_enable="false", **options)


def enveloping() -> JsonConverter:
    return make(JsonConverter)


def envelope(payload: bytes, schema: bytes = PERSON_TEXT) -> bytes:
    return b'{"schema":' + schema + b',"payload":' + payload + b"}"


def test_writes_the_schema_beside_the_value() -> None:
    written = enveloping().encode(TOPIC, PERSON, [{"id": 1, "name": "é"}, {"id": 2}])
    assert written == [
        envelope('{"id":1,"name":"é"}'.encode()),
        envelope(b'{"id":2,"name":null}'),
    ]


def test_writes_fields_in_the_order_of_the_schema() -> None:
    assert bare().encode(TOPIC, PERSON, [{"name": "x", "id": 1}]) == [b'{"id":1,"name":"x"}']


def test_writes_null_without_schema_as_a_tombstone() -> None:
    assert enveloping().encode(TOPIC, None, [None, 1, None]) == [
        None,
        b'{"schema":null,"payload":1}',
        None,
    ]
    assert bare().encode(TOPIC, None, [{"a": 1}, None]) == [b'{"a":1}', None]


def test_writes_optional_null_as_null() -> None:
    assert bare().encode(TOPIC, OPTIONAL_STRING, [None]) == [b"null"]


def test_refuses_null_where_a_value_is_required() -> None:
    with pytest.raises(DataError, match="null value for field that is required"):
        bare().encode(TOPIC, PERSON, [{"id": 1}, {"id": None}])


def test_writes_the_default_for_null_unless_told_otherwise() -> None:
    schema = Schema(Type.STRUCT, fields=[("a", INT32.changed(optional=True, default=5))])
    assert bare().encode(TOPIC, schema, [{"a": None}, {}]) == [b'{"a":5}', b'{"a":5}']
    keeping = bare(replace_null_with_default="false")
    assert keeping.encode(TOPIC, schema, [{"a": None}]) == [b'{"a":null}']


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e10, b"1.0E10"),
        (1e7, b"1.0E7"),
        (9999999.0, b"9999999.0"),
        (0.0005, b"5.0E-4"),
        (0.001, b"0.001"),
        (0.0, b"0.0"),
        (-0.0, b"-0.0"),
        (float("nan"), b'"NaN"'),
        (float("-inf"), b'"-Infinity"'),
    ],
)
def test_writes_doubles_as_java_prints_them(number: float, text: bytes) -> None:
    schema = Schema(Type.STRUCT, fields=[("d", FLOAT64)])
    assert bare().encode(TOPIC, FLOAT64, [number]) == [text]
    assert bare().encode(TOPIC, None, [number]) == [text]
    assert bare().encode(TOPIC, None, [{"d": number}]) == [b'{"d":' + text + b"}"]
    assert bare().encode(TOPIC, schema, [{"d": 1.5}, {"d": number}])[1] == b'{"d":' + text + b"}"


def test_writes_singles_with_as_few_digits_as_tell_them() -> None:
    assert bare().encode(TOPIC, FLOAT32, [0.1]) == [b"0.1"]
    assert bare().encode(TOPIC, None, [Float32(0.10000000149011612)]) == [b"0.1"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x1f\x0b\b", rb'"\u001F\u000B\b"'),
        ("\\u001f", rb'"\\u001f"'),
        ("\\\x1f", rb'"\\\u001F"'),
        ("😀", rb'"\uD83D\uDE00"'),
        ("a\ud83d", rb'"a\uD83D"'),
        ("é/\u2028\x7f", '"é/\u2028\x7f"'.encode()),
    ],
)
def test_escapes_characters_as_jackson_does(text: str, written: bytes) -> None:
    assert bare().encode(TOPIC, STRING, [text]) == [written]
    assert bare().encode(TOPIC, None, [{text: text}]) == [b"{" + written + b":" + written + b"}"]
    schema = Schema(Type.STRUCT, fields=[("s", STRING)])
    assert bare().encode(TOPIC, schema, [{"s": text}]) == [b'{"s":' + written + b"}"]


def test_writes_maps_with_other_keys_as_pairs() -> None:
    assert bare().encode(TOPIC, None, [{1: "a"}, {"b": 2}]) == [b'[[1,"a"]]', b'{"b":2}']


def test_writes_decimals_as_bytes_or_as_numbers() -> None:
    schema = decimal_schema(2)
    assert bare().encode(TOPIC, schema, [Decimal("123.45")]) == [b'"MDk="']
    numeric = bare(decimal_format="numeric")
    assert numeric.encode(TOPIC, schema, [Decimal("123.40")]) == [b"123.40"]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (INT8, 300, "Invalid type for INT8"),
        (INT32, True, "Invalid type for INT32"),
        (FLOAT64, 1, "Invalid type for FLOAT64"),
        (PERSON, {"id": "1"}, "Invalid type for INT32"),
        (PERSON, {"id": 1, "age": 3}, "has a field 'age' that"),
        (PERSON, [1], "Invalid type for STRUCT"),
        (PERSON, Struct(PERSON.as_optional(), {"id": 1}), "Mismatching schema"),
        (None, Decimal(1), "does not have corresponding schema type"),
        (None, 2**63, "does not have corresponding schema type"),
        (None, {"a": [{"b": Struct(PERSON)}]}, "Mismatching schema"),
    ],
)
def test_refuses_values_that_do_not_fit(schema: Schema | None, value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        bare().encode(TOPIC, schema, [value])


def test_reads_what_stands_in_an_envelope() -> None:
    converter = enveloping()
    for _ in range(2):  # the second time, the start of the text is known
        assert converter.decode(TOPIC, [envelope(b'{"id":1,"name":"x"}')]) == [
            (PERSON, {"id": 1, "name": "x"})
        ]


def test_reads_envelopes_of_several_schemas_in_turn() -> None:
    converter = enveloping()
    batch = [envelope(b'{"id":1}'), envelope(b"7", b'{"type":"int64"}'), None] * 3
    read = [(PERSON, {"id": 1, "name": None}), (INT64, 7), (None, None)] * 3
    assert converter.decode(TOPIC, batch) == read
    assert converter.decode(TOPIC, batch) == read


def test_reads_an_envelope_in_any_order_and_with_any_space() -> None:
    converter = enveloping()
    schema = b'{"type":"int64"}'
    one = b'{"payload":5, "schema":' + schema + b"}"
    other = b' {"schema" : ' + schema + b' , "payload" : 6 }'
    assert converter.decode(TOPIC, [one, other, one, other]) == [(INT64, 5), (INT64, 6)] * 2


def test_a_known_start_does_not_hide_what_follows() -> None:
    converter = enveloping()
    schema = b'{"type":"int64"}'
    converter.decode(TOPIC, [envelope(b"1", schema)])
    assert converter.decode(TOPIC, [envelope(b'1,"payload":2', schema)]) == [(INT64, 2)]
    assert converter.decode(TOPIC, [envelope(b"1", schema) + b" }"]) == [(INT64, 1)]
    with pytest.raises(DataError, match='requires "schema" and "payload"'):
        converter.decode(TOPIC, [envelope(b'1,"x":2', schema)])
    with pytest.raises(DataError, match="due to serialization error"):
        converter.decode(TOPIC, [envelope(b"1", schema)[:-1] + b"]"])


def test_refuses_a_message_that_is_no_envelope() -> None:
    for message in (b"", b"1", b'{"schema":null}', b'{"payload":1,"x":2}'):
        with pytest.raises(DataError, match='requires "schema" and "payload"'):
            enveloping().decode(TOPIC, [message])


def test_missing_members_are_null_or_the_default_and_others_are_ignored() -> None:
    schema = (
        b'{"type":"struct","fields":[{"type":"int32","optional":true,"field":"a"},'
        b'{"type":"int32","default":5,"field":"b"}]}'
    )
    payloads = [envelope(text, schema) for text in (b'{"z":1}', b'{"a":1,"b":2}', b'{"b":null}')]
    read = [value for _, value in enveloping().decode(TOPIC, payloads)]
    assert read == [{"a": None, "b": 5}, {"a": 1, "b": 2}, {"a": None, "b": 5}]


def test_wrong_scalars_are_forgiven_and_wide_numbers_cut() -> None:
    def read(kind: str, payload: bytes) -> Any:
        text = envelope(payload, b'{"type":"' + kind.encode() + b'"}')
        return enveloping().decode(TOPIC, [text])[0][1]

    assert read("int8", b"300") == 44
    assert read("int32", b'"x"') == 0
    assert read("int64", b"1.9") == 1
    assert read("boolean", b"1") is False
    assert read("string", b"1") is None
    assert read("float", b"0.1") == 0.10000000149011612
    assert str(read("double", b"-0.0")) == "0.0"


def test_numbers_halfway_between_two_singles_are_rounded_once() -> None:
    text = envelope(b"1.00000005960464477540", b'{"type":"float"}')
    assert enveloping().decode(TOPIC, [text])[0][1] == 1.0000001192092896


def test_numeric_decimals_keep_the_digits_of_the_text() -> None:
    name = b"org.apache.kafka.connect.data.Decimal"
    schema = b'{"type":"bytes","name":"' + name + b'","parameters":{"scale":"2"}}'
    read = enveloping().decode(TOPIC, [envelope(b"1.500", schema), envelope(b'"MDk="', schema)])
    assert [str(value) for _, value in read] == ["1.500", "123.45"]


def test_reads_without_schema() -> None:
    read = bare().decode(TOPIC, [b'{"a":[1,1.5,true,null,"x"]}', b"", None, b"-0.0"])
    assert read == [(None, {"a": [1, 1.5, True, None, "x"]}), (None, None), (None, None), (None, 0)]
    assert str(read[3][1]) == "0.0"


def test_integers_without_schema_keep_their_low_64_bits() -> None:
    read = bare().decode(TOPIC, [b'{"n":9223372036854775808}', b"9223372036854775807"])
    assert [value for _, value in read] == [{"n": -(2**63)}, 2**63 - 1]


def test_a_fixed_schema_makes_each_message_a_bare_value() -> None:
    converter = make(JsonConverter, schema_content='{"type":"int32"}')
    assert converter.decode(TOPIC, [b"1", None, b"1.5"]) == [(INT32, 1), (None, None), (INT32, 1)]


def test_a_fixed_schema_that_is_wrong_is_refused_at_once() -> None:
    with pytest.raises(DataError, match="Failed to parse schema in converter config"):
        make(JsonConverter, schema_content="{bad")
    with pytest.raises(DataError, match="Unknown schema type: nope"):
        make(JsonConverter, schema_content='{"type":"nope"}')


def test_refuses_an_unknown_decimal_format() -> None:
    with pytest.raises(ConfigError, match=r"decimal\.format"):
        make(JsonConverter, decimal_format="HEX")


def test_converts_headers_like_values() -> None:
    converter = bare()
    assert converter.encode_header(TOPIC, "h", None, Int8(4)) == b"4"
    assert converter.decode_header(TOPIC, "h", b"[1]") == (None, [1])


def test_a_timestamp_out_of_range_is_the_fault_of_its_record() -> None:
    text = b'{"type":"int64","name":"org.apache.kafka.connect.data.Timestamp","version":1}'
    good, bad = envelope(b"0", text), envelope(b"999999999999999999", text)
    converter = enveloping()
    assert converter.decode(TOPIC, [good])[0][0] == TIMESTAMP
    with pytest.raises(DataError, match="outside the years"):
        converter.decode(TOPIC, [good, bad])


def test_a_message_nested_too_deeply_is_the_fault_of_its_record() -> None:
    with pytest.raises(DataError, match="nested"):
        bare().decode(TOPIC, [b"[" * 990 + b"]" * 990])


def test_a_value_that_contains_itself_is_the_fault_of_its_record() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(DataError, match="nested"):
        bare().encode(TOPIC, None, [endless])


def test_what_forgiving_made_of_a_field_must_be_allowed_there() -> None:
    schema = (
        b'{"type":"struct","fields":[{"type":"map","keys":{"type":"boolean"},'
        b'"values":{"type":"bytes"},"field":"a"}]}'
    )
    converter = enveloping()
    assert converter.decode(TOPIC, [envelope(b'{"a":[[true,"YQ=="]]}', schema)])[0][1] == {
        "a": {True: b"a"}
    }
    with pytest.raises(DataError, match="null used for required value of map field"):
        converter.decode(TOPIC, [envelope(b'{"a":[[true,[false]]]}', schema)])
