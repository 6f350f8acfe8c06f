"""`penstock dlq`: look at dead letters and send them again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from penstock.cli.connecting import kafka_options, kafka_properties, told
from penstock.cli.letter_choices import Choice, letters_at_most, ranges_of, readable
from penstock.cli.letter_replay import Replay
from penstock.cli.letter_views import brief, print_whole, table, whole
from penstock.cli.output import print_json
from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.letters import Letter, LetterReader

KAFKA_SECONDS = 20.0
LIST_MAX = 100
_STATUS = "Exit status: 0 done; 1 refused or failed, or not all sent; 2 called in a wrong way."

C = TypeVar("C", bound=Callable[..., Any])


@click.group(epilog=_STATUS)
def dlq() -> None:
    """Look at dead letters and send them again.

    A connector with errors.tolerance=all writes the records it cannot use to
    errors.deadletterqueue.topic.name, and the reason into their headers if
    errors.deadletterqueue.context.headers.enable=true.
    """


def _filters(command: C) -> C:
    """Options that choose letters by their reason."""
    options = (
        click.option("--connector", metavar="NAME", help="Only letters of this connector."),
        click.option("--stage", help="Only of this stage, as VALUE_CONVERTER or TASK_PUT."),
        click.option(
            "--exception", metavar="CLASS", help="Only of this exception; the last name will do."
        ),
        click.option("--partition", type=click.IntRange(0), help="Of the dead letter topic."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dlq.command(
    "list", epilog=f"Example: penstock dlq list orders-dlq --stage VALUE_CONVERTER\n\n{_STATUS}"
)
@click.argument("topic")
@_filters
@click.option("--limit", type=click.IntRange(1), default=LIST_MAX, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@kafka_options
def list_letters(
    topic: str,
    connector: str | None,
    stage: str | None,
    exception: str | None,
    partition: int | None,
    limit: int,
    as_json: bool,
    bootstrap_servers: str | None,
    command_config: Path | None,
) -> None:
    """List the dead letters in TOPIC, oldest first, with the reason of each."""
    properties = kafka_properties(bootstrap_servers, command_config)
    choice = Choice((), partition, connector, stage, exception)
    with told(), _letters(properties, topic, choice) as (letters, _):
        found = list(choice.among(letters, limit + 1))
    shown = found[:limit]
    if as_json:
        print_json([brief(letter) for letter in shown])
    else:
        table(shown).print()
    if len(found) > limit:
        click.echo(f"There are more than these {limit}; see them with --limit.", err=True)


@dlq.command(epilog=f"Example: penstock dlq show orders-dlq --offset 12\n\n{_STATUS}")
@click.argument("topic")
@click.option("--offset", type=click.IntRange(0), required=True, help="Of the dead letter.")
@click.option("--partition", type=click.IntRange(0), help="Of the dead letter topic.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@kafka_options
def show(
    topic: str,
    offset: int,
    partition: int | None,
    as_json: bool,
    bootstrap_servers: str | None,
    command_config: Path | None,
) -> None:
    """Show one dead letter of TOPIC whole: reason, headers, key, value and stack trace."""
    properties = kafka_properties(bootstrap_servers, command_config)
    choice = Choice(((offset, offset),), partition)
    with told(), _letters(properties, topic, choice) as (letters, _):
        found = next(choice.among(letters, 1), None)
    if found is None:
        raise click.ClickException(f"There is no letter at offset {offset} of topic {topic}.")
    if as_json:
        print_json(whole(found))
    else:
        print_whole(topic, found)


@dlq.command(
    epilog=f"""Examples:

    \b
    penstock dlq replay orders-dlq --offset 12 --offset 20-29 --bootstrap-servers localhost:9092
    penstock dlq replay orders-dlq --connector my-sink --stage TASK_PUT --dry-run
    penstock dlq replay orders-dlq --all --to-topic orders-again --command-config my.properties

    {_STATUS}"""
)
@click.argument("topic")
@click.option(
    "--offset",
    "offsets",
    multiple=True,
    metavar="N|FIRST-LAST|FIRST-",
    help="Only these letters; may be given several times.",
)
@_filters
@click.option("--all", "everything", is_flag=True, help="All letters; needed if nothing is chosen.")
@click.option("--limit", type=click.IntRange(1), help="At most so many letters.")
@click.option("--to-topic", metavar="TOPIC", help="Where to, in place of where they came from.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send nothing.")
@kafka_options
def replay(
    topic: str,
    offsets: tuple[str, ...],
    connector: str | None,
    stage: str | None,
    exception: str | None,
    partition: int | None,
    everything: bool,
    limit: int | None,
    to_topic: str | None,
    dry_run: bool,
    bootstrap_servers: str | None,
    command_config: Path | None,
) -> None:
    """Send dead letters of TOPIC again, to the topics and partitions they came from.

    Keys, values, timestamps and headers are those of the original records; the headers that say
    what went wrong are left out. With --to-topic, keys choose the partitions. A letter is done
    when all replicas acknowledge it. Letters stay in TOPIC, and those that come while this runs
    are not sent; neither is any letter sent twice, except by calling this again.
    """
    properties = kafka_properties(bootstrap_servers, command_config)
    choice = Choice(ranges_of(offsets), partition, connector, stage, exception)
    if choice.is_everything and not everything and limit is None:
        raise click.UsageError("Choose letters with --offset, a filter or --limit, or take --all.")
    with told(), _letters(properties, topic, choice) as (letters, ranges):
        chosen = choice.among(letters, limit)
        work = Replay(properties, to_topic)
        if dry_run:
            complete = work.rehearse(chosen)
        else:
            with _progress(letters_at_most(ranges, limit)) as step:
                complete = work.run(chosen, step)
            work.report()
    if not complete:
        sys.exit(1)


@contextmanager
def _letters(
    properties: dict[str, str], topic: str, choice: Choice
) -> Generator[tuple[Iterator[Letter], dict[int, tuple[int, int]]]]:
    """The letters that are there now, and the ranges they are read from."""
    ranges = readable(KafkaAdmin(properties, KAFKA_SECONDS), topic, choice)
    with closing(LetterReader(properties, topic)) as reader:
        yield reader.read(ranges), ranges


@contextmanager
def _progress(letters: int) -> Generator[Callable[[], None]]:
    columns = (
        TextColumn("acknowledged"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("letters", total=letters)
        yield lambda: bar.advance(task)
