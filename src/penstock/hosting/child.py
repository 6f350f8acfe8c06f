"""What a host process does: threads of tasks and connectors, led by a worker over a socket."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol

from penstock.cluster.catalog import Catalog
from penstock.cluster.messages import StartTask
from penstock.hosting.calls import CallWatch, stack_text
from penstock.hosting.confirming import asking
from penstock.hosting.failures import failure_of
from penstock.hosting.frames import FrameReader, framed
from penstock.hosting.lease import end_at
from penstock.hosting.messages import (
    Answered,
    Ask,
    Beat,
    FromHost,
    Lease,
    Logged,
    LogLine,
    Measured,
    OffsetRecordsMade,
    OffsetsFound,
    OffsetsRefused,
    OffsetsStored,
    PluginCall,
    Ready,
    SecretLearned,
    SetLevels,
    Setup,
    ShowStack,
    StackShown,
    StartConfirmed,
    StartRefused,
    ToHost,
    encoded,
    read_by_host,
)
from penstock.hosting.output import Allowance
from penstock.hosting.ports import Confirm, OffsetStores
from penstock.hosting.remote_offsets import OffsetLink, RemoteOffsets
from penstock.hosting.tasks import TaskBuilder
from penstock.hosting.thread import ThreadHosts
from penstock.hosting.tuning import tune_process
from penstock.runtime.log_context import CONTEXT, may_be_logged
from penstock.runtime.ports import Control, Loop, TaskEvents
from penstock.sdk.errors import java_class
from penstock.sdk.redaction import SECRETS, hide

log = logging.getLogger(__name__)

RECEIVE_BYTES = 1 << 16
LOG_LINES_PER_SECOND, LOG_LINES_BURST = 500, 5000
CALL_SECONDS = 0.5  # shorter calls are not worth telling


class Composition(Protocol):
    """What a host is put together from; the composition root makes it of the worker's plan."""

    @property
    def catalog(self) -> Catalog: ...

    def builder(self, offsets: OffsetStores, confirm: Confirm) -> TaskBuilder: ...

    def answer(self, question: str, body: bytes) -> bytes:
        """Answer what the worker wants to know of plugins; raises what plugins raise."""
        ...


Compose = Callable[[bytes], Composition]


def serve(channel: socket.socket, compose: Compose) -> NoReturn:
    """Work until the worker is gone or ends this process."""
    faulthandler.enable(2, all_threads=False)
    faulthandler.register(signal.SIGUSR1, 2, all_threads=True)
    _refuse_forks()
    link = Link(channel)
    try:
        messages = link.messages()
        setup = next(messages)
        assert isinstance(setup, Setup)
        _Host(link, compose, setup).run(messages)
    except (OSError, StopIteration):
        pass  # the worker is gone
    leave()


def leave() -> NoReturn:
    """End this process and all that its tasks have started."""
    sys.stdout.flush()
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _refuse_forks() -> None:
    """Kafka clients do not survive a fork, and neither do the locks of other tasks."""

    def refused(*arguments: Any) -> NoReturn:
        raise RuntimeError(
            "Connector code must not fork its process; use subprocess, or multiprocessing with "
            "the start method spawn."
        )

    os.fork = os.forkpty = refused


