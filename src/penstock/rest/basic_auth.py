"""The basic authentication extension: users and passwords from a properties file."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from pathlib import Path

from penstock.rest.answers import Answer
from penstock.rest.errors import BodyError
from penstock.sdk.errors import ConfigError
from penstock.sdk.redaction import learn_password

CLASS = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
MODULE = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule"
NAMES = (CLASS, CLASS.rpartition(".")[2])

REFUSED = Answer(401, b"User cannot access the resource.")
_SECTION = re.compile(r"KafkaConnect\s*\{(.*?)\}\s*;", re.DOTALL)
_FILE = re.compile(re.escape(MODULE) + r'\s+required\s+file\s*=\s*"([^"]*)"')
_INTERNAL = (
    ("POST", re.compile(r"connectors/[^/]+/tasks")),
    ("PUT", re.compile(r"connectors/[^/]+/fence")),
)


class BasicAuth:
    """Refuses requests of unknown users. Without any user in the file, everyone is let in."""

    def __init__(self, users: Mapping[str, str] | None) -> None:
        self._users = users

    @classmethod
    def from_jaas(cls, text: str) -> BasicAuth:
        """From the text of a JAAS file with a section `KafkaConnect`.

        A password file that cannot be read refuses everyone, as it would have to.
        """
        section = _SECTION.search(text)
        if section is None:
            raise ConfigError("The JAAS configuration has no section KafkaConnect { … };")
        named = _FILE.search(section[1])
        try:
            return cls(None if named is None or not named[1] else read_users(Path(named[1])))
        except (OSError, UnicodeDecodeError):
            return cls(None)

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Answer | None:
        """Workers prove themselves by their signature instead."""
        if any(method == verb and pattern.fullmatch(path) for verb, pattern in _INTERNAL):
            return None
        if self._users is None:
            return REFUSED
        if not self._users:
            return None
        user, password = credentials(headers.get("authorization"))
        known = self._users.get(user or "")
        if not user or known is None or not same(known, password):
            return REFUSED
        return None


def credentials(header: str | None) -> tuple[str | None, str]:
    """User and password of an `Authorization` header. Raises for what is not base64."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise BodyError("The Authorization header is not valid base64") from error
    user, colon, password = text.partition(":")
    return (user, password) if colon else (None, "")


def same(known: str, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(known.encode(), given.encode())


def read_users(path: Path) -> dict[str, str]:
    """`user=password` lines of a properties file."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    users = dict(_user(line) for line in lines if line and line[0] not in "#!")
    for password in users.values():
        learn_password(password)
    return users


def _user(line: str) -> tuple[str, str]:
    user, password = [*re.split(r"\s*[=:]\s*|\s+", line, maxsplit=1), ""][:2]
    return user, password
