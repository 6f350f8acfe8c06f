"""What a host process is made from, as it crosses to it."""

from __future__ import annotations

import msgspec

from penstock.cluster.plugin_specs import PluginSpec
from penstock.hosting.settings import HostSettings


class HostPlan(msgspec.Struct, frozen=True):
    """The worker's settings, and the plugins there are; secrets are resolved."""

    properties: dict[str, str]
    settings: HostSettings
    override_policy: str
    override_allowlist: tuple[str, ...] = ()
    plugins: tuple[PluginSpec, ...] = ()  # those that are not ours
    cluster_id: str | None = None
    group_id: str | None = None
    exactly_once: bool = False
    converters: dict[str, str] = {}


def plan_bytes(plan: HostPlan) -> bytes:
    return msgspec.msgpack.encode(plan)


def read_plan(data: bytes) -> HostPlan:
    return msgspec.msgpack.decode(data, type=HostPlan)
