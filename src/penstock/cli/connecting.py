"""Options that say where the worker and Kafka are, and errors of both as errors of the command."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from penstock.client import ClientError, ConnectClient
from penstock.runtime.properties import MalformedEscape, load_properties
from penstock.sdk.errors import ConfigError, ConnectError, java_class

_TIMEOUT = "org.apache.kafka.common.errors.TimeoutException"

C = TypeVar("C", bound=Callable[..., Any])

worker_url = click.option(
    "--url",
    envvar="PENSTOCK_URL",
    default="http://localhost:8083",
    show_default=True,
    show_envvar=True,
    help="REST interface of a worker; a login goes in front of the host: https://USER:PASSWORD@HOST",
)


def kafka_options(command: C) -> C:
    """Where Kafka is and how it is reached."""
    servers = click.option(
        "--bootstrap-servers", metavar="HOST:PORT[,...]", help="Brokers to begin with."
    )
    config = click.option(
        "--command-config",
        type=click.Path(path_type=Path),
        metavar="FILE.properties",
        help="Settings of a Java client: bootstrap.servers, security.protocol, sasl.*, ssl.*.",
    )
    return servers(config(command))


def connected(url: str) -> ConnectClient:
    """A client of the worker there. Its errors show the address without the login."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(
            f"{parts._replace(netloc=_host(parts.netloc)).geturl()} is no address of a worker; "
            "write http://HOST:PORT.",
            param_hint="--url",
        )
    headers: dict[str, str] = {}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return ConnectClient(urlunsplit(parts._replace(netloc=_host(parts.netloc))), headers=headers)


def kafka_properties(bootstrap_servers: str | None, command_config: Path | None) -> dict[str, str]:
    """Settings of a Java client, from the options."""
    properties: dict[str, str] = {}
    if command_config is not None:
        try:
            properties = load_properties(command_config.read_bytes())
        except OSError as error:
            reason = f"{command_config} cannot be read: {error.strerror}."
            raise click.BadParameter(reason, param_hint="--command-config") from error
        except MalformedEscape as error:
            reason = f"{command_config} is no properties file: {error}"
            raise click.BadParameter(reason, param_hint="--command-config") from error
    if bootstrap_servers is not None:
        properties["bootstrap.servers"] = bootstrap_servers
    if not properties.get("bootstrap.servers", "").strip():
        raise click.UsageError(
            "Say where Kafka is: --bootstrap-servers HOST:PORT, or bootstrap.servers in the file "
            "of --command-config."
        )
    return properties


@contextmanager
def told() -> Generator[None]:
    """Refusals of the worker and of Kafka end the command with their sentence and status 1."""
    try:
        yield
    except (ClientError, ConnectError, ConfigError) as error:
        if java_class(error) == _TIMEOUT:
            raise _silence(error) from error
        raise click.ClickException(str(error) or type(error).__name__) from error
    except TimeoutError as error:
        raise _silence(error) from error


def _silence(error: Exception) -> click.ClickException:
    return click.ClickException(
        f"Kafka did not answer in time ({error}); check --bootstrap-servers, and what "
        "--command-config says about security."
    )


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]
