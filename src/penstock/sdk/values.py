"""Values: their texts, their schemas, and conversion between types."""

from __future__ import annotations

from penstock.sdk.validation import java_type_name as java_type_name
from penstock.sdk.validation import validate_value as validate_value
from penstock.sdk.values_infer import infer_schema as infer_schema
from penstock.sdk.values_infer import infer_type as infer_type
from penstock.sdk.values_text import java_date as java_date
from penstock.sdk.values_text import java_decimal as java_decimal
from penstock.sdk.values_text import java_double as java_double
from penstock.sdk.values_text import java_float as java_float
from penstock.sdk.values_text import java_string as java_string
