"""A standalone worker in this process, with connectors that move no data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from starlette.applications import Starlette

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.host_views import CallView, HostView, LastError, MetricGroup, TaskView
from penstock.cluster.messages import Report
from penstock.cluster.plugin_views import ThreadedPlugins, ThreadedValidator
from penstock.cluster.ports import PeerAnswer
from penstock.cluster.service import HerderService
from penstock.cluster.standalone import build_standalone
from penstock.cluster.state import Settings
from penstock.cluster.validation import Validator, WorkerTraits
from penstock.observability.levels import LoggerLevels
from penstock.plugins.registry import Registry
from penstock.rest.app import rest_app
from penstock.rest.endpoint import Guard
from penstock.rest.settings import RestSettings
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import SourceConnector
from tests.unit.cluster.world import Hosts

SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"


class LinesConfig(Config):
    topic: Annotated[str, Option("Topic.", Importance.HIGH)]
    file: Annotated[str | None, Option("File.", Importance.HIGH)] = None
    batch_size: Annotated[int, Option("Most lines at once.", Importance.LOW)] = 2000


class Lines(SourceConnector[LinesConfig]):
    """A source in name only."""


class SinkConfig(Config):
    file: Annotated[str | None, Option("File.", Importance.HIGH)] = None


class Files(SinkConnector[SinkConfig]):
    """A sink in name only."""


def plugins() -> list[Plugin]:
    """The built-in plugins, with file connectors that need no files."""
    builtin = Registry.builtin()
    others = [p for kind in PluginKind for p in builtin.plugins(kind) if "file." not in p.name]
    return [
        Plugin(SOURCE, PluginKind.SOURCE, "1", lambda: Lines),
        Plugin(SINK, PluginKind.SINK, "1", lambda: Files),
        *others,
    ]


class ReportingHosts(Hosts):
    """Answers each command at once."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        super().__init__()
        self._report = report

    def send(self, command: Any) -> None:
        for report in self.answer(command):
            self._report(report)


class MemoryOffsets:
    """Offsets by connector."""

    def __init__(self) -> None:
        self.stored: dict[str, list[Any]] = {}

    async def read(self, connector: str, config: Any) -> Any:
        return self.stored.get(connector, [])

    async def prepare(self, connector: str, config: Any, offsets: Any) -> Any:
        known = self.stored.get(connector, [])
        return [(p, None) for p, _ in known] if offsets is None else list(offsets)

    async def write(self, connector: str, config: Any, offsets: Any, *, reset: bool) -> None:
        kept = [
            pair
            for pair in self.stored.get(connector, [])
            if pair[0] not in [p for p, _ in offsets]
        ]
        self.stored[connector] = kept + [pair for pair in offsets if pair[1] is not None]


class NoPeers:
    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        raise OSError("there is no other worker")


class FixedViews:
    """One host with one task, in which a call is stuck."""

    def hosts(self) -> list[HostView]:
        tasks, connectors = ["c-0"], ["c"]
        return [
            HostView(1, 4711, "shared", True, False, True, 40.5, 0.5, 3, 7.5, tasks, connectors)
        ]

    def tasks(self) -> list[TaskView]:
        call, error = CallView("poll", 90.5, True), LastError("no", 1.5)
        return [TaskView("c-0", "RUNNING", 1, call, 2, 1, error)]

    def metrics(self) -> list[MetricGroup]:
        tags = {"connector": "c", "task": "0"}
        return [MetricGroup("task-error-metrics", tags, {"total-retries": 1}, 0.5)]


class Worker:
    """The parts a test may want to look at."""

    def __init__(self, settings: RestSettings | None = None, guards: Sequence[Guard] = ()) -> None:
        registry = Registry(plugins())
        validator = ThreadedValidator(Validator(registry, WorkerTraits()), registry)
        self.offsets = MemoryOffsets()
        self.levels = LoggerLevels()
        self.herder: HerderService = build_standalone(
            Settings("127.0.0.1:8083", "http://127.0.0.1:8083/"),
            self._make_hosts,
            validator,
            self.offsets,
            self.levels,
            kafka_cluster_id="cluster",
        )
        self.app: Starlette = rest_app(
            settings or RestSettings(),
            self.herder,
            NoPeers(),
            ThreadedPlugins(registry),
            self.levels,
            guards,
            FixedViews(),
            FixedViews(),
        )
        self.herder.started()

    def _make_hosts(self, report: Callable[[Report], None]) -> ReportingHosts:
        self.hosts = ReportingHosts(report)
        return self.hosts
