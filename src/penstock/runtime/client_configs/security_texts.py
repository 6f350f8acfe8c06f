"""What the settings of secured connections mean, for documentation and validation answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PROTOCOL_TEXTS: Final[Mapping[str, str]] = {
    "security.protocol": "Whether connections to brokers are encrypted (SSL) and clients log in "
    "(SASL).",
}

SSL_TEXTS: Final[Mapping[str, str]] = {
    "ssl.protocol": "Newest version of TLS to offer.",
    "ssl.provider": "Java security provider; accepted and without effect here.",
    "ssl.cipher.suites": "Ciphers to offer; without any, all that are considered safe.",
    "ssl.enabled.protocols": "Versions of TLS to offer.",
    "ssl.keystore.type": "Format of the key store; PEM can be read, and PKCS12 for Kafka.",
    "ssl.keystore.location": "File with the own key and certificate.",
    "ssl.keystore.password": "Password of the key store; PEM files have none.",
    "ssl.key.password": "Password of the own key.",
    "ssl.keystore.key": "The own key itself, as PEM, in place of a file.",
    "ssl.keystore.certificate.chain": "The own certificate and its issuers, as PEM, in place of "
    "a file.",
    "ssl.truststore.certificates": "Certificates of trusted issuers, as PEM, in place of a file.",
    "ssl.truststore.type": "Format of the trust store; PEM can be read.",
    "ssl.truststore.location": "File with the certificates of trusted issuers.",
    "ssl.truststore.password": "Password of the trust store; PEM files have none.",
    "ssl.keymanager.algorithm": "Java's algorithm for choosing keys; accepted and without effect "
    "here.",
    "ssl.trustmanager.algorithm": "Java's algorithm for trusting; accepted and without effect "
    "here.",
    "ssl.endpoint.identification.algorithm": "Whether the certificate must name the server's "
    "host: `https`, or empty for no check.",
    "ssl.secure.random.implementation": "Java's source of random numbers; accepted and without "
    "effect here.",
    "ssl.engine.factory.class": "Java class that makes TLS engines; accepted and without effect "
    "here.",
}

_OAUTH: Final = "sasl.oauthbearer."

SASL_TEXTS: Final[Mapping[str, str]] = {
    "sasl.kerberos.service.name": "Name under which the brokers run in Kerberos.",
    "sasl.kerberos.kinit.cmd": "Path of the command `kinit`.",
    "sasl.kerberos.ticket.renew.window.factor": "Part of a ticket's life after which it is "
    "renewed.",
    "sasl.kerberos.ticket.renew.jitter": "Random part of that time, so that not all renew at once.",
    "sasl.kerberos.min.time.before.relogin": "Shortest time between two logins, in milliseconds.",
    "sasl.login.refresh.window.factor": "Part of a token's life after which a new one is fetched.",
    "sasl.login.refresh.window.jitter": "Random part of that time, so that not all fetch at once.",
    "sasl.login.refresh.min.period.seconds": "Shortest wait before a token is fetched anew.",
    "sasl.login.refresh.buffer.seconds": "How long before its end a token must be replaced.",
    "sasl.mechanism": "How to log in: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI.",
    "sasl.jaas.config": "Login module and its options, in the format of JAAS files.",
    "sasl.client.callback.handler.class": "Java class that answers questions while logging in.",
    "sasl.login.callback.handler.class": "Java class that provides credentials.",
    "sasl.login.class": "Java class that logs in.",
    "sasl.login.connect.timeout.ms": "How long connecting to the identity provider may take.",
    "sasl.login.read.timeout.ms": "How long the identity provider may take to answer.",
    "sasl.login.retry.backoff.max.ms": "Longest wait before the identity provider is asked again.",
    "sasl.login.retry.backoff.ms": "First wait before the identity provider is asked again.",
    _OAUTH + "jwt.retriever.class": "Java class that fetches tokens.",
    _OAUTH + "jwt.validator.class": "Java class that checks tokens.",
    _OAUTH + "scope": "Scope to ask for.",
    _OAUTH + "client.credentials.client.id": "Name by which this client asks for tokens.",
    _OAUTH + "client.credentials.client.secret": "Secret with which this client asks for tokens.",
    _OAUTH + "assertion.algorithm": "How assertions are signed.",
    _OAUTH + "assertion.claim.aud": "Audience claim of assertions.",
    _OAUTH + "assertion.claim.exp.seconds": "After how many seconds an assertion expires.",
    _OAUTH + "assertion.claim.iss": "Issuer claim of assertions.",
    _OAUTH + "assertion.claim.jti.include": "Whether assertions have an id of their own.",
    _OAUTH + "assertion.claim.nbf.seconds": "How many seconds before now an assertion is valid.",
    _OAUTH + "assertion.claim.sub": "Subject claim of assertions.",
    _OAUTH + "assertion.file": "File with a finished assertion.",
    _OAUTH + "assertion.private.key.file": "File with the key that signs assertions, as PEM.",
    _OAUTH + "assertion.private.key.passphrase": "Password of that key.",
    _OAUTH + "assertion.template.file": "File with further headers and claims of assertions.",
    _OAUTH + "scope.claim.name": "Claim that holds the scope.",
    _OAUTH + "sub.claim.name": "Claim that holds the subject.",
    _OAUTH + "token.endpoint.url": "Where tokens are fetched.",
    _OAUTH + "jwks.endpoint.url": "Where the identity provider's keys are found.",
    _OAUTH + "jwks.endpoint.refresh.ms": "How often these keys are fetched anew.",
    _OAUTH + "jwks.endpoint.retry.backoff.max.ms": "Longest wait before they are fetched again.",
    _OAUTH + "jwks.endpoint.retry.backoff.ms": "First wait before they are fetched again.",
    _OAUTH + "clock.skew.seconds": "By how much clocks may differ.",
    _OAUTH + "expected.audience": "Audiences a token may name.",
    _OAUTH + "expected.issuer": "Issuer a token must name.",
    _OAUTH + "header.urlencode": "Whether id and secret are URL-encoded in the request.",
}
