"""Schemas to start with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final


def _record(name: str, **fields: Any) -> dict[str, Any]:
    members = [{"name": field, "type": kind} for field, kind in fields.items()]
    return {"type": "record", "name": name, "fields": members}


def _count(kind: str, start: int, step: int = 1) -> dict[str, Any]:
    return {"type": kind, "arg.properties": {"iteration": {"start": start, "step": step}}}


def _between(kind: str, least: float, most: float) -> dict[str, Any]:
    return {"type": kind, "arg.properties": {"range": {"min": least, "max": most}}}


def _either(kind: str, *options: Any) -> dict[str, Any]:
    return {"type": kind, "arg.properties": {"options": list(options)}}


def _like(regex: str) -> dict[str, Any]:
    return {"type": "string", "arg.properties": {"regex": regex}}


_NAMED: Final = {
    "users": _record(
        "users",
        registertime=_between("long", 1_487_715_775_521, 1_519_273_364_600),
        userid=_like("User_[1-9]"),
        regionid=_like("Region_[1-9]"),
        gender=_either("string", "MALE", "FEMALE", "OTHER"),
    ),
    "pageviews": _record(
        "pageviews",
        viewtime=_count("long", 1),
        userid=_like("User_[1-9]"),
        pageid=_like("Page_[1-9][0-9]?"),
    ),
    "orders": _record(
        "orders",
        ordertime=_between("long", 1_487_715_775_521, 1_519_273_364_600),
        orderid=_count("int", 0),
        itemid=_like("Item_[0-9]{1,3}"),
        orderunits=_between("double", 0.1, 10.0),
        address=_record(
            "address",
            city=_like("City_[1-9]{1,2}"),
            state=_like("State_[1-9]{1,2}"),
            zipcode=_between("long", 10_000, 99_999),
        ),
    ),
    "ratings": _record(
        "ratings",
        rating_id=_count("long", 1),
        user_id=_between("int", 1, 20),
        stars=_between("int", 1, 6),
        route_id=_between("int", 1, 10_000),
        rating_time=_count("long", 1_700_000_000_000, 12),
        channel=_either("string", "web", "ios", "ios-test", "android", "iOS"),
        message=_either("string", "on time", "late again", "a friendly crew", "no legroom"),
    ),
    "stock_trades": _record(
        "stock_trades",
        side=_either("string", "BUY", "SELL"),
        quantity=_between("int", 1, 5000),
        symbol=_either("string", "ZVZZT", "ZJZZT", "ZTEST", "ZXZZT", "ZWZZT", "ZBZX"),
        price=_between("int", 5, 1000),
        account=_like("[A-Z]{3}[0-9]{3}"),
        userid=_like("User_[1-9]"),
    ),
}
QUICKSTARTS: Final[Mapping[str, str]] = {
    name: json.dumps(schema) for name, schema in _NAMED.items()
}
