"""Secrets of AWS, from a server that checks signatures as AWS does."""

from __future__ import annotations

import base64
import io
import logging
import sys

import pytest

from penstock.observability.logging_context import ContextFilter
from penstock.providers.aws import SecretsManagerConfig, SecretsManagerConfigProvider
from penstock.runtime.config_references import resolve
from penstock.sdk.config import ConfigError
from penstock.sdk.provider import LookupFailed
from tests.secret_servers import FakeSecretsManager


@pytest.fixture(autouse=True)
def no_credentials_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def provider(server: FakeSecretsManager, **settings: str) -> SecretsManagerConfigProvider:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    given = {
        "aws.region": "eu-west-1",
        "aws.access.key": server.access_key,
        "aws.secret.key": server.secret_key,
        "aws.endpoint.url": server.url,
    }
    return SecretsManagerConfigProvider(SecretsManagerConfig({**given, **named}))


def failure(asked: SecretsManagerConfigProvider, path: str, *keys: str) -> str:
    with pytest.raises(LookupFailed) as told:
        asked.get(path, keys)
    return str(told.value)


def test_reads_keys_of_a_secret_with_a_signed_request(aws: FakeSecretsManager) -> None:
    aws.secrets["prod/db"] = '{"user": "app", "password": "geheim", "port": 5432}'
    found = provider(aws).get("prod/db", ["password", "port"])
    assert (found.data, found.ttl_ms) == ({"password": "geheim", "port": "5432"}, None)
    assert provider(aws, secret__prefix="prod/").get("db", ["user"]).data == {"user": "app"}


def test_a_secret_is_named_by_its_arn_and_says_when_to_look_again(aws: FakeSecretsManager) -> None:
    aws.secrets["arn:aws:secretsmanager:eu-west-1:1:secret:db-x"] = '{"k": "v"}'
    name = "arn%3Aaws%3Asecretsmanager%3Aeu-west-1%3A1%3Asecret%3Adb-x"
    found = provider(aws).get(f"{name}?ttl=60000", ["k"])
    assert (found.data, found.ttl_ms) == ({"k": "v"}, 60_000)


def test_a_secret_may_be_used_as_a_whole(aws: FakeSecretsManager) -> None:
    aws.secrets |= {"text": "geheim", "bytes": b"binary"}
    found = provider(aws, secret__ttl__ms="5000").get("", ["text", "bytes"])
    assert (found.data, found.ttl_ms) == ({"text": "geheim", "bytes": "binary"}, 5000)
    coded = provider(aws, RawSecretEncoding="base64").get("", ["text"]).data
    assert coded == {"text": base64.b64encode(b"geheim").decode()}


def test_credentials_of_the_environment_are_found(
    aws: FakeSecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.secrets["db"] = '{"k": "v"}'
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", aws.secret_key)
    config = SecretsManagerConfig({"region": "eu-west-1", "endpoint.override": aws.url})
    assert SecretsManagerConfigProvider(config).get("db", ["k"]).data == {"k": "v"}


def test_a_service_that_is_busy_for_a_moment_is_asked_again(aws: FakeSecretsManager) -> None:
    aws.secrets["db"], aws.busy = '{"k": "v"}', 1
    assert provider(aws).get("db", ["k"]).data == {"k": "v"}
    assert aws.asked == ["db", "db"]


def test_answers_are_not_logged_while_nobody_knows_what_is_secret_of_them(
    aws: FakeSecretsManager,
) -> None:
    aws.secrets["db"] = '{"user": "app", "code": "geheim"}'
    log, written = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(ContextFilter())
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.DEBUG)
    try:
        assert resolve({"table": "${aws:db:code}"}, {"aws": provider(aws)}).config["table"]
        log.debug("This is logged again.")
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    assert written.getvalue() == "This is logged again.\n"


def test_what_is_wrong_is_told_with_what_to_do(aws: FakeSecretsManager) -> None:
    aws.secrets |= {"text": "geheim", "db": '{"user": "app"}'}
    for path, told in (
        ("none", "there is no such secret; check name, account and region"),
        ("forbidden", "allow secretsmanager:GetSecretValue"),
        ("text", "the secret is no JSON object with keys"),
        ("db", "it has no key k; its keys are: user"),
    ):
        said = failure(provider(aws), path, "k")
        assert told in said
        assert "geheim" not in said


def test_wrong_credentials_are_told_apart(aws: FakeSecretsManager) -> None:
    said = failure(provider(aws, aws__secret__key="wrong-secret"), "db", "k")
    assert "the secret key is not that of the access key" in said
    assert "wrong-secret" not in said
    said = failure(provider(aws, aws__access__key="AKIDOTHER"), "db", "k")
    assert "the access key is not known; check aws.access.key" in said
    bare = SecretsManagerConfig({"aws.region": "eu-west-1", "endpoint.override": aws.url})
    said = failure(SecretsManagerConfigProvider(bare), "db", "k")
    assert "there are no credentials" in said
    regionless = SecretsManagerConfig({"aws.access.key": "a", "aws.secret.key": "b"})
    assert "set aws.region" in failure(SecretsManagerConfigProvider(regionless), "db", "k")
    with pytest.raises(ConfigError, match="belong together; set both"):
        SecretsManagerConfig({"aws.access.key": "a"})


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    with pytest.raises(ConfigError, match=r"needs boto3: pip install 'penstock\[aws\]'"):
        SecretsManagerConfigProvider(SecretsManagerConfig({}))
