"""The settings by which every Kafka client and the worker itself secure connections."""

from __future__ import annotations

from penstock.runtime.client_configs.security_texts import PROTOCOL_TEXTS, SASL_TEXTS, SSL_TEXTS
from penstock.runtime.client_configs.tables import settings
from penstock.sdk.checks import (
    between,
    list_without_duplicates,
    one_of,
    one_of_ignoring_case,
    optional,
)

_LIST = list_without_duplicates()

SECURITY_PROTOCOL = settings(
    "security.protocol STRING MEDIUM PLAINTEXT",
    {"security.protocol": one_of_ignoring_case("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")},
    PROTOCOL_TEXTS,
)

SSL = settings(
    """
ssl.protocol STRING MEDIUM TLSv1.3
ssl.provider STRING MEDIUM null
ssl.cipher.suites LIST LOW
ssl.enabled.protocols LIST MEDIUM TLSv1.2,TLSv1.3
ssl.keystore.type STRING MEDIUM JKS
ssl.keystore.location STRING HIGH null
ssl.keystore.password PASSWORD HIGH null
ssl.key.password PASSWORD HIGH null
ssl.keystore.key PASSWORD HIGH null
ssl.keystore.certificate.chain PASSWORD HIGH null
ssl.truststore.certificates PASSWORD HIGH null
ssl.truststore.type STRING MEDIUM JKS
ssl.truststore.location STRING HIGH null
ssl.truststore.password PASSWORD HIGH null
ssl.keymanager.algorithm STRING LOW SunX509
ssl.trustmanager.algorithm STRING LOW PKIX
ssl.endpoint.identification.algorithm STRING LOW https
ssl.secure.random.implementation STRING LOW null
ssl.engine.factory.class CLASS LOW null
""",
    {"ssl.cipher.suites": _LIST, "ssl.enabled.protocols": _LIST},
    texts=SSL_TEXTS,
)

SASL = settings(
    """
sasl.kerberos.service.name STRING MEDIUM null
sasl.kerberos.kinit.cmd STRING LOW /usr/bin/kinit
sasl.kerberos.ticket.renew.window.factor DOUBLE LOW 0.8
sasl.kerberos.ticket.renew.jitter DOUBLE LOW 0.05
sasl.kerberos.min.time.before.relogin LONG LOW 60000
sasl.login.refresh.window.factor DOUBLE LOW 0.8
sasl.login.refresh.window.jitter DOUBLE LOW 0.05
sasl.login.refresh.min.period.seconds SHORT LOW 60
sasl.login.refresh.buffer.seconds SHORT LOW 300
sasl.mechanism STRING MEDIUM GSSAPI
sasl.jaas.config PASSWORD MEDIUM null
sasl.client.callback.handler.class CLASS MEDIUM null
sasl.login.callback.handler.class CLASS MEDIUM null
sasl.login.class CLASS MEDIUM null
sasl.login.connect.timeout.ms INT LOW null
sasl.login.read.timeout.ms INT LOW null
sasl.login.retry.backoff.max.ms LONG LOW 10000
sasl.login.retry.backoff.ms LONG LOW 100
sasl.oauthbearer.jwt.retriever.class CLASS MEDIUM \
org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever
sasl.oauthbearer.jwt.validator.class CLASS MEDIUM \
org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator
sasl.oauthbearer.scope STRING MEDIUM null
sasl.oauthbearer.client.credentials.client.id STRING MEDIUM null
sasl.oauthbearer.client.credentials.client.secret PASSWORD MEDIUM null
sasl.oauthbearer.assertion.algorithm STRING MEDIUM RS256
sasl.oauthbearer.assertion.claim.aud STRING MEDIUM null
sasl.oauthbearer.assertion.claim.exp.seconds INT LOW 300
sasl.oauthbearer.assertion.claim.iss STRING MEDIUM null
sasl.oauthbearer.assertion.claim.jti.include BOOLEAN MEDIUM false
sasl.oauthbearer.assertion.claim.nbf.seconds INT LOW 60
sasl.oauthbearer.assertion.claim.sub STRING MEDIUM null
sasl.oauthbearer.assertion.file STRING MEDIUM null
sasl.oauthbearer.assertion.private.key.file STRING MEDIUM null
sasl.oauthbearer.assertion.private.key.passphrase PASSWORD MEDIUM null
sasl.oauthbearer.assertion.template.file STRING MEDIUM null
sasl.oauthbearer.scope.claim.name STRING LOW scope
sasl.oauthbearer.sub.claim.name STRING LOW sub
sasl.oauthbearer.token.endpoint.url STRING MEDIUM null
sasl.oauthbearer.jwks.endpoint.url STRING MEDIUM null
sasl.oauthbearer.jwks.endpoint.refresh.ms LONG LOW 3600000
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms LONG LOW 10000
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms LONG LOW 100
sasl.oauthbearer.clock.skew.seconds INT LOW 30
sasl.oauthbearer.expected.audience LIST LOW
sasl.oauthbearer.expected.issuer STRING LOW null
sasl.oauthbearer.header.urlencode BOOLEAN LOW false
""",
    {
        "sasl.login.refresh.window.factor": between(0.5, 1.0),
        "sasl.login.refresh.window.jitter": between(0.0, 0.25),
        "sasl.login.refresh.min.period.seconds": between(0, 900),
        "sasl.login.refresh.buffer.seconds": between(0, 3600),
        "sasl.oauthbearer.expected.audience": _LIST,
        "sasl.oauthbearer.assertion.algorithm": optional(one_of_ignoring_case("ES256", "RS256")),
        "sasl.oauthbearer.assertion.claim.exp.seconds": between(0, 86400),
        "sasl.oauthbearer.assertion.claim.nbf.seconds": between(0, 3600),
    },
    SASL_TEXTS,
)

DNS_LOOKUP = one_of("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only")
