"""Secrets of Vault, from a server that answers as Vault does."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from penstock.broker.certificates import issue, pem, private_pem
from penstock.providers.vault import VaultConfigProvider
from penstock.providers.vault_config import VaultConfig
from penstock.runtime.config_references import resolve
from penstock.sdk.config import ConfigError
from penstock.sdk.errors import ConnectError
from penstock.sdk.provider import ConfigData, LookupFailed
from tests.secret_servers import FakeVault, serving

LEASED = "database/creds/app"
ROLE = {"vault.auth.method": "AppRole", "vault.auth.role": "role"}


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = 1000.0, list[float]()

    def __call__(self) -> float:
        return self.now


def provider(
    vault: FakeVault, clock: Clock | None = None, /, **settings: str
) -> VaultConfigProvider:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    given = {"vault.address": vault.url, "retry.interval.ms": "0", **named}
    if "vault.auth.method" not in given:
        given["vault.auth.token"] = given.get("vault.auth.token", vault.root)
    return VaultConfigProvider(VaultConfig(given, {}), clock or Clock())


def by_role(
    vault: FakeVault, clock: Clock | None = None, /, **settings: str
) -> VaultConfigProvider:
    role = {"vault__auth__method": "AppRole", "vault__auth__role": "role"}
    return provider(vault, clock, **role, **settings)


def failure(vault: VaultConfigProvider, path: str, *keys: str) -> str:
    with pytest.raises(LookupFailed) as told:
        vault.get(path, keys)
    return str(told.value)


@pytest.mark.parametrize("path", ["secret/db", "secret/data/db", "/secret/db/"])
@pytest.mark.parametrize("version", ["auto", "2"])
def test_reads_the_second_version_by_the_secret_s_path(
    vault: FakeVault, path: str, version: str
) -> None:
    vault.v2["secret/db"] = {"user": "app", "password": "geheim", "port": 5432}
    asked = provider(vault, vault__secrets__version=version)
    assert asked.get(path, ["password", "port"]) == ConfigData(
        {"password": "geheim", "port": "5432"}
    )


def test_reads_the_second_version_under_a_mount_of_several_parts(vault: FakeVault) -> None:
    vault.v2["team/kv/app/db"] = {"k": "v"}
    asked = provider(vault, vault__prefix="team/kv")
    assert asked.get("app/db", ["k"]).data == {"k": "v"}
    assert asked.get("app/db", ["k"]).data == {"k": "v"}
    assert len([path for path in vault.asked if "mounts" in path]) == 1


@pytest.mark.parametrize("version", ["auto", "1"])
def test_reads_the_first_version_for_as_long_as_it_says(vault: FakeVault, version: str) -> None:
    vault.v1["old/db"] = {"k": "v"}
    asked = provider(vault, vault__secrets__version=version)
    assert asked.get("old/db", ["k"]) == ConfigData({"k": "v"}, 2_764_800_000)


def test_values_without_an_end_get_that_of_the_settings(vault: FakeVault) -> None:
    vault.v2["secret/db"] = {"k": "v"}
    assert provider(vault, secret__ttl__ms="60000").get("secret/db", ["k"]).ttl_ms == 60_000


def test_a_lease_is_given_again_in_its_first_half_and_ends_before_it_ends(vault: FakeVault) -> None:
    clock = Clock()
    asked = provider(vault, clock)
    first = asked.get(LEASED, ["username", "password"])
    clock.now += 1600
    second = asked.get(LEASED, ["username", "password"])
    assert first.data == second.data == {"username": "user-1", "password": "made-for-user-1"}
    assert (first.ttl_ms, second.ttl_ms) == (3_240_000, 1_640_000)
    clock.now += 100
    assert asked.get(LEASED, ["username"]).data == {"username": "user-2"}


def test_a_lease_that_is_over_is_not_given_again(vault: FakeVault) -> None:
    vault.lease_seconds, clock = 2, Clock()
    asked = provider(vault, clock)
    assert asked.get(LEASED, ["username"]).ttl_ms == 1800
    clock.now += 2
    assert asked.get(LEASED, ["username"]).data == {"username": "user-2"}


def test_a_lease_that_was_revoked_is_not_given_again(vault: FakeVault) -> None:
    clock = Clock()
    asked = provider(vault, clock)
    assert asked.get(LEASED, ["username"]).data == {"username": "user-1"}
    vault.leases.clear()
    clock.now += 9  # tasks that start together are not checked
    assert asked.get(LEASED, ["username"]).data == {"username": "user-1"}
    clock.now += 2
    assert asked.get(LEASED, ["username"]).data == {"username": "user-2"}


def test_however_often_a_secret_is_looked_up_few_leases_are_made(vault: FakeVault) -> None:
    vault.lease_seconds, clock = 100, Clock()
    asked = provider(vault, clock)
    for _ in range(1000):
        asked.get(LEASED, ["username"])
        clock.now += 1
    assert len(vault.leases) <= 1000 / 45 + 1


def test_a_lease_is_no_longer_good_than_the_token_it_was_made_with(vault: FakeVault) -> None:
    vault.token_seconds, clock = 100, Clock()
    asked = by_role(vault, clock, vault__auth__secret="secret-id")
    assert asked.get(LEASED, ["username"]).ttl_ms == 90_000
    clock.now += 49
    assert asked.get(f"{LEASED}-2", ["username"]).ttl_ms == 41_000
    clock.now += 1  # there is a token that lives longer now
    assert asked.get(f"{LEASED}-3", ["username"]).ttl_ms == 90_000
    assert len(vault.logins) == 2


def test_a_role_logs_in_once_and_again_when_its_token_has_expired(vault: FakeVault) -> None:
    vault.v2["secret/db"], vault.token_seconds = {"k": "v"}, 3600
    asked = by_role(vault, vault__auth__secret="secret-id")
    assert asked.get("secret/db", ["k"]).data == asked.get("secret/db", ["k"]).data == {"k": "v"}
    assert vault.logins == ["auth/approle/login"]
    vault._tokens = dict.fromkeys(vault._tokens, 0.0)
    assert asked.get("secret/db", ["k"]).data == {"k": "v"}
    assert vault.logins == ["auth/approle/login"] * 2


def test_a_method_may_be_mounted_elsewhere(vault: FakeVault) -> None:
    vault.v2["secret/db"] = {"k": "v"}
    asked = by_role(vault, vault__auth__secret="secret-id", vault__auth__mount="apps")
    assert asked.get("secret/db", ["k"]).data == {"k": "v"}
    assert vault.logins == ["auth/apps/login"]


def test_a_service_account_logs_in(vault: FakeVault, tmp_path: Path) -> None:
    vault.v2["secret/db"] = {"k": "v"}
    file = tmp_path / "token"
    file.write_text("account-token\n")
    settings = {"vault__auth__method": "kubernetes", "vault__auth__role": "connect"}
    asked = provider(vault, **settings, vault__auth__jwt__file=str(file))
    assert asked.get("secret/db", ["k"]).data == {"k": "v"}
    file.unlink()
    again = provider(vault, **settings, vault__auth__jwt__file=str(file))
    assert "does this run in Kubernetes?" in failure(again, "secret/db", "k")


def test_a_namespace_goes_with_every_request(vault: FakeVault) -> None:
    vault.v2["secret/db"], vault.namespace = {"k": "v"}, "team"
    settings = {"vault__auth__secret": "secret-id"}
    assert by_role(vault, **settings, vault__namespace="team").get("secret/db", ["k"]).data
    assert "answers 404: no handler" in failure(by_role(vault, **settings), "secret/db", "k")


def test_a_vault_that_is_sealed_for_a_moment_is_asked_again(vault: FakeVault) -> None:
    vault.v2["secret/db"], vault.away = {"k": "v"}, 2
    assert provider(vault).get("secret/db", ["k"]).data == {"k": "v"}
    vault.away = 3
    assert "answers 503: Vault is sealed" in failure(provider(vault), "old/db", "k")


def test_what_is_wrong_is_told_with_what_to_do(vault: FakeVault) -> None:
    vault.v2 |= {"secret/db": {"user": "app", "password": "geheim"}, "secret/gone": None}
    asked = provider(vault)
    for path, key, told in (
        ("secret/db", "pass", "it has no key pass; its keys are: password, user"),
        ("secret/none", "k", "there is no such secret, or it was deleted"),
        ("secret/gone", "k", "there is no such secret, or it was deleted"),
        ("old/forbidden", "k", "permission denied; let a policy of the login's allow to read"),
        ("", "k", "it needs a path, as in ${vault:secret/database:password}"),
    ):
        said = failure(asked, path, key)
        assert told in said
        assert vault.root not in said
        assert "geheim" not in said


def test_a_wrong_login_is_told_without_its_secrets(vault: FakeVault) -> None:
    said = failure(by_role(vault, vault__auth__secret="wrong-secret"), "secret/db", "k")
    assert "the login by approle is refused; check vault.auth.role, vault.auth.secret" in said
    assert "wrong-secret" not in said
    said = failure(provider(vault, vault__auth__token="wrong-token"), "secret/db", "k")
    assert "answers 403: permission denied" in said
    assert "wrong-token" not in said


def test_a_reference_that_cannot_be_resolved_names_provider_path_and_key(vault: FakeVault) -> None:
    wanted = "The config provider v has no value for ${v:secret/none:password}: Vault at "
    with pytest.raises(ConfigError, match=wanted.replace("$", r"\$").replace("{", r"\{")):
        resolve({"p": "${v:secret/none:password}"}, {"v": provider(vault)})
    vault.away = 99
    with pytest.raises(ConnectError, match="Vault is sealed"):
        resolve({"p": "${v:secret/none:password}"}, {"v": provider(vault)})


def test_a_vault_that_is_not_there_is_named(vault: FakeVault) -> None:
    nowhere = FakeVault(url="http://127.0.0.1:1")
    said = failure(provider(nowhere), "secret/db", "k")
    assert "Vault at http://127.0.0.1:1 cannot be reached after 3 attempts" in said


def test_settings_of_other_providers_are_understood() -> None:
    config = VaultConfig(
        {
            "vault.addr": "http://vault:8200",
            "vault.login.by": "AppRole",
            "app.role.id": "r",
            "vault.secret.id": "s",
            "vault.engine.version": "2",
        },
        {"VAULT_ADDR": "http://other:8200", "VAULT_NAMESPACE": "team"},
    )
    assert config.vault_address == "http://vault:8200"
    assert (config.method, config.vault_auth_role) == ("approle", "r")
    assert (config.vault_secrets_version, config.vault_namespace) == ("2", "team")
    assert "'s'" not in repr(config)


def test_what_is_missing_is_named() -> None:
    for given, told in (
        ({}, "vault.address is not set, and neither is VAULT_ADDR"),
        ({"vault.address": "vault:8200"}, "give an address that begins with http"),
        ({"vault.address": "http://v"}, "vault.auth.method token needs vault.auth.token"),
        ({"vault.address": "http://v", **ROLE}, "approle needs vault.auth.secret"),
    ):
        with pytest.raises(ConfigError, match=told):
            VaultConfig(given, {})


def test_a_certificate_that_is_not_trusted_is_explained(tmp_path: Path) -> None:
    holder = issue("127.0.0.1", None, ("127.0.0.1",))
    (tmp_path / "server.pem").write_text(private_pem(holder.key) + pem(holder.certificate))
    (tmp_path / "ca.pem").write_text(pem(holder.certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "server.pem")
    vault = FakeVault()
    vault.v2["secret/db"] = {"k": "v"}
    with serving(vault, tls):
        good = provider(vault, vault__ssl__ca__location=str(tmp_path / "ca.pem"))
        assert good.get("secret/db", ["k"]).data == {"k": "v"}
        assert "is not trusted" in failure(provider(vault), "secret/db", "k")
        assert provider(vault, vault__ssl__verify__enabled="false").get("secret/db", ["k"]).data
