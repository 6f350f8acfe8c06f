"""Keeps secrets out of what a process says: its log, traces, messages and answers.

Whoever learns a secret tells `SECRETS`; whoever shows a text to somebody lets it pass through.
There is one for the process, as there is one log.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

HIDDEN = "[hidden]"
SECRETS_MAX = 5000
SHORTEST = 4  # what is shorter stands everywhere
ALONE_BELOW = 8  # what is shorter than this is hidden as a word of its own only
LINE_MIN = 16  # of texts with several lines, for instance keys

_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|private[._-]?key|api[._-]?key|access[._-]?key"
    r"|jaas|keystore\.key|signature|auth[._-]?key",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(  # files, ids and limits that have such a word in their names
    r"(\.|^|_)(location|file|path|type|class|name|ms|seconds|url|enabled?|algorithm|id|max)$",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(^|[._-])(name|topics?|regex|hosts?|hostname|port|servers|class|user|username|role"
    r"|type|location|file|path|dir|directory|region|bucket|table|database|db|schema|catalog|group"
    r"|max|min|ms|size|enabled?|protocol|mechanism|format|mode|prefix|suffix|version|interval)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"true|false|[+-]?\d{1,9}(\.\d+)?", re.IGNORECASE)  # a switch or a limit
_OPTION = re.compile(r"([\w.]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")


def sounds_secret(setting: str) -> bool:
    """Whether a setting of this name usually holds a secret."""
    return _SECRET.search(setting) is not None and _NO_SECRET.search(setting) is None


def is_harmless(setting: str, key: str, *, whole: bool = True) -> bool:
    """Whether what a provider has under a key may be shown, being all of a setting or a part."""
    if not whole or sounds_secret(setting) or sounds_secret(key):
        return False
    return _HARMLESS.search(setting) is not None


def secrets_of(properties: Mapping[str, str | None]) -> set[str]:
    """The values of settings that usually hold secrets."""
    return {
        text
        for name, text in properties.items()
        if text and sounds_secret(name) and "${" not in text and not _PLAIN.fullmatch(text.strip())
    }


class Secrets:
    """Texts that must not be shown; the oldest are forgotten if there are too many."""

    def __init__(self, secrets_max: int = SECRETS_MAX) -> None:
        self.told: Callable[[str], None] = _keep
        """Hears each password that is new, for another process that shows what this one prints."""
        self._max = secrets_max
        self._known: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def learn(self, values: Iterable[str]) -> bool:
        """From now on these are hidden, and so are lines of them and other ways to write them.

        Whether there was anything new.
        """
        found = {form for value in values for part in _parts(value) for form in _forms(part)}
        with self._lock:
            if found <= self._known.keys():
                return False
            self._known = {k: None for k in self._known if k not in found} | dict.fromkeys(found)
            for oldest in list(self._known)[: max(0, len(self._known) - self._max)]:
                del self._known[oldest]
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(_expression, longest_first)))
        return True

    def forget(self) -> None:
        """For tests: nothing is secret."""
        with self._lock:
            self._known, self._pattern = {}, None

    def hide(self, text: str) -> str:
        """The text, with a mark in place of each secret."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(HIDDEN, text)


def _keep(secret: str) -> None:
    """Nobody else has to know."""


SECRETS = Secrets()


def learn_settings(properties: Mapping[str, str | None]) -> None:
    """What usually is secret of these must be shown nowhere."""
    SECRETS.learn(secrets_of(properties))


def learn_password(text: str) -> None:
    """A setting that is declared as a password has this value."""
    if text and "${" not in text and not _PLAIN.fullmatch(text) and SECRETS.learn((text,)):
        SECRETS.told(text)


def hide(text: str) -> str:
    """The text without secrets."""
    return SECRETS.hide(text)


def hide_optional(text: str | None) -> str | None:
    return None if text is None else SECRETS.hide(text)


def _expression(value: str) -> str:
    escaped = re.escape(value)
    return escaped if len(value) >= ALONE_BELOW else rf"(?<![\w.-]){escaped}(?![\w-])"


def _parts(value: str) -> Iterator[str]:
    """The value, its lines, and the secret options of a login module."""
    text = value.strip()
    options = list(_OPTION.finditer(text)) if "LoginModule" in text else []
    if options:
        yield from (found[2][1:-1] for found in options if sounds_secret(found[1]))
    else:
        yield text
    for line in map(str.strip, text.splitlines() if "\n" in text else ()):
        if len(line) >= LINE_MIN and not line.startswith("-----"):
            yield line


def _forms(value: str) -> Iterator[str]:
    """As it is, and as it stands in addresses, in JSON and where Python shows texts and bytes."""
    data = value.encode("utf-8", "surrogatepass")
    for form in {value, quote(data, ""), json.dumps(value)[1:-1], *_shown(value), *_shown(data)}:
        if len(form) >= SHORTEST and form != HIDDEN:
            yield form


def _shown(value: str | bytes) -> Iterator[str]:
    shown = repr(value)
    yield shown[shown.index(shown[-1]) + 1 : -1]
