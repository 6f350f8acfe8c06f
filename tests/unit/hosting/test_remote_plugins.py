"""What the worker learns of plugins from a host, and what it says when it learns nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from penstock.cluster.catalog import PluginKind
from penstock.cluster.errors import BadRequest
from penstock.cluster.plugin_specs import PluginSpec, Unloadable, described, loadable
from penstock.cluster.views import ConfigInfos
from penstock.hosting import questions
from penstock.hosting.failures import failure_of
from penstock.hosting.fleet import AskedError, HostEnded
from penstock.hosting.remote_plugins import (
    PluginDesk,
    RemotePlugins,
    RemoteValidator,
    cluster_id,
    find_plugins,
)
from penstock.plugins.registry import Registry
from penstock.sdk.errors import ConfigError, ConnectError, java_class

SPEC = PluginSpec("acme.Source", PluginKind.SOURCE, "2", "fractions", "Fraction", "/plugins/acme")


class Host:
    """Answers as a test says; None never answers."""

    def __init__(self, answer: Callable[[str, bytes], bytes | Exception | None]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, bytes]] = []
        self.ended: list[str] = []

    def ask(self, question: str, body: bytes) -> Future[bytes]:
        self.asked.append((question, body))
        future: Future[bytes] = Future()
        answer = self.answer(question, body)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        elif answer is not None:
            future.set_result(answer)
        return future

    def end_questions(self, why: str) -> None:
        self.ended.append(why)


def run(work: Callable[[PluginDesk], Any], host: Host) -> Any:
    async def play() -> Any:
        return await work(PluginDesk(host))

    return asyncio.run(play())


def known() -> asyncio.Event:
    found = asyncio.Event()
    found.set()
    return found


def test_a_validation_is_answered_by_the_host() -> None:
    infos = ConfigInfos("c", 0, ["Common"], [])
    host = Host(lambda question, body: questions.encode(infos))

    async def work(desk: PluginDesk) -> None:
        validator = RemoteValidator(desk, Registry.builtin(), known())
        assert await validator.validate({"a": "b", "n": None}) == infos
        assert validator.kind({"connector.class": "FileStreamSink"}) == "sink"
        assert validator.kind({"connector.class": "Nothing"}) == "unknown"
        assert validator.kind({}) == "unknown"

    run(work, host)
    assert questions.read_config(host.asked[0][1]) == {"a": "b", "n": None}


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (BadRequest("no"), BadRequest),
        (ConfigError("no"), ConfigError),
        (ZeroDivisionError("no"), ConnectError),
    ],
)
def test_what_a_plugin_raised_is_raised_again(raised: Exception, kind: type[Exception]) -> None:
    told = f"{type(raised).__module__}:{type(raised).__qualname__}"
    host = Host(lambda question, body: AskedError(told, "no", failure_of(raised)))
    with pytest.raises(kind, match="no") as caught:
        run(lambda desk: desk.ask("describe", b""), host)
    assert java_class(caught.value) == java_class(raised)


def test_a_plugin_that_never_answers_is_ended() -> None:
    host = Host(lambda question, body: None)
    with pytest.raises(ConnectError, match=r"did not answer within 0\.01 s"):
        run(lambda desk: desk.ask("validate", b"", seconds=0.01), host)
    assert host.ended == ["a plugin did not answer within 0.01 s."]


def test_the_cluster_is_asked_for_again_when_a_plugin_ended_the_host() -> None:
    answers = iter([HostEnded("exit status 5"), questions.encode("kafka-1")])
    host = Host(lambda question, body: next(answers))
    assert run(lambda desk: cluster_id(desk, pause_seconds=0), host) == "kafka-1"
    assert host.asked == [(questions.CLUSTER, b"")] * 2


def test_a_host_that_waits_for_kafka_is_not_ended() -> None:
    host = Host(lambda question, body: None)

    async def work(desk: PluginDesk) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(cluster_id(desk), 0.01)

    run(work, host)
    assert host.ended == []


def test_settings_with_which_kafka_can_never_be_reached_are_told() -> None:
    told = f"{ConfigError.__module__}:{ConfigError.__qualname__}"
    failure = failure_of(ConfigError("no"))
    host = Host(lambda question, body: AskedError(told, "sasl.mechanism is wrong", failure))
    with pytest.raises(ConfigError, match=r"sasl\.mechanism is wrong"):
        run(cluster_id, host)


def test_places_whose_plugins_crash_or_hang_are_left_out() -> None:
    def answer(question: str, body: bytes) -> bytes | Exception | None:
        places: Sequence[str] = questions.read_places(body)
        if "crashes" in places:
            return HostEnded("exit status 5")
        return None if "hangs" in places else questions.encode(questions.FoundPlugins((SPEC,)))

    places = ["classpath", "crashes", "hangs"]
    found = run(lambda desk: find_plugins(desk, places, seconds=0.2), Host(answer))
    assert found == (SPEC,)


def test_plugins_are_listed_when_they_have_been_looked_for() -> None:
    async def work(desk: PluginDesk) -> None:
        found = asyncio.Event()
        plugins = RemotePlugins(desk, Registry(described([SPEC])), found)
        listing = asyncio.ensure_future(plugins.listed(connectors_only=True))
        await asyncio.sleep(0)
        assert not listing.done()
        found.set()
        assert [info.class_name for info in await listing] == ["acme.Source"]

    run(work, Host(lambda question, body: None))


def test_the_worker_cannot_load_a_plugin_and_a_host_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(Unloadable, match=r"acme\.Source is loaded by task hosts only"):
        described([SPEC])[0].load()
    from fractions import Fraction

    assert loadable([SPEC])[0].load() is Fraction
