"""Sending dead letters again: where each goes, and what became of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing

import click

from penstock.cli.letter_views import original, place_text
from penstock.cli.output import Rows
from penstock.kafka.letter_sender import LetterSender
from penstock.kafka.letters import Letter

NAMED_MAX = 20


class Replay:
    """One run. `to_topic` stands in for the topic each letter came from."""

    def __init__(self, properties: Mapping[str, str], to_topic: str | None) -> None:
        self._properties = properties
        self._to_topic = to_topic
        self._arrived = Counter[str]()
        self._homeless = 0

    def rehearse(self, letters: Iterable[Letter]) -> bool:
        """Print where every letter would go; whether all have somewhere to go."""
        rows = Rows("Offset", "Original", "To")
        for letter in letters:
            place = self._place(letter)
            self._homeless += place is None
            if place is not None:
                topic, partition = place
                self._arrived[topic] += 1
                where = topic if partition is None else f"{topic}-{partition}"
                rows.add(place_text(letter), original(letter), where)
        rows.print()
        self._tell("Would send")
        click.echo("Nothing was sent: this is a dry run.")
        return not self._homeless

    def run(self, letters: Iterable[Letter], step: Callable[[], None]) -> bool:
        """Send them; `step` hears of each that arrived. Whether all were sent.

        Raises ClickException when one is refused; what was sent before stays sent.
        """

        def arrived(letter: Letter) -> None:
            place = self._place(letter)
            assert place is not None
            self._arrived[place[0]] += 1
            step()

        with closing(LetterSender(self._properties, arrived)) as sender:
            try:
                for letter in letters:
                    place = self._place(letter)
                    if place is None:
                        self._homeless += 1
                    elif not sender.send(letter, *place):
                        break
                sender.finish()
            except Exception as error:
                raise self._interrupted(sender, error) from error
        return not self._homeless

    def report(self) -> None:
        self._tell("Sent")

    def _place(self, letter: Letter) -> tuple[str, int | None] | None:
        """Topic and partition; without a partition, the key chooses it."""
        if self._to_topic is not None:
            return self._to_topic, None
        reason = letter.reason
        return None if not reason.topic else (reason.topic, reason.partition)

    def _tell(self, verb: str) -> None:
        for topic, count in sorted(self._arrived.items()):
            click.echo(f"{verb} {_letters(count)} to {topic}.")
        if not self._arrived:
            click.echo("No letter was chosen that can be sent.")
        if self._homeless:
            click.echo(
                f"{_letters(self._homeless)} left out: no header says what topic they came from; "
                "name one with --to-topic.",
                err=True,
            )

    def _interrupted(self, sender: LetterSender, error: Exception) -> click.ClickException:
        """What arrived and what may have, so that the rest can be sent by another call."""
        open_ = [place_text(each) for each in sender.unconfirmed]
        named = ", ".join(open_[:NAMED_MAX]) + (", …" if len(open_) > NAMED_MAX else "")
        return click.ClickException(
            f"{error}. {_letters(self._arrived.total())} arrived before that"
            + (f"; not acknowledged: offset {named}." if open_ else ".")
        )


def _letters(count: int) -> str:
    return f"{count} letter" if count == 1 else f"{count} letters"
