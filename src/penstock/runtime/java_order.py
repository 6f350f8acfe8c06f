"""The order of Java's hash maps, for the data plane."""

from __future__ import annotations

from penstock.sdk.java_order import copied_order as copied_order
from penstock.sdk.java_order import hash_order as hash_order
from penstock.sdk.java_order import string_hash as string_hash
