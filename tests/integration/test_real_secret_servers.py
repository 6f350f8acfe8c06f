"""Providers against real servers, where the environment names one; CONTRIBUTING.md says how."""

from __future__ import annotations

import base64
import os
import ssl
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from penstock.providers.aws import SecretsManagerConfig, SecretsManagerConfigProvider
from penstock.providers.kubernetes import (
    KubernetesConfig,
    KubernetesConfigMapConfigProvider,
    KubernetesSecretConfigProvider,
)
from penstock.providers.vault import VaultConfigProvider
from penstock.providers.vault_config import VaultConfig
from penstock.sdk.provider import LookupFailed

VAULT = os.environ.get("PENSTOCK_TEST_VAULT_ADDR", "")
VAULT_TOKEN = os.environ.get("PENSTOCK_TEST_VAULT_TOKEN", "")
AWS = os.environ.get("PENSTOCK_TEST_AWS_ENDPOINT", "")
KUBERNETES = os.environ.get("PENSTOCK_TEST_KUBERNETES_SERVER", "")
KUBERNETES_TOKEN = os.environ.get("PENSTOCK_TEST_KUBERNETES_TOKEN", "")
KUBERNETES_CA = os.environ.get("PENSTOCK_TEST_KUBERNETES_CA_FILE", "")
VALUES = {"user": "app", "password": 'a"b\\c ü'}


def needs(what: str, address: str, *variables: str) -> Any:
    reason = f"set {' and '.join(variables)} to test with a real {what}"
    return pytest.mark.skipif(not address, reason=reason)


pytestmark = pytest.mark.integration
on_vault = needs("Vault", VAULT, "PENSTOCK_TEST_VAULT_ADDR", "PENSTOCK_TEST_VAULT_TOKEN")
on_aws = needs("AWS Secrets Manager", AWS, "PENSTOCK_TEST_AWS_ENDPOINT")
on_kubernetes = needs(
    "Kubernetes", KUBERNETES, "PENSTOCK_TEST_KUBERNETES_SERVER", "PENSTOCK_TEST_KUBERNETES_TOKEN"
)


@pytest.fixture
def name() -> str:
    return f"penstock-test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def vault(name: str) -> Iterator[httpx.Client]:
    """As an administrator; what is made under the test's name is removed."""
    with httpx.Client(base_url=f"{VAULT}/v1/", headers={"X-Vault-Token": VAULT_TOKEN}) as client:
        yield client
        for made in (f"sys/mounts/{name}", f"sys/auth/{name}", f"sys/policies/acl/{name}"):
            client.delete(made)


def posted(client: httpx.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else {}


def of_vault(**settings: str) -> VaultConfigProvider:
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return VaultConfigProvider(VaultConfig({"vault.address": VAULT, **named}, {}))


@on_vault
@pytest.mark.parametrize("version", ["1", "2"])
def test_vault_gives_keys_of_both_engines(vault: httpx.Client, name: str, version: str) -> None:
    posted(vault, f"sys/mounts/{name}", {"type": "kv", "options": {"version": version}})
    path, body = (f"{name}/db", VALUES) if version == "1" else (f"{name}/data/db", {"data": VALUES})
    posted(vault, path, body)
    asked = of_vault(vault__auth__token=VAULT_TOKEN)
    assert asked.get(f"{name}/db", VALUES.keys()).data == VALUES
    with pytest.raises(LookupFailed, match="there is no such secret"):
        asked.get(f"{name}/nothing", ["k"])


@on_vault
def test_vault_lets_a_role_read_what_its_policy_allows(vault: httpx.Client, name: str) -> None:
    posted(vault, f"sys/mounts/{name}", {"type": "kv", "options": {"version": "2"}})
    posted(vault, f"{name}/data/db", {"data": VALUES})
    policy = f'path "{name}/data/db" {{ capabilities = ["read"] }}'
    posted(vault, f"sys/policies/acl/{name}", {"policy": policy})
    posted(vault, f"sys/auth/{name}", {"type": "approle"})
    posted(vault, f"auth/{name}/role/connect", {"token_policies": name, "token_ttl": "1h"})
    role = vault.get(f"auth/{name}/role/connect/role-id").json()["data"]["role_id"]
    secret = posted(vault, f"auth/{name}/role/connect/secret-id", {})["data"]["secret_id"]
    login = {"vault__auth__method": "approle", "vault__auth__mount": name}
    asked = of_vault(**login, vault__auth__role=role, vault__auth__secret=secret)
    assert asked.get(f"{name}/db", ["user"]).data == {"user": "app"}
    with pytest.raises(LookupFailed, match="policy"):
        asked.get(f"{name}/other", ["k"])
    wrong = of_vault(**login, vault__auth__role=role, vault__auth__secret="wrong")
    with pytest.raises(LookupFailed, match=r"check vault\.auth\.role, vault\.auth\.secret"):
        wrong.get(f"{name}/db", ["user"])


@on_aws
def test_aws_gives_keys_and_whole_secrets(name: str) -> None:
    import boto3

    region = os.environ.get("AWS_REGION", "us-east-1")
    client: Any = boto3.client("secretsmanager", region_name=region, endpoint_url=AWS)
    text = '{"user": "app", "port": 5432}'
    made = client.create_secret(Name=name, SecretString=text)
    try:
        given = {"aws.region": region, "aws.endpoint.url": AWS}
        asked = SecretsManagerConfigProvider(SecretsManagerConfig(given))
        assert asked.get(name, ["user", "port"]).data == {"user": "app", "port": "5432"}
        assert asked.get(made["ARN"].replace(":", "%3A"), ["user"]).data == {"user": "app"}
        assert asked.get("", [name]).data == {name: text}
        with pytest.raises(LookupFailed, match="ResourceNotFoundException"):
            asked.get(name + "-nothing", ["user"])
    finally:
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


@on_kubernetes
@pytest.mark.parametrize(
    ("kind", "resource", "provider"),
    [
        ("Secret", "secrets", KubernetesSecretConfigProvider),
        ("ConfigMap", "configmaps", KubernetesConfigMapConfigProvider),
    ],
)
def test_kubernetes_gives_secrets_and_config_maps(
    name: str, kind: str, resource: str, provider: type[KubernetesSecretConfigProvider]
) -> None:
    data = VALUES
    if kind == "Secret":
        data = {k: base64.b64encode(v.encode()).decode() for k, v in VALUES.items()}
    tls = ssl.create_default_context(cafile=KUBERNETES_CA or None)
    login = {"Authorization": f"Bearer {KUBERNETES_TOKEN}"}
    base = f"{KUBERNETES}/api/v1/namespaces/default/{resource}"
    given = {
        "kubernetes.api.server": KUBERNETES,
        "kubernetes.token": KUBERNETES_TOKEN,
        **({"kubernetes.ca.file": KUBERNETES_CA} if KUBERNETES_CA else {}),
    }
    with httpx.Client(headers=login, verify=tls) as client:
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data}
        posted(client, base, body)
        try:
            asked = provider(KubernetesConfig(given, {}))
            assert asked.get(f"default/{name}", VALUES.keys()).data == VALUES
            with pytest.raises(LookupFailed, match="not found"):
                asked.get(f"default/{name}-nothing", ["user"])
        finally:
            client.delete(f"{base}/{name}")
