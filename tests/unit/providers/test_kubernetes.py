"""Secrets and config maps, from a server that answers as Kubernetes does."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.providers import kubernetes as module
from penstock.providers.kubernetes import (
    KubernetesConfig,
    KubernetesConfigMapConfigProvider,
    KubernetesSecretConfigProvider,
)
from penstock.sdk.config import ConfigError
from penstock.sdk.provider import LookupFailed
from tests.secret_servers import FakeKubernetes


def provider(server: FakeKubernetes, **settings: str) -> KubernetesSecretConfigProvider:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    given = {"kubernetes.api.server": server.url, "kubernetes.token": server.token}
    return KubernetesSecretConfigProvider(KubernetesConfig({**given, **named}, {}))


def test_reads_a_secret_of_a_namespace(kubernetes: FakeKubernetes) -> None:
    kubernetes.secrets["team/db"] = {"user": b"app", "password": "geheim-ä".encode()}
    found = provider(kubernetes).get("team/db", ["password"])
    assert (found.data, found.ttl_ms) == ({"password": "geheim-ä"}, None)


def test_a_path_without_a_namespace_is_of_the_settings_one(kubernetes: FakeKubernetes) -> None:
    kubernetes.secrets["team/db"] = {"k": b"v"}
    asked = provider(kubernetes, namespace="team", secret__ttl__ms="5000")
    assert asked.get("db", ["k"]).ttl_ms == 5000
    with pytest.raises(LookupFailed, match="the path names no namespace; write namespace/name"):
        provider(kubernetes).get("db", ["k"])
    with pytest.raises(LookupFailed, match="the path is to be namespace/name of a secret"):
        provider(kubernetes).get("a/b/c", ["k"])


def test_a_pod_needs_no_settings(
    kubernetes: FakeKubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubernetes.secrets["here/db"] = {"k": b"v"}
    monkeypatch.setattr(module, "ACCOUNT", tmp_path)
    (tmp_path / "namespace").write_text("here")
    (tmp_path / "token").write_text(kubernetes.token)
    config = KubernetesConfig({"kubernetes.token.file": str(tmp_path / "token")},
                              {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})  # fmt: skip
    assert config.address == "https://10.0.0.1:443"
    config.kubernetes_api_server = kubernetes.url
    assert KubernetesSecretConfigProvider(config).get("db", ["k"]).data == {"k": "v"}


def test_a_token_that_is_replaced_is_read_again(kubernetes: FakeKubernetes, tmp_path: Path) -> None:
    kubernetes.secrets["team/db"] = {"k": b"v"}
    file = tmp_path / "token"
    file.write_text("old-token")
    given = {"kubernetes.api.server": kubernetes.url, "kubernetes.token.file": str(file)}
    asked = KubernetesSecretConfigProvider(KubernetesConfig(given, {}))
    with pytest.raises(LookupFailed, match="answers 401: Unauthorized; the token is wrong"):
        asked.get("team/db", ["k"])
    file.write_text(kubernetes.token)
    assert asked.get("team/db", ["k"]).data == {"k": "v"}


def test_reads_texts_and_bytes_of_a_config_map(kubernetes: FakeKubernetes) -> None:
    kubernetes.maps["team/settings"] = {"data": {"a": "1"}, "binaryData": {"b": "Mg=="}}
    config = KubernetesConfig(
        {"kubernetes.api.server": kubernetes.url, "kubernetes.token": kubernetes.token}, {}
    )
    asked = KubernetesConfigMapConfigProvider(config)
    assert asked.get("team/settings", ["a", "b"]).data == {"a": "1", "b": "2"}
    with pytest.raises(LookupFailed, match="there is no config map none in the namespace team"):
        asked.get("team/none", ["a"])


def test_what_is_wrong_is_told_with_what_to_do(kubernetes: FakeKubernetes) -> None:
    kubernetes.secrets["team/db"] = {"bytes": b"\xff", "user": b"app"}
    for path, key, told in (
        ("team/none", "k", "there is no secret none in the namespace team"),
        ("forbidden/db", "k", "let a role of the account allow to get secrets in the namespace"),
        ("team/db", "bytes", "the value of bytes is no text in UTF-8"),
    ):
        with pytest.raises(LookupFailed, match=told):
            provider(kubernetes).get(path, [key])
    with pytest.raises(ConfigError, match="this is no pod of Kubernetes"):
        KubernetesConfig({}, {})


def test_other_values_of_a_secret_need_not_be_text(kubernetes: FakeKubernetes) -> None:
    kubernetes.secrets["team/db"] = {"store.jks": b"\xff\xfe", "user": b"app"}
    assert provider(kubernetes).get("team/db", ["user"]).data == {"user": "app"}
    with pytest.raises(LookupFailed, match="it has no key pass; its keys are: store"):
        provider(kubernetes).get("team/db", ["pass"])
