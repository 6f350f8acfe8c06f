"""Task configurations on their way to the leader, and the signatures that prove their origin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from penstock.cluster.config_state import SessionKey
from penstock.cluster.effects import AskLeader, AskToFence
from penstock.cluster.errors import BadRequest, RequestError
from penstock.cluster.leader_client import LeaderClient
from penstock.cluster.ports import PeerAnswer, Signature
from penstock.cluster.service import HerderService
from penstock.cluster.sessions import read_signature
from penstock.cluster.state import ClusterState, Keys, Membership, Settings
from penstock.sdk.errors import ConnectError

KEY = SessionKey(b"k" * 32, "HmacSHA256", 0)
ASK = AskLeader(-1, "http://leader:8083/", "a b", ({"task": "0"},))


class Peers:
    """One other worker, which says what it is told to say."""

    def __init__(self, answer: PeerAnswer | OSError) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        self.asked.append((method, url, dict(headers), body))
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def state(version: int = 2, key: SessionKey | None = KEY) -> ClusterState:
    membership = Membership(version=version, joining=False)
    return ClusterState(Settings("me:1"), membership=membership, keys=Keys(key))


def put(peers: Peers, ask: AskLeader = ASK, of: ClusterState | None = None) -> None:
    asyncio.run(LeaderClient(peers, lambda: of or state()).put_tasks(ask))


def test_what_the_leader_is_sent_is_signed():
    peers = Peers(PeerAnswer(204))
    put(peers)
    ((method, url, headers, body),) = peers.asked
    assert (method, url) == ("POST", "http://leader:8083/connectors/a%20b/tasks")
    assert json.loads(body) == [{"task": "0"}]
    signature = read_signature(headers, body)
    check_at_leader(state(), signature)


def test_without_a_key_nothing_is_signed():
    peers = Peers(PeerAnswer(204))
    put(peers, of=state(key=None))
    assert "X-Connect-Authorization" not in peers.asked[0][2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (PeerAnswer(409, b'{"error_code":409,"message":"busy"}'), "refused .*: 409 busy"),
        (PeerAnswer(502, b"<html>"), "refused .*: HTTP 502"),
        (OSError("refused"), "does not answer: refused"),
    ],
)
def test_a_leader_that_cannot_take_them_is_told_about(answer: PeerAnswer | OSError, said: str):
    with pytest.raises(ConnectError, match=said):
        put(Peers(answer))


def test_without_a_leader_nobody_is_asked():
    peers = Peers(PeerAnswer(204))
    with pytest.raises(ConnectError, match="Nobody knows the leader"):
        put(peers, AskLeader(-1, None, "a", ()))
    assert peers.asked == []


class Driver:
    """Stands in for a driver whose state is all that is asked for."""

    def __init__(self, of: ClusterState) -> None:
        self.state = of
        self.requests = 0

    async def ask(self, make: Any) -> None:
        self.requests += 1


def check_at_leader(of: ClusterState, signature: Signature | None) -> int:
    """How many requests came through."""
    anything: Any = None
    driver: Any = Driver(of)
    service = HerderService(driver, anything, anything, standalone=False)
    asyncio.run(service.put_task_configs("a", [{}], signature))
    return driver.requests


def test_a_group_that_signs_takes_nothing_that_is_not_signed_with_its_key():
    with pytest.raises(BadRequest, match="missing required signature"):
        check_at_leader(state(), None)
    with pytest.raises(RequestError, match="contained invalid signature") as caught:
        check_at_leader(state(), Signature(b"", b"no", "HmacSHA256"))
    assert caught.value.status == 403
    with pytest.raises(RequestError, match="not been able to read a session key") as caught:
        check_at_leader(state(key=None), Signature(b"", b"no", "HmacSHA256"))
    assert caught.value.status == 503


def test_a_group_that_does_not_sign_checks_nothing():
    assert check_at_leader(state(version=1), None) == 1


def fence(peers: Peers) -> None:
    ask = AskToFence(-1, "http://leader:8083/", "a b")
    asyncio.run(LeaderClient(peers, state).fence(ask))


def test_a_wish_to_fence_is_signed_although_it_has_no_body():
    peers = Peers(PeerAnswer(204))
    fence(peers)
    ((method, url, headers, body),) = peers.asked
    assert (method, url, body) == ("PUT", "http://leader:8083/connectors/a%20b/fence", None)
    check_at_leader(state(), read_signature(headers, b""))


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (PeerAnswer(409, b'{"error_code":409,"message":"newer tasks"}'), 409, "newer tasks"),
        (PeerAnswer(502, b"<html>"), 502, "HTTP 502"),
        (OSError("refused"), 500, "IO Error trying to forward REST request: refused"),
    ],
)
def test_what_keeps_the_leader_from_fencing_is_told_in_its_words(
    answer: PeerAnswer | OSError, status: int, text: str
):
    with pytest.raises(RequestError) as raised:
        fence(Peers(answer))
    assert (raised.value.status, str(raised.value)) == (status, text)
