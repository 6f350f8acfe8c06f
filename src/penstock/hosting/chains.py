"""What a chain of transformations is made from."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.cluster.catalog import Catalog, Plugin, PluginKind
from penstock.runtime.stages import TransformChain


class ChainPlugins:
    """Finds transformations and predicates in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def chain(self, properties: Mapping[str, str]) -> TransformChain:
        return TransformChain.build(properties, self)

    def transform(self, name: str, version: str | None) -> Plugin:
        return self._catalog.plugin(PluginKind.TRANSFORMATION, name, version)

    def predicate(self, name: str, version: str | None) -> Plugin:
        return self._catalog.plugin(PluginKind.PREDICATE, name, version)
