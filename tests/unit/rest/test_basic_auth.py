"""Basic authentication, configured as for a Java worker."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from penstock.rest.basic_auth import MODULE, NAMES, BasicAuth, read_users
from penstock.rest.errors import BodyError
from penstock.rest.extensions import guards
from penstock.sdk.errors import ConfigError


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def jaas(password_file: str) -> str:
    return f'KafkaConnect {{\n  {MODULE} required\n  file="{password_file}";\n}};\n'


def test_users_come_from_the_file_that_jaas_names(tmp_path: Path):
    (tmp_path / "users").write_text("# staff\nanna = secret:1\nbert:x\n")
    (tmp_path / "jaas").write_text(jaas(str(tmp_path / "users")))
    options = f"-Xmx1g -Djava.security.auth.login.config={tmp_path / 'jaas'}"
    (guard,) = guards([NAMES[1]], {"KAFKA_OPTS": options})
    assert guard.refusal("GET", "connectors", basic("anna:secret:1")) is None
    assert guard.refusal("GET", "connectors", basic("bert:x")) is None
    for wrong in ("anna:x", "carl:x", ":x", "anna"):
        assert guard.refusal("GET", "connectors", basic(wrong)) is not None
    assert guard.refusal("GET", "connectors", {}) is not None
    assert guard.refusal("PUT", "connectors/c/fence", {}) is None
    assert guard.refusal("PUT", "connectors/c/config", {}) is not None


def test_a_header_that_is_no_base64_is_an_error():
    with pytest.raises(BodyError, match="not valid base64"):
        BasicAuth({"u": "p"}).refusal("GET", "", {"authorization": "Basic ä"})


def test_a_password_file_that_is_not_there_lets_nobody_in():
    guard = BasicAuth.from_jaas(jaas("/nowhere/users"))
    assert guard.refusal("GET", "connectors", basic("a:b")) is not None


def test_an_empty_password_file_lets_everybody_in(tmp_path: Path):
    (tmp_path / "users").write_text("\n! nobody\n")
    assert read_users(tmp_path / "users") == {}
    guard = BasicAuth.from_jaas(jaas(str(tmp_path / "users")))
    assert guard.refusal("GET", "connectors", {}) is None


@pytest.mark.parametrize(
    ("extensions", "environment", "message"),
    [
        (["com.example.Audit"], {}, "Invalid value com.example.Audit for configuration rest.ext"),
        ([NAMES[0]], {}, "needs a JAAS file"),
        (
            [NAMES[0]],
            {"KAFKA_OPTS": "-Djava.security.auth.login.config=/nowhere"},
            "cannot be read",
        ),
        ([NAMES[0]], {"KAFKA_OPTS": "'"}, "cannot be taken apart"),
    ],
)
def test_what_is_missing_is_named(extensions: list[str], environment: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message):
        guards(extensions, environment)
