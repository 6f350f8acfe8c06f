"""Requests between workers are signed with a key that all of them know."""

from __future__ import annotations

import pytest

from penstock.cluster.base64 import decode
from penstock.cluster.config_state import RestartRequest, SessionKey
from penstock.cluster.errors import RequestError
from penstock.cluster.messages import State
from penstock.cluster.restarts import plan
from penstock.cluster.sessions import (
    check,
    expiration_ms,
    generate,
    key_length,
    must_rotate,
    read_signature,
    sign,
)
from penstock.sdk.errors import ConnectError

KEY = SessionKey(b"0123456789abcdef0123456789abcdef", "HmacSHA256", 1000)
ACCEPTED = ["HmacSHA256"]


def test_a_signed_request_passes() -> None:
    signature = read_signature(dict(sign(KEY, b"[]", "HmacSHA256")), b"[]")
    check(signature, KEY, ACCEPTED)


@pytest.mark.parametrize(
    ("headers", "key", "status", "complaint"),
    [
        ({}, KEY, 400, "Internal request missing required signature"),
        (dict(sign(KEY, b"[]", "HmacSHA512")), KEY, 400, "does not support the 'HmacSHA512' key"),
        (dict(sign(KEY, b"[]", "HmacSHA256")), None, 503, "still starting up"),
        (dict(sign(KEY, b"[1]", "HmacSHA256")), KEY, 403, "invalid signature"),
    ],
)
def test_any_other_request_is_answered_with_what_is_wrong(
    headers: dict[str, str], key: SessionKey | None, status: int, complaint: str
) -> None:
    with pytest.raises(RequestError, match=complaint) as refused:
        check(read_signature(headers, b"[]"), key, ACCEPTED)
    assert refused.value.status == status


def test_signing_with_an_algorithm_that_is_none_fails() -> None:
    with pytest.raises(ConnectError, match="Algorithm SHA-256 not available"):
        sign(KEY, b"", "SHA-256")


def test_generated_keys_are_as_long_as_javas() -> None:
    lengths = {name: key_length(name) for name in ("HmacMD5", "HmacSHA1", "HmacSHA224")}
    assert lengths == {"HmacMD5": 64, "HmacSHA1": 64, "HmacSHA224": 28}
    key = generate("HmacSHA256", 129, 7, random=bytes)
    assert (len(key.key), key.created_ms) == (17, 7)


@pytest.mark.parametrize(
    ("key", "expires", "algorithm", "size", "expected"),
    [
        (None, None, "HmacSHA256", None, True),
        (KEY, None, "HmacSHA256", None, False),
        (KEY, 5000, "HmacSHA256", None, True),
        (KEY, 5001, "HmacSHA256", None, False),
        (KEY, None, "HmacSHA512", None, True),
        (KEY, None, "HmacSHA256", 512, True),
    ],
)
def test_a_leader_replaces_a_key_that_is_old_or_of_another_kind(
    key: SessionKey | None, expires: int | None, algorithm: str, size: int | None, expected: bool
) -> None:
    assert must_rotate(key, expires, 5000, algorithm, size) is expected


def test_a_key_without_time_to_live_expires_only_if_it_was_there_at_start() -> None:
    assert expiration_ms(KEY, 0, at_startup=True) == 1000
    assert expiration_ms(KEY, 0, at_startup=False) is None
    assert expiration_ms(KEY, 500, at_startup=False) == 1500


def test_the_secret_is_not_shown() -> None:
    assert "0123" not in repr(KEY)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a", "at least have 2 bytes"),
        ("abcde", "Last unit does not have enough valid bits"),
        ("ab=c", "wrong 4-byte ending unit"),
        ("ab==x", "incorrect ending byte at 4"),
        ("a b", "Illegal base64 character 20"),
    ],
)
def test_base64_is_refused_in_javas_words(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode(text)


def test_only_failed_tasks_are_restarted_when_asked_so() -> None:
    request = RestartRequest("c", only_failed=True, include_tasks=True)
    found = plan(request, State.RUNNING, {1: State.FAILED, 0: State.RUNNING})
    assert found is not None
    assert (found.restarts_connector, found.tasks) == (False, [1])
    assert plan(request, None, {}) is None
