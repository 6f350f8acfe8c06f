"""A config provider that is a plugin, in a process of its own: the worker does not import it.

The built-in ones are ours, import nothing but what the worker has, and stay in it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, NoReturn

import msgspec

from penstock.hosting.frames import FrameReader, framed
from penstock.sdk.config import Config
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed

ANSWER_SECONDS = 30.0  # of a look-up, or of the start, when the plugins of all places are imported
RECEIVE_BYTES = 1 << 16


class Make(msgspec.Struct, frozen=True, tag=True):
    """The first message: which provider it shall be."""

    plugin: str
    places: list[str]
    options: dict[str, str]


class LookUp(msgspec.Struct, frozen=True, tag=True):
    path: str
    keys: list[str]


class Values(msgspec.Struct, frozen=True, tag=True):
    """Answers both; a provider that was made has none yet."""

    data: dict[str, str | None] = {}
    ttl_ms: int | None = None


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Answers either: why not. `config`: the settings are wrong; `passing`: perhaps only now."""

    message: str
    config: bool = False
    passing: bool | None = None


Question = Make | LookUp
Answer = Values | Refused
MakeProvider = Callable[[Make], ConfigProvider[Any]]
_questions: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class Connection:
    """One end: sends messages and waits for them."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self._reader = FrameReader()

    def send(self, message: Question | Answer) -> None:
        self.channel.sendall(framed(msgspec.msgpack.encode(message)))

    def receive(self) -> bytes:
        """The next message; raises EOFError at the end, TimeoutError as the socket does."""
        while data := self.channel.recv(RECEIVE_BYTES):
            for message in self._reader.feed(data):
                return message
        raise EOFError("The other end is gone.")


# In the worker ----------------------------------------------------------------------------------


class RemoteProvider(ConfigProvider[Config]):
    """Asks its process; one that died or did not answer is followed by a new one."""

    plugin: ClassVar[str]
    places: ClassVar[Sequence[str]]
    command: ClassVar[Sequence[str]]
    seconds: ClassVar[float]

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        with self._lock:
            self._start()

    @classmethod
    def of(
        cls,
        plugin: str,
        places: Sequence[str],
        command: Sequence[str],
        seconds: float = ANSWER_SECONDS,
    ) -> type[RemoteProvider]:
        """The class that stands in the place of this plugin's; it waits so long for an answer."""
        its = {"plugin": plugin, "places": places, "command": command, "seconds": seconds}
        return type(cls.__name__, (cls,), its)

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        with self._lock:
            if self._connection is None:
                self._start()
            answer = self._ask(LookUp(path, sorted(keys)))
        return ConfigData(answer.data, answer.ttl_ms)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*self.command, "provider", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is the worker's business
            )
        self._connection = Connection(ours)
        options = {name: str(text) for name, text in self.config.properties.items()}
        self._ask(Make(self.plugin, list(self.places), options))

    def _ask(self, question: Question) -> Values:
        connection = self._connection
        assert connection is not None
        try:
            connection.channel.settimeout(self.seconds)
            connection.send(question)
            answer = _answers.decode(connection.receive())
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            self._end()
            late = isinstance(error, TimeoutError)
            limit = f"{self.seconds:g} s (penstock.providers.timeout.ms)"
            what = f"did not answer within {limit}" if late else "ended"
            raise LookupFailed(f"the process of {self.plugin} {what}", passing=True) from error
        if isinstance(answer, Refused):
            if isinstance(question, Make):
                self._end()
            raise _raised(answer)
        return answer

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.channel.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
        self._connection = self._process = None


def _raised(refused: Refused) -> Exception:
    if refused.passing is not None:
        return LookupFailed(refused.message, passing=refused.passing)
    return (ConfigError if refused.config else ConnectError)(refused.message)


# In its process ---------------------------------------------------------------------------------


def serve_provider(channel: socket.socket, make: MakeProvider) -> NoReturn:
    """Answer until the worker is gone."""
    channel.setblocking(True)
    connection, provider = Connection(channel), None
    with contextlib.suppress(OSError, EOFError):
        while True:
            question = _questions.decode(connection.receive())
            try:
                if isinstance(question, Make):
                    provider, found = make(question), Values()
                else:
                    assert provider is not None
                    found = _values(provider.get(question.path, question.keys))
            except BaseException as error:
                found = _refused(error)
            connection.send(found)
    os._exit(0)


def _values(found: ConfigData) -> Values:
    return Values(dict(found.data), found.ttl_ms)


def _refused(error: BaseException) -> Refused:
    text = str(error) or type(error).__name__
    if isinstance(error, LookupFailed):
        return Refused(text, passing=error.passing)
    return Refused(text, config=isinstance(error, ConfigError))