class Link:
    """The channel to the worker. Sending is possible from any thread."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        channel.setblocking(True)

    def send(self, message: FromHost) -> None:
        """Raises TypeError or OverflowError for what cannot cross, OSError without a worker."""
        data = framed(encoded(message))
        with self._lock:
            self._channel.sendall(data)

    def messages(self) -> Iterator[ToHost]:
        """Until the worker is gone."""
        reader = FrameReader()
        while data := self._channel.recv(RECEIVE_BYTES):
            yield from map(read_by_host, reader.feed(data))


class _Host:
    def __init__(self, link: Link, compose: Compose, setup: Setup) -> None:
        self._link = link
        self._beat_seconds = setup.beat_seconds
        self._measure_seconds = setup.measure_seconds
        if setup.lease is not None:
            end_at(setup.lease)
        self._threads: dict[int, StartTask] = {}  # of tasks, by thread id
        _log_to(link, setup.levels)
        SECRETS.told = self._tell_secret
        self._composition = compose(setup.plan)
        self._offsets = OffsetLink(link.send)
        self._hosts = ThreadHosts(self, self._composition.catalog, link.send)

    def run(self, messages: Iterator[ToHost]) -> None:
        tune_process()
        threading.Thread(target=self._watch, name="call-watch", daemon=True).start()
        self._link.send(Ready(os.getpid()))
        for message in messages:
            self._hear(message)

    def _hear(self, message: ToHost) -> None:
        match message:
            case (
                OffsetsFound()
                | OffsetsStored()
                | OffsetRecordsMade()
                | OffsetsRefused()
                | StartConfirmed()
                | StartRefused()
            ):
                self._offsets.answered(message)
            case Lease(until):
                end_at(until)
            case SetLevels(levels):
                set_levels(levels)
            case Ask():
                threading.Thread(
                    target=self._answer, args=(message,), name="question", daemon=True
                ).start()
            case ShowStack():
                self._show_stack(message)
            case Setup():
                pass
            case _:
                self._hosts.send(message)

    def _tell_secret(self, secret: str) -> None:
        """The worker shows what is printed here."""
        with contextlib.suppress(OSError):  # the worker is gone, and so will be this process
            self._link.send(SecretLearned(secret))

    # As the builder of its tasks: each is given offsets in its own name ---------------------------

    def build(self, start: StartTask, control: Control, events: TaskEvents) -> Loop:
        thread = threading.get_ident()
        self._threads = {**self._alive(), thread: start}
        return self._builder(start).build(start, control, events)

    def version(self, start: StartTask) -> str | None:
        return self._builder(start).version(start)

    def _builder(self, start: StartTask) -> TaskBuilder:
        offsets = RemoteOffsets(self._offsets, start)
        return self._composition.builder(offsets, asking(self._offsets))

    def _alive(self) -> dict[int, StartTask]:
        alive = {thread.ident for thread in threading.enumerate()}
        return {ident: start for ident, start in self._threads.items() if ident in alive}

    # Questions ------------------------------------------------------------------------------------

    def _answer(self, ask: Ask) -> None:
        try:
            body = self._composition.answer(ask.question, ask.body)
            answer = Answered(ask.request, body)
        except BaseException as error:
            told = (f"{type(error).__module__}:{type(error).__qualname__}", str(error))
            if not isinstance(error, Exception):
                told = ("builtins:RuntimeError", f"{java_class(error)} was raised: {error}")
            answer = Answered(ask.request, b"", told, failure_of(error))
        self._link.send(answer)

    # Signs of life --------------------------------------------------------------------------------

    def _watch(self) -> None:
        watch, measure_at = CallWatch(), 0.0
        while True:
            time.sleep(self._beat_seconds)
            starts = self._threads
            now = time.monotonic()
            calls = watch.look({t: str(t) for t in starts}, sys._current_frames(), now)  # pyright: ignore
            told = [
                PluginCall(start.id, start.incarnation, call.what, call.since)
                for thread, start in starts.items()
                if (call := calls.get(str(thread))) and now - call.since >= CALL_SECONDS
            ]
            del calls
            self._link.send(Beat(told))
            if now >= measure_at:
                measure_at = now + self._measure_seconds
                self._link.send(Measured(self._hosts.measures()))

    def _show_stack(self, wanted: ShowStack) -> None:
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
        for thread, start in self._threads.items():
            if (start.id, start.incarnation) == (wanted.id, wanted.incarnation):
                text = stack_text(frames.get(thread))
                self._link.send(StackShown(wanted.id, wanted.incarnation, text))


# Logging ------------------------------------------------------------------------------------------


class LinkHandler(logging.Handler):
    """Sends what is logged to the worker, which writes it to its own log."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.addFilter(may_be_logged)
        self._link = link
        self._allowance = Allowance(LOG_LINES_PER_SECOND, LOG_LINES_BURST)
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._allowance.left(time.monotonic()) < 1:
            self._dropped += 1
            return
        self._allowance.take(1)
        try:
            line = self._line(record)
            dropped, self._dropped = self._dropped, 0
            self._link.send(Logged([line], dropped))
        except Exception:
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> LogLine:
        trace = None
        if record.exc_info and record.exc_info[1] is not None:
            trace = logging.Formatter().formatException(record.exc_info)
        text, context = record.getMessage(), CONTEXT.get()
        trace = None if trace is None else hide(trace)
        return LogLine(record.name, record.levelno, record.created, context, hide(text), trace)


def _log_to(link: Link, levels: dict[str, int]) -> None:
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(LinkHandler(link))
    root.setLevel(logging.INFO)
    set_levels(levels)


def set_levels(levels: dict[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level)
