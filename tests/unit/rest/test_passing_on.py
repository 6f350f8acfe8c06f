"""Requests that another worker has to carry out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from penstock.cluster.errors import NotLeader, RequestError
from penstock.rest.endpoint import Call
from penstock.rest.requests import CONFLICT, Forward, Requests
from penstock.sdk.errors import NotFoundError
from tests.unit.rest.fakes import NoPeers

HERDER: Any = None  # nobody asks how far it is


async def led_by_another(instead: Exception | None) -> None:
    raise NotLeader("Only the leader can do this.", "http://leader/", instead)


def asked(hop: bool | None, instead: Exception | None = None) -> Exception:
    """What a client is told by a worker that nobody else can be asked from."""
    forward = Forward("DELETE", "/connectors/c", hop, {})
    with pytest.raises((RequestError, NotFoundError)) as caught:
        asyncio.run(
            Requests(HERDER, NoPeers()).complete_or_forward(led_by_another(instead), forward)
        )
    return caught.value


def test_what_was_passed_on_twice_is_not_passed_on_again():
    assert str(asked(None)).startswith("IO Error trying to forward REST request")
    assert str(asked(True)).startswith("IO Error trying to forward REST request")
    assert str(asked(False)) == CONFLICT


def test_a_worker_that_may_not_pass_on_says_what_it_knows_itself():
    unknown = NotFoundError("Unknown connector c")
    assert asked(False, unknown) is unknown
    assert isinstance(asked(None, unknown), RequestError)


@pytest.mark.parametrize(
    ("query", "hop"),
    [("", None), ("forward=true", True), ("forward=x", False), ("forward=", False)],
)
def test_a_request_says_how_often_it_was_passed_on(query: str, hop: bool | None):
    scope = {"type": "http", "headers": [], "query_string": query.encode()}
    assert Call(Request(scope), b"").forward is hop
