"""Secrets of AWS Secrets Manager.

The path is a secret's name or its ARN with %3A for colons, the key one of its JSON object's; with
a key alone, `${aws:name}`, the value is the whole secret. `name?ttl=60000` says when to look again.
"""

from __future__ import annotations

import base64
import importlib
import json
import threading
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs, unquote

from penstock.providers.settings import SecretsConfig
from penstock.providers.web import chosen, mapping
from penstock.sdk.config import ConfigError, Importance, Option, Password, one_of
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_REMEDIES: Mapping[str, str] = {
    "ResourceNotFoundException": "there is no such secret; check name, account and region",
    "AccessDeniedException": "allow secretsmanager:GetSecretValue, and kms:Decrypt for a key of "
    "your own",
    "DecryptionFailure": "allow kms:Decrypt for the key of the secret",
    "InvalidRequestException": "the secret is marked for deletion, or has no current version",
    "ExpiredTokenException": "the credentials have expired; get new ones",
    "UnrecognizedClientException": "the access key is not known; check aws.access.key",
    "InvalidSignatureException": "the secret key is not that of the access key; check "
    "aws.secret.key, and the machine's clock",
}
_PASSING = ("InternalServiceError", "ThrottlingException", "RequestTimeout", "ServiceUnavailable")


class SecretsManagerConfig(SecretsConfig):
    """Which region is asked, as whom. Without keys: as AWS's own tools find them."""

    other_names: ClassVar[Mapping[str, str]] = {
        "region": "aws.region",
        "aws.endpoint.url": "endpoint.override",
        "RawSecretEncoding": "raw.secret.encoding",
    }

    aws_region: Annotated[
        str, Option("Region of the secrets; unset: that of the environment.", HIGH)
    ] = ""
    aws_access_key: Annotated[
        str, Option("Id of the access key; unset: found as AWS's own tools do.", HIGH)
    ] = ""
    aws_secret_key: Annotated[Password | None, Option("The secret access key.", HIGH)] = None
    aws_session_token: Annotated[
        Password | None, Option("The token of temporary credentials.", MEDIUM)
    ] = None
    secret_prefix: Annotated[str, Option("What every secret's name begins with.", LOW)] = ""
    endpoint_override: Annotated[
        str, Option("Another address than AWS's own for the region.", LOW)
    ] = ""
    raw_secret_encoding: Annotated[
        str,
        Option(
            "How a secret is given that is referred to as a whole.",
            LOW,
            check=one_of("none", "base64"),
        ),
    ] = "none"

    def check_together(self) -> None:
        if bool(self.aws_access_key) != (self.aws_secret_key is not None):
            raise ConfigError("aws.access.key and aws.secret.key belong together; set both.")


class SecretsManagerConfigProvider(ConfigProvider[SecretsManagerConfig]):
    """Asks with boto3, which finds credentials, signs and tries again."""

    def __init__(self, config: SecretsManagerConfig) -> None:
        super().__init__(config)
        self._errors: Any = _part("botocore.exceptions")
        self._lock = threading.Lock()
        self._made: Any = None

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        if path:
            name, ttl_ms = self._named(path)
            return ConfigData(chosen(_object(self._secret(name)), keys), ttl_ms)
        named = {key: self._named(key) for key in keys}
        values = {key: self._raw(self._secret(name)) for key, (name, _) in named.items()}
        ttls = [ttl_ms for _, ttl_ms in named.values() if ttl_ms is not None]
        return ConfigData(values, min(ttls, default=None))

    def _named(self, path: str) -> tuple[str, int | None]:
        name, _, options = path.partition("?")
        ttl = parse_qs(options).get("ttl", [""])[0]
        ttl_ms = int(ttl) if ttl.isdecimal() else self.config.secret_ttl_ms
        return self.config.secret_prefix + unquote(name), ttl_ms

    def _raw(self, secret: str) -> str:
        if self.config.raw_secret_encoding == "base64":
            return base64.b64encode(secret.encode()).decode()
        return secret

    def _secret(self, name: str) -> str:
        errors = self._errors
        try:
            with self._lock:
                found = self._client().get_secret_value(SecretId=name)
        except errors.ClientError as error:
            raise _refused(error.response) from None
        except (errors.NoCredentialsError, errors.PartialCredentialsError) as error:
            text = "there are no credentials; set aws.access.key and aws.secret.key, or a role"
            raise LookupFailed(text) from error
        except errors.NoRegionError as error:
            raise LookupFailed("there is no region; set aws.region") from error
        except (errors.BotoCoreError, ValueError) as error:
            raise LookupFailed(f"AWS cannot be asked: {error}", passing=True) from error
        text = found.get("SecretString")
        return text if text is not None else _text(found.get("SecretBinary", b""))

    def _client(self) -> Any:
        """Made when first needed, as that takes its time."""
        if self._made is None:
            config = self.config
            keys: dict[str, str] = {}
            if config.aws_access_key and config.aws_secret_key is not None:
                keys["aws_access_key_id"] = config.aws_access_key
                keys["aws_secret_access_key"] = config.aws_secret_key.value
            if config.aws_session_token is not None:
                keys["aws_session_token"] = config.aws_session_token.value
            limits = _part("botocore.config").Config(
                connect_timeout=config.timeout_seconds,
                read_timeout=config.timeout_seconds,
                retries={"total_max_attempts": config.retry_count, "mode": "standard"},
            )
            self._made = (
                _part("boto3")
                .session.Session()
                .client(
                    "secretsmanager",
                    region_name=config.aws_region or None,
                    endpoint_url=config.endpoint_override or None,
                    config=limits,
                    **keys,
                )
            )
        return self._made


def _part(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        text = "AWS Secrets Manager needs boto3: pip install 'penstock[aws]'"
        raise ConfigError(text) from error


def _refused(response: Mapping[str, Any]) -> LookupFailed:
    code, said = (str(response.get("Error", {}).get(part, "")) for part in ("Code", "Message"))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    remedy = _REMEDIES.get(code)
    text = f"AWS answers {code}: {said[:300]}"
    passing = status >= 500 or code in _PASSING
    return LookupFailed(text + (f"; {remedy}" if remedy else ""), passing=passing)


def _object(secret: str) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(secret)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LookupFailed(
            "the secret is no JSON object with keys; refer to the whole of it, as ${provider:name}"
        )
    return mapping(found)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except ValueError:
        raise LookupFailed("the secret is no text in UTF-8") from None
