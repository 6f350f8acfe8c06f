"""Asks the leader for what only it may do: store task configurations, fence off producers."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import msgspec

from penstock.cluster.effects import AskLeader, AskToFence
from penstock.cluster.errors import RequestError
from penstock.cluster.ports import PeerAnswer, PeerWorkers
from penstock.cluster.sessions import sign
from penstock.cluster.state import ClusterState
from penstock.sdk.errors import ConnectError

HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "kafka-connect",
}


class LeaderClient:
    """Signs with the session key as it is at that moment; `state` may be called at any time."""

    def __init__(self, peers: PeerWorkers, state: Callable[[], ClusterState]) -> None:
        self._peers = peers
        self._state = state

    async def put_tasks(self, ask: AskLeader) -> None:
        """Raises ConnectError when the leader is not known, not there, or refuses."""
        if ask.url is None:
            raise ConnectError("Nobody knows the leader of the group at the moment")
        body = msgspec.json.encode(ask.configs)
        url = f"{ask.url.rstrip('/')}/connectors/{quote(ask.connector, safe='')}/tasks"
        try:
            answer = await self._peers.ask("POST", url, self._headers(body), body)
        except OSError as error:
            raise ConnectError(f"The leader at {ask.url} does not answer: {error}") from error
        if not 200 <= answer.status < 300:
            raise ConnectError(
                f"The leader refused task configurations of connector {ask.connector}: "
                f"{_message(answer)}"
            )

    async def fence(self, ask: AskToFence) -> None:
        """Raises what the leader says against it, with its status, and what keeps it from saying
        anything as Java does."""
        if ask.url is None:
            raise ConnectError("Nobody knows the leader of the group at the moment")
        url = f"{ask.url.rstrip('/')}/connectors/{quote(ask.connector, safe='')}/fence"
        try:
            answer = await self._peers.ask("PUT", url, self._headers(b""), None)
        except OSError as error:
            text = f"IO Error trying to forward REST request: {error}"
            raise RequestError(500, text) from error
        if not 200 <= answer.status < 300:
            raise RequestError(answer.status, _said(answer) or f"HTTP {answer.status}")

    def _headers(self, body: bytes) -> dict[str, str]:
        state = self._state()
        if state.keys.key is None:
            return HEADERS
        algorithm = state.settings.group.signature_algorithm
        return HEADERS | dict(sign(state.keys.key, body, algorithm))


def _message(answer: PeerAnswer) -> str:
    said = _said(answer)
    return f"HTTP {answer.status}" if said is None else f"{answer.status} {said}"


def _said(answer: PeerAnswer) -> str | None:
    try:
        return str(msgspec.json.decode(answer.body)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
