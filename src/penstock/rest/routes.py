"""Which method of which resource answers which path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from penstock.rest.answers import Answer
from penstock.rest.connectors import Connectors
from penstock.rest.errors import PathError
from penstock.rest.resources import Internal, Loggers, PluginResources, Server


class Call(msgspec.Struct, frozen=True):
    """One request, taken apart."""

    parameters: Sequence[str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes

    def flag(self, name: str, default: bool = False) -> bool:
        """Only `true`, in any case, is true."""
        values = self.query.get(name)
        return values[0].lower() == "true" if values else default

    @property
    def forward(self) -> bool | None:
        return self.flag("forward") if "forward" in self.query else None

    def first(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def task(self) -> int:
        """The second path parameter, which must be a 32-bit number."""
        text = self.parameters[1]
        digits = text[1:] if text[:1] in ("-", "+") else text
        if not (digits.isascii() and digits.isdigit()) or not -(2**31) <= int(text) < 2**31:
            raise PathError
        return int(text)


Handler = Callable[[Call], Awaitable[Answer]]
Route = dict[str, Handler]
Pattern = tuple[str | None, ...]  # None is a parameter


def main_routes(
    server: Server, connectors: Connectors, plugins: PluginResources, internal: Internal
) -> dict[Pattern, Route]:
    """What every worker serves on its listeners."""
    c, one = connectors, ("connectors", None)
    return {
        (): {"GET": lambda _: server.info()},
        ("health",): {"GET": lambda _: server.health()},
        ("connectors",): {
            "GET": lambda call: c.all(call.query.get("expand")),
            "POST": lambda call: c.create(call.body, call.forward, call.headers),
        },
        one: {
            "GET": lambda call: c.one(call.parameters[0]),
            "DELETE": lambda call: c.delete(call.parameters[0], call.forward, call.headers),
        },
        (*one, "config"): {
            "GET": lambda call: c.config(call.parameters[0]),
            "PUT": lambda call: c.put_config(
                call.parameters[0], call.body, call.forward, call.headers
            ),
            "PATCH": lambda call: c.patch_config(
                call.parameters[0], call.body, call.forward, call.headers
            ),
        },
        (*one, "status"): {"GET": lambda call: c.status(call.parameters[0])},
        (*one, "restart"): {
            "POST": lambda call: c.restart(
                call.parameters[0],
                call.flag("includeTasks"),
                call.flag("onlyFailed"),
                call.forward,
                call.headers,
            )
        },
        (*one, "pause"): {"PUT": lambda call: c.pause(call.parameters[0])},
        (*one, "resume"): {"PUT": lambda call: c.resume(call.parameters[0])},
        (*one, "stop"): {
            "PUT": lambda call: c.stop(call.parameters[0], call.forward, call.headers)
        },
        (*one, "tasks"): {
            "GET": lambda call: c.tasks(call.parameters[0]),
            "POST": lambda call: internal.put_task_configs(
                call.parameters[0], call.body, call.forward, call.headers
            ),
        },
        (*one, "tasks", None, "status"): {
            "GET": lambda call: c.task_status(call.parameters[0], call.task)
        },
        (*one, "tasks", None, "restart"): {
            "POST": lambda call: c.restart_task(
                call.parameters[0], call.task, call.forward, call.headers
            )
        },
        (*one, "topics"): {"GET": lambda call: c.topics(call.parameters[0])},
        (*one, "topics", "reset"): {"PUT": lambda call: c.reset_topics(call.parameters[0])},
        (*one, "offsets"): {
            "GET": lambda call: c.offsets(call.parameters[0]),
            "PATCH": lambda call: c.alter_offsets(
                call.parameters[0], call.body, call.forward, call.headers
            ),
            "DELETE": lambda call: c.reset_offsets(call.parameters[0], call.forward, call.headers),
        },
        (*one, "fence"): {
            "PUT": lambda call: internal.fence(
                call.parameters[0], call.body, call.forward, call.headers
            )
        },
        ("connector-plugins",): {
            "GET": lambda call: plugins.all(call.flag("connectorsOnly", default=True))
        },
        ("connector-plugins", None, "config"): {
            "GET": lambda call: plugins.settings(call.parameters[0], call.first("version"))
        },
        ("connector-plugins", None, "config", "validate"): {
            "PUT": lambda call: plugins.validate(call.parameters[0], call.body)
        },
    }


def admin_routes(loggers: Loggers) -> dict[Pattern, Route]:
    """What is served on the admin listeners, or on the main ones if there are none."""
    return {
        ("admin", "loggers"): {"GET": lambda _: loggers.all()},
        ("admin", "loggers", None): {
            "GET": lambda call: loggers.one(call.parameters[0]),
            "PUT": lambda call: loggers.set(call.parameters[0], call.first("scope"), call.body),
        },
    }


class Router:
    """Finds the route of a path."""

    def __init__(self, routes: Mapping[Pattern, Route]) -> None:
        self._by_length: dict[int, list[tuple[Pattern, Route]]] = {}
        for pattern, route in routes.items():
            self._by_length.setdefault(len(pattern), []).append((pattern, route))

    def find(self, segments: Sequence[str]) -> tuple[Route, list[str]] | None:
        """The route and the path's parameters."""
        for pattern, route in self._by_length.get(len(segments), ()):
            if all(want in (None, got) for want, got in zip(pattern, segments, strict=True)):
                pairs = zip(pattern, segments, strict=True)
                return route, [got for want, got in pairs if want is None]
        return None
