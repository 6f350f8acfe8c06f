"""Which method of which resource answers which path."""

from __future__ import annotations

from penstock.rest.connectors import Connectors
from penstock.rest.endpoint import Methods, Untyped
from penstock.rest.resources import Internal, Loggers, PluginResources, Server


def main_routes(
    server: Server, connectors: Connectors, plugins: PluginResources, internal: Internal
) -> dict[str, Methods]:
    """What every worker serves on its listeners."""
    c, one = connectors, "/connectors/{name}"
    return {
        "/": {"GET": Untyped(lambda _: server.info())},
        "/health": {"GET": Untyped(lambda _: server.health())},
        "/connectors": {
            "GET": lambda call: c.all(call.all("expand")),
            "POST": lambda call: c.create(call.body, call.forward, call.headers),
        },
        one: {
            "GET": lambda call: c.one(call.name),
            "DELETE": lambda call: c.delete(call.name, call.forward, call.headers),
        },
        f"{one}/config": {
            "GET": lambda call: c.config(call.name),
            "PUT": lambda call: c.put_config(call.name, call.body, call.forward, call.headers),
            "PATCH": lambda call: c.patch_config(call.name, call.body, call.forward, call.headers),
        },
        f"{one}/status": {"GET": lambda call: c.status(call.name)},
        f"{one}/restart": {
            "POST": lambda call: c.restart(
                call.name,
                call.flag("includeTasks"),
                call.flag("onlyFailed"),
                call.forward,
                call.headers,
            )
        },
        f"{one}/pause": {"PUT": lambda call: c.pause(call.name)},
        f"{one}/resume": {"PUT": lambda call: c.resume(call.name)},
        f"{one}/stop": {"PUT": lambda call: c.stop(call.name, call.forward, call.headers)},
        f"{one}/tasks": {
            "GET": lambda call: c.tasks(call.name),
            "POST": Untyped(
                lambda call: internal.put_task_configs(
                    call.name, call.raw_body, call.forward, call.headers
                )
            ),
        },
        f"{one}/tasks/{{task}}/status": {"GET": lambda call: c.task_status(call.name, call.task)},
        f"{one}/tasks/{{task}}/restart": {
            "POST": lambda call: c.restart_task(call.name, call.task, call.forward, call.headers)
        },
        f"{one}/topics": {"GET": lambda call: c.topics(call.name)},
        f"{one}/topics/reset": {"PUT": lambda call: c.reset_topics(call.name)},
        f"{one}/offsets": {
            "GET": lambda call: c.offsets(call.name),
            "PATCH": lambda call: c.alter_offsets(call.name, call.body, call.forward, call.headers),
            "DELETE": lambda call: c.reset_offsets(call.name, call.forward, call.headers),
        },
        f"{one}/fence": {
            "PUT": Untyped(
                lambda call: internal.fence(call.name, call.raw_body, call.forward, call.headers)
            )
        },
        "/connector-plugins": {
            "GET": lambda call: plugins.all(call.flag("connectorsOnly", default=True))
        },
        "/connector-plugins/{name}/config": {
            "GET": lambda call: plugins.settings(call.name, call.first("version"))
        },
        "/connector-plugins/{name}/config/validate": {
            "PUT": lambda call: plugins.validate(call.name, call.body)
        },
    }


def admin_routes(loggers: Loggers) -> dict[str, Methods]:
    """What is served on the admin listeners, or on the main ones if there are none."""
    return {
        "/admin/loggers": {"GET": lambda _: loggers.all()},
        "/admin/loggers/{name}": {
            "GET": lambda call: loggers.one(call.name),
            "PUT": lambda call: loggers.set(call.name, call.first("scope"), call.body),
        },
    }
