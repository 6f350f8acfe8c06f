"""What operators are told of a process that ended."""

from __future__ import annotations

import pytest

from penstock.hosting.endings import Ending, explained


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending(11), "was killed by signal 11 (SIGSEGV): it crashed in native code."),
        (Ending(15), "was killed by signal 15 (SIGTERM)."),
        (Ending(9, peak_kb=3 << 20), "memory runs out (its peak was 3072 MB)."),
        (Ending(3 << 8), "ended by itself with exit status 3; connector code must not end"),
        (Ending(None), "is gone; nobody can tell why."),
        (Ending(9, asked="it used too much."), "was ended: it used too much."),
    ],
)
def test_a_reason_says_what_happened(ending: Ending, words: str) -> None:
    assert words in explained("The process of task a-0", ending)


def test_the_last_output_is_part_of_the_reason() -> None:
    text = explained("It", Ending(6, last_lines=["out of cheese", "redo from start"]))
    assert text.endswith("\nIts last output:\n\t| out of cheese\n\t| redo from start")
