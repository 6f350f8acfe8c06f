"""The `penstock` command: one group, each command in its own module, loaded when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from penstock import __version__

COMMANDS = {
    "standalone": ("penstock.cli.standalone:standalone", "Run a worker on its own."),
    "distributed": ("penstock.cli.distributed:distributed", "Run one of the workers of a group."),
    "broker": ("penstock.cli.broker:broker", "Run a real single-node Apache Kafka here."),
    "demo": ("penstock.cli.demo:demo", "A file through real Kafka into a file, in one command."),
    "plugin": ("penstock.cli.plugin:plugin", "List and describe the plugins that are found."),
    "offsets": ("penstock.cli.offsets:offsets", "Show and change where connectors go on."),
    "dlq": ("penstock.cli.dlq:dlq", "Look at dead letters and send them again."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Try it: penstock demo",
)
@click.version_option(__version__, prog_name="penstock")
def main() -> None:
    """Kafka Connect for Python: a drop-in worker whose connectors are Python classes."""


if __name__ == "__main__":
    sys.exit(main())
