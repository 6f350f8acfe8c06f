"""Values: their texts, their schemas, and conversion between types."""

from __future__ import annotations

from penstock.sdk.numbers import NumberFormatError as NumberFormatError
from penstock.sdk.validation import java_type_name as java_type_name
from penstock.sdk.validation import validate_value as validate_value
from penstock.sdk.values_convert import NullTextError as NullTextError
from penstock.sdk.values_convert import convert_to_boolean as convert_to_boolean
from penstock.sdk.values_convert import convert_to_byte as convert_to_byte
from penstock.sdk.values_convert import convert_to_date as convert_to_date
from penstock.sdk.values_convert import convert_to_decimal as convert_to_decimal
from penstock.sdk.values_convert import convert_to_double as convert_to_double
from penstock.sdk.values_convert import convert_to_float as convert_to_float
from penstock.sdk.values_convert import convert_to_integer as convert_to_integer
from penstock.sdk.values_convert import convert_to_list as convert_to_list
from penstock.sdk.values_convert import convert_to_long as convert_to_long
from penstock.sdk.values_convert import convert_to_map as convert_to_map
from penstock.sdk.values_convert import convert_to_short as convert_to_short
from penstock.sdk.values_convert import convert_to_string as convert_to_string
from penstock.sdk.values_convert import convert_to_struct as convert_to_struct
from penstock.sdk.values_convert import convert_to_time as convert_to_time
from penstock.sdk.values_convert import convert_to_timestamp as convert_to_timestamp
from penstock.sdk.values_dates import java_date as java_date
from penstock.sdk.values_infer import infer_schema as infer_schema
from penstock.sdk.values_infer import infer_type as infer_type
from penstock.sdk.values_keys import KeyMap as KeyMap
from penstock.sdk.values_keys import as_key as as_key
from penstock.sdk.values_numbers import decimal_of as decimal_of
from penstock.sdk.values_parse import parse_string as parse_string
from penstock.sdk.values_text import java_decimal as java_decimal
from penstock.sdk.values_text import java_double as java_double
from penstock.sdk.values_text import java_float as java_float
from penstock.sdk.values_text import java_string as java_string
