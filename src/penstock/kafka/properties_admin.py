"""Settings of admin clients."""

from __future__ import annotations

from penstock.kafka.properties_rules import Draft, Table, ignored

ADMIN: Table = {
    "bootstrap.controllers": ignored("this client talks to brokers only"),
    "retries": ignored("requests are repeated until default.api.timeout.ms", "2147483647"),
}


def finish_admin(draft: Draft) -> None:
    draft.ours.setdefault("default.api.timeout.ms", 60_000)
