"""A catalog that knows our own plugins at once, and all others when they have been looked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from penstock.cluster.catalog import Catalog, Plugin, PluginKind
from penstock.sdk.class_names import ClassRef


class GrowingCatalog:
    """A `Catalog` that another one takes the place of."""

    def __init__(self, first: Catalog) -> None:
        self._now = first

    def become(self, catalog: Catalog) -> None:
        self._now = catalog

    def plugins(self, kind: PluginKind) -> Sequence[Plugin]:
        return self._now.plugins(kind)

    def find_class(self, name: str) -> ClassRef | None:
        return self._now.find_class(name)

    def connector(self, name: str, version: str | None = None) -> Plugin:
        return self._now.connector(name, version)

    def plugin(self, kind: PluginKind, name: str, version: str | None = None) -> Plugin:
        return self._now.plugin(kind, name, version)

    def versions(self, name: str, kinds: Collection[PluginKind] = PluginKind) -> Sequence[str]:
        return self._now.versions(name, kinds)
