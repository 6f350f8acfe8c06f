"""Secrets are kept out of texts."""

from __future__ import annotations

import pytest

from penstock.sdk.config import ConfigType, parse_type
from penstock.sdk.redaction import (
    SECRETS,
    Secrets,
    hide,
    is_harmless,
    learn_password,
    learn_settings,
    secrets_of,
    sounds_secret,
)


@pytest.mark.parametrize(
    "name",
    ["password", "ssl.key.password", "producer.override.sasl.jaas.config", "aws.secret.key",
     "config.providers.vault.param.vault.auth.token", "http.passphrase", "api_key",
     "ssl.keystore.key", "consumer.ssl.truststore.password"],
)  # fmt: skip
def test_settings_that_hold_secrets_are_known_by_their_names(name: str) -> None:
    assert sounds_secret(name)


@pytest.mark.parametrize(
    "name",
    ["topics", "ssl.keystore.location", "sasl.oauthbearer.token.endpoint.url", "key.converter",
     "kubernetes.token.file", "inter.worker.signature.algorithm", "sasl.mechanism", "secret.name"],
)  # fmt: skip
def test_other_settings_hold_none(name: str) -> None:
    assert not sounds_secret(name)


def test_a_reference_is_secret_unless_its_setting_is_known_to_be_harmless() -> None:
    assert is_harmless("topics", "topic")
    assert is_harmless("database.hostname", "host")
    assert not is_harmless("connection.url", "url")
    assert not is_harmless("topics", "password")
    assert not is_harmless("table", "part", whole=False)
    assert not is_harmless("password", "user")


def test_switches_limits_and_references_are_no_secrets() -> None:
    given = {"use.token": "true", "max.tokens": "1000", "password": "${v:k}", "pwd": "hunter2"}
    assert secrets_of(given) == {"hunter2"}


def test_a_long_secret_is_hidden_wherever_it_stands_and_a_short_one_as_a_word() -> None:
    secrets = Secrets()
    secrets.learn(["correct-horse", "test", "abc"])
    text = "xcorrect-horsey test latest test-1 my.test (test) abc"
    assert secrets.hide(text) == "x[hidden]y [hidden] latest test-1 my.test ([hidden]) abc"


def test_other_ways_to_write_a_secret_are_hidden() -> None:
    secrets = Secrets()
    secrets.learn(['p@ss/w"rd\\1', "schlüssel"])
    for text in ("p%40ss%2Fw%22rd%5C1", 'p@ss/w\\"rd\\\\1', "schl\\xc3\\xbcssel"):
        assert secrets.hide(f"<{text}>") == "<[hidden]>"
    assert secrets.learn(["no text: \ud800"])


def test_the_passwords_of_a_login_and_the_lines_of_a_key_are_hidden() -> None:
    learn_settings(
        {
            "sasl.jaas.config": 'PlainLoginModule required username="me-myself" password="geheim";',
            "ssl.keystore.key": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----",
        }
    )
    assert hide("me-myself geheim, MIIEvQIBADANBgkqhkiG9w0") == "me-myself [hidden], [hidden]"


def test_whatever_is_declared_as_a_password_is_hidden_once_it_was_read() -> None:
    assert str(parse_type("pin", " hunter2 ", ConfigType.PASSWORD)) == "[hidden]"
    assert hide("wrong pin hunter2") == "wrong pin [hidden]"


def test_a_password_is_told_to_who_shows_what_this_process_prints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(SECRETS, "told", told.append)
    for text in ("hunter2", "hunter2", "true", "${v:k}"):
        learn_password(text)
    learn_settings({"password": "known-to-the-worker"})
    assert told == ["hunter2"]


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    secrets = Secrets(2)
    for value in ("one-secret", "two-secret", "one-secret", "three-secret"):
        secrets.learn([value])
    assert secrets.hide("one-secret two-secret three-secret").count("[hidden]") == 2
    SECRETS.forget()
