"""Operations on chains of transformations."""

from __future__ import annotations

from typing import Any

from penstock.cluster.catalog import PluginKind
from penstock.plugins.registry import Registry
from penstock.runtime.stages import NamedPlugin, TransformChain
from penstock.runtime.tolerance import ErrorContext, Operator, Stage, Tolerance
from tests.conformance.families.transforms import record_in, record_out
from tests.conformance.runner import Case, described


class BuiltIn:
    """The plugins that come with the worker."""

    def __init__(self) -> None:
        self._registry = Registry.builtin()

    def transform(self, name: str, version: str | None) -> NamedPlugin:
        return self._registry.plugin(PluginKind.TRANSFORMATION, name, version)

    def predicate(self, name: str, version: str | None) -> NamedPlugin:
        return self._registry.plugin(PluginKind.PREDICATE, name, version)


class Moment:
    """A clock that stands still, and nobody to wait for."""

    def now_ms(self) -> int:
        return 0

    def wait(self, seconds: float) -> bool:
        return False


def chain(case: Case) -> Any:
    made = TransformChain.build(case["props"], BuiltIn())
    return {"results": [_result(made, shown) for shown in case["records"]]}


def _result(made: TransformChain, shown: Any) -> Any:
    moment = Moment()
    operator = Operator(Tolerance.NONE, moment, moment)
    context = ErrorContext()
    records: Any = [record_in(shown)]
    try:
        for stage in made.stages:
            apply, given = stage.apply, records
            records = operator.execute(
                context, Stage.TRANSFORMATION, stage.class_name, lambda f=apply, g=given: f(g)
            )
    except Exception as error:
        return {"error": described(error)}
    return {"record": record_out(records[0]) if records else None}
