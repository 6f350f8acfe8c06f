"""Settings of the REST server."""

from __future__ import annotations

import pytest

from penstock.rest.settings import HeaderRule, Listener, header_rules, listener, rest_settings
from penstock.sdk.errors import ConfigError


def test_listeners_are_read():
    settings = rest_settings({"listeners": "HTTP://:8080, https://[::1]:0,http://h-1.x:1"})
    assert settings.listeners == [
        Listener("http", "", 8080),
        Listener("https", "::1", 0),
        Listener("http", "h-1.x", 1),
    ]
    assert rest_settings({}).listeners == [Listener("http", "", 8083)]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "Listener doesn't have the right format (protocol://hostname:port)."),
        ("http://x", "Listener doesn't have the right format (protocol://hostname:port)."),
        ("ftp://x:1", 'Listener protocol must be either "http" or "https".'),
        ("http://x:70000", "The port must be between 0 and 65535."),
    ],
)
def test_a_wrong_listener_is_named(text: str, detail: str):
    with pytest.raises(ConfigError) as caught:
        listener("listeners", text)
    assert str(caught.value) == f"Invalid value {text} for configuration listeners: {detail}"


def test_admin_listeners_may_be_unset_none_or_some():
    assert rest_settings({}).admin_listeners is None
    assert rest_settings({"admin.listeners": ""}).admin_listeners == ()
    given = rest_settings({"admin.listeners": "http://a:1"}).admin_listeners
    assert given == [Listener("http", "a", 1)]


def test_ssl_settings_with_a_prefix_hide_those_without():
    plain = {"ssl.key.password": "a", "ssl.protocol": "TLS"}
    assert rest_settings(plain).ssl == plain
    own = plain | {"listeners.https.ssl.key.password": "b"}
    assert rest_settings(own).ssl == {"ssl.key.password": "b"}


def test_header_rules_may_be_quoted():
    text = 'set X-A: b, "add Cache-Control: no-cache, no-store",SETDATE Expires: 31540000000'
    assert header_rules(text) == [
        HeaderRule("set", "X-A", "b"),
        HeaderRule("add", "Cache-Control", "no-cache, no-store"),
        HeaderRule("setDate", "Expires", "31540000000"),
    ]
    assert header_rules(" ") == []


@pytest.mark.parametrize(
    "text", [",", "put X: y", "set X y", "set X:y:z", "set :y", "set a b:y", "setDate Expires: x"]
)
def test_a_wrong_header_rule_is_refused(text: str):
    with pytest.raises(ConfigError, match=r"response\.http\.headers\.config"):
        header_rules(text)
