"""No hot path costs more than it did, told in multiples of a plain loop."""

from __future__ import annotations

import pytest

from benchmarks.check import losses, measured, stored


@pytest.mark.timeout(600)  # 20 s of CPU, on a machine that may be busy
def test_no_hot_path_has_become_slower() -> None:
    kind, found = measured()
    before, allowed = stored(kind)
    assert losses(found, before, allowed) == [], f"by {kind}; see `make bench-check`"


@pytest.mark.parametrize(("cost", "sentences"), [(2.0, 0), (2.19, 0), (2.21, 1), (2.3, 1)])
def test_more_than_a_tenth_is_a_loss(cost: float, sentences: int) -> None:
    assert len(losses({"sink": cost}, {"sink": 2.0}, 1.10)) == sentences


def test_a_path_nobody_has_stored_is_told() -> None:
    assert "--store" in losses({"new": 1.0}, {}, 1.10)[0]
