"""Who was there at a crash is kept apart, in few processes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.hosting.suspects import GROUPS_MAX, SUSPECT_SECONDS, Suspects


def test_two_that_were_there_do_not_meet_again_for_a_while() -> None:
    suspects = Suspects()
    suspects.split(["a", "b"], now=0)
    assert suspects.cohort("a", 1) != suspects.cohort("b", 1)
    assert suspects.cohort("c", 1) is None
    assert suspects.cohort("a", SUSPECT_SECONDS + 1) is None


@given(st.integers(2, 400))
def test_the_guilty_one_is_alone_after_a_few_crashes(count: int) -> None:
    suspects = Suspects()
    together = {f"c{n}" for n in range(count)}
    crashes = 0
    while len(together) > 1:
        suspects.split(together, now=crashes)
        crashes += 1
        groups = {suspects.cohort(name, crashes) for name in together}
        assert len(groups) <= GROUPS_MAX
        mine = suspects.cohort("c0", crashes)
        together = {name for name in together if suspects.cohort(name, crashes) == mine}
    assert crashes <= 3
