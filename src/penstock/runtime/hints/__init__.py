"""Classic mistakes and what helps. No hint is better than a wrong one."""

from __future__ import annotations

from penstock.runtime.hints.connections import CONNECTIONS
from penstock.runtime.hints.converters import CONVERTERS
from penstock.runtime.hints.files import FILES
from penstock.runtime.hints.model import Advice, Clues, Hint
from penstock.runtime.hints.settings import SETTINGS
from penstock.runtime.hints.topics import TOPICS
from penstock.runtime.hints.transforms import TRANSFORMS

HINTS: tuple[Hint, ...] = (*CONVERTERS, *TRANSFORMS, *SETTINGS, *TOPICS, *CONNECTIONS, *FILES)


def advice(clues: Clues) -> Advice | None:
    """What the first hint says that recognises the mistake."""
    return next((found for hint in HINTS if (found := hint.advice(clues)) is not None), None)
