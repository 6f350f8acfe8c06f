"""SASL settings: the login module of `sasl.jaas.config` becomes librdkafka's own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from penstock.kafka import jaas
from penstock.kafka.jaas import LoginModule
from penstock.kafka.properties_rules import (
    INT_MAX,
    Draft,
    Table,
    flag,
    ignored,
    neutral,
    number,
    same,
)
from penstock.sdk.errors import ConfigError

_PASSWORDS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_OAUTH = "org.apache.kafka.common.security.oauthbearer."
_JAVA_CLASS = "it names a Java class, and this client is not Java"
_REFRESH = "librdkafka renews a token after four fifths of its life"
_KERBEROS = "Kerberos (GSSAPI) is not supported"
_TOKENS = "librdkafka waits in its own way for the token endpoint"
_AS_IS = "librdkafka sends credentials as they are"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HANDLERS = (
    _OAUTH + "OAuthBearerLoginCallbackHandler",
    _OAUTH + "secured.OAuthBearerLoginCallbackHandler",
    _OAUTH + "internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler",
)


def _retriever(draft: Draft, name: str, text: str) -> None:
    known = text.rsplit(".", 1)[-1]
    if known == "JwtBearerJwtRetriever":
        draft.settings["sasl.oauthbearer.grant.type"] = _JWT_BEARER
    elif known not in ("DefaultJwtRetriever", "ClientCredentialsJwtRetriever"):
        draft.remark(name, _JAVA_CLASS)


_ASSERTION = "sasl.oauthbearer.assertion."
SASL: Table = {
    "sasl.mechanism": neutral,  # this and the JAAS text: see finish_sasl
    "sasl.jaas.config": neutral,
    "sasl.client.callback.handler.class": ignored(_JAVA_CLASS),
    "sasl.login.callback.handler.class": ignored(_JAVA_CLASS, *_HANDLERS),
    "sasl.login.class": ignored(_JAVA_CLASS),
    "sasl.kerberos.kinit.cmd": ignored(_KERBEROS, "/usr/bin/kinit"),
    "sasl.kerberos.min.time.before.relogin": ignored(_KERBEROS, "60000"),
    "sasl.kerberos.service.name": ignored(_KERBEROS),
    "sasl.kerberos.ticket.renew.jitter": ignored(_KERBEROS, "0.05"),
    "sasl.kerberos.ticket.renew.window.factor": ignored(_KERBEROS, "0.8"),
    "sasl.login.connect.timeout.ms": ignored(_TOKENS),
    "sasl.login.read.timeout.ms": ignored(_TOKENS),
    "sasl.login.refresh.buffer.seconds": ignored(_REFRESH, "300"),
    "sasl.login.refresh.min.period.seconds": ignored(_REFRESH, "60"),
    "sasl.login.refresh.window.factor": ignored(_REFRESH, "0.8"),
    "sasl.login.refresh.window.jitter": ignored(_REFRESH, "0.05"),
    "sasl.login.retry.backoff.max.ms": ignored(_TOKENS, "10000"),
    "sasl.login.retry.backoff.ms": ignored(_TOKENS, "100"),
    "sasl.oauthbearer.token.endpoint.url": neutral,
    "sasl.oauthbearer.client.credentials.client.id": neutral,
    "sasl.oauthbearer.client.credentials.client.secret": neutral,
    "sasl.oauthbearer.scope": neutral,
    "sasl.oauthbearer.header.urlencode": ignored(
        "librdkafka sends credentials as they are", "false"
    ),
    "sasl.oauthbearer.jwt.retriever.class": _retriever,
    "sasl.oauthbearer.jwt.validator.class": ignored(
        _JAVA_CLASS, _OAUTH + "DefaultJwtValidator", _OAUTH + "ClientJwtValidator"
    ),
    # Only a broker, which judges tokens, makes use of these:
    "sasl.oauthbearer.clock.skew.seconds": neutral,
    "sasl.oauthbearer.expected.audience": neutral,
    "sasl.oauthbearer.expected.issuer": neutral,
    "sasl.oauthbearer.jwks.endpoint.refresh.ms": neutral,
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": neutral,
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": neutral,
    "sasl.oauthbearer.jwks.endpoint.url": neutral,
    "sasl.oauthbearer.scope.claim.name": neutral,
    "sasl.oauthbearer.sub.claim.name": neutral,
    **{
        _ASSERTION + name: neutral
        for name in (
            "algorithm",
            "claim.aud",
            "claim.exp.seconds",
            "claim.iss",
            "claim.jti.include",
            "claim.nbf.seconds",
            "claim.sub",
            "file",
            "private.key.file",
            "private.key.passphrase",
            "template.file",
        )
    },
}

_ASSERTIONS: Table = {
    _ASSERTION + "algorithm": lambda d, n, t: d.settings.update({n: t.upper()}),
    _ASSERTION + "claim.aud": same,
    _ASSERTION + "claim.exp.seconds": number(1, INT_MAX),
    _ASSERTION + "claim.iss": same,
    _ASSERTION + "claim.jti.include": flag(),
    _ASSERTION + "claim.nbf.seconds": number(0, INT_MAX),
    _ASSERTION + "claim.sub": same,
    _ASSERTION + "file": same,
    _ASSERTION + "private.key.file": same,
    _ASSERTION + "private.key.passphrase": same,
    _ASSERTION + "template.file": lambda d, _, t: d.settings.update(
        {_ASSERTION + "jwt.template.file": t}
    ),
}


def finish_sasl(draft: Draft) -> None:
    """Only called when the connection authenticates."""
    mechanism = draft.text("sasl.mechanism") or "GSSAPI"
    known: dict[str, Callable[[Draft, LoginModule | None], None]] = {
        **dict.fromkeys(_PASSWORDS, _password),
        "OAUTHBEARER": _oauth,
    }
    if mechanism not in known:
        detail = f"It is one of {', '.join(known)}."
        if mechanism == "GSSAPI":
            default = "" if draft.text("sasl.mechanism") else ", which is the default,"
            detail = f"Kerberos{default} is not supported; take {', '.join(known)}."
        raise ConfigError.invalid("sasl.mechanism", mechanism, detail)
    draft.settings["sasl.mechanism"] = mechanism
    given = draft.text("sasl.jaas.config")
    known[mechanism](draft, jaas.parse(given) if given is not None else None)


def _password(draft: Draft, login: LoginModule | None) -> None:
    mechanism = draft.settings["sasl.mechanism"]
    module = "PlainLoginModule" if mechanism == "PLAIN" else "ScramLoginModule"
    if login is None or login.name != module:
        raise ConfigError(f"sasl.jaas.config must name a {module} when sasl.mechanism is "
                          f"{mechanism}.")  # fmt: skip
    if login.options.get("tokenauth", "false").lower() == "true":
        raise ConfigError("sasl.jaas.config: librdkafka cannot log in with a delegation token; "
                          "give a user name and password.")  # fmt: skip
    for option in ("username", "password"):
        if option not in login.options:
            raise ConfigError(f"sasl.jaas.config: {module} needs the option {option}.")
        draft.settings[f"sasl.{option}"] = login.options[option]


def _oauth(draft: Draft, login: LoginModule | None) -> None:
    options: Mapping[str, str] = login.options if login is not None else {}
    if login is not None and login.name != "OAuthBearerLoginModule":
        raise ConfigError("sasl.jaas.config must name an OAuthBearerLoginModule when "
                          "sasl.mechanism is OAUTHBEARER.")  # fmt: skip
    if draft.text("sasl.oauthbearer.token.endpoint.url") is not None:
        _token_endpoint(draft, options)
    elif any(name.startswith("unsecuredLogin") for name in options):
        _unsecured(draft, options)
    else:
        raise ConfigError("sasl.oauthbearer.token.endpoint.url is missing: set the address that "
                          "gives tokens for sasl.mechanism OAUTHBEARER.")  # fmt: skip


def _token_endpoint(draft: Draft, options: Mapping[str, str]) -> None:
    settings = draft.settings
    url = draft.text("sasl.oauthbearer.token.endpoint.url") or ""
    if url.lower().startswith("file:"):
        detail = "librdkafka fetches tokens by HTTP only; name an http or https address."
        raise ConfigError.invalid("sasl.oauthbearer.token.endpoint.url", url, detail)
    settings["sasl.oauthbearer.method"] = "oidc"
    settings["sasl.oauthbearer.token.endpoint.url"] = url
    for to, option in (("client.id", "clientId"), ("client.secret", "clientSecret")):
        given = draft.text(f"sasl.oauthbearer.client.credentials.{to}") or options.get(option)
        if given is not None:
            settings[f"sasl.oauthbearer.{to}"] = given
    scope = draft.text("sasl.oauthbearer.scope") or options.get("scope")
    if scope is not None:
        settings["sasl.oauthbearer.scope"] = scope
    extensions = [
        f"{name.removeprefix('extension_')}={value}"
        for name, value in options.items()
        if name.startswith("extension_")
    ]
    if extensions:
        settings["sasl.oauthbearer.extensions"] = ",".join(extensions)
    _assertions(draft)


def _assertions(draft: Draft) -> None:
    if "sasl.oauthbearer.grant.type" not in draft.settings:
        return
    for name, rule in _ASSERTIONS.items():
        text = draft.text(name)
        if text is not None:
            rule(draft, name, text)


_CLAIM = "unsecuredLoginStringClaim_"


def _unsecured(draft: Draft, options: Mapping[str, str]) -> None:
    """Tokens without a signature: for development, as Java's default handler makes them."""
    principal_claim = options.get("unsecuredLoginPrincipalClaimName", "sub")
    scope_claim = options.get("unsecuredLoginScopeClaimName", "scope")
    parts = {
        "principalClaimName": options.get("unsecuredLoginPrincipalClaimName"),
        "principal": options.get(_CLAIM + principal_claim),
        "scopeClaimName": options.get("unsecuredLoginScopeClaimName"),
        "scope": options.get(_CLAIM + scope_claim),
        "lifeSeconds": options.get("unsecuredLoginLifetimeSeconds"),
    }
    parts |= {
        "extension_" + name.removeprefix("unsecuredLoginExtension_"): value
        for name, value in options.items()
        if name.startswith("unsecuredLoginExtension_")
    }
    given = [f"{name}={value}" for name, value in parts.items() if value is not None]
    draft.settings["enable.sasl.oauthbearer.unsecure.jwt"] = True
    draft.settings["sasl.oauthbearer.config"] = " ".join(given)
