"""For all tests: what one of them knows as a secret is none for the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.sdk.redaction import SECRETS


@pytest.fixture(autouse=True)
def nothing_is_secret() -> Iterator[None]:
    yield
    SECRETS.forget()
