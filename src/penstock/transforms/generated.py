"""Functions made for the fields of one schema, as text that is compiled once.

They do the usual case, a dict in which all that must be there is there, about three times as fast
as loops over names, and leave everything else to the function they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Function = Callable[[Any], Any]


def quick_copy(checked: Sequence[str], left_out: Sequence[str], otherwise: Function) -> Function:
    """Copies dicts in which the `checked` are not None, without those left out."""
    return _compiled(
        checked,
        ["changed = value.copy()", *(f"del changed[{name!r}]" for name in left_out)],
        "changed",
        otherwise,
    )


def quick_projection(
    pairs: Sequence[tuple[str, str]], checked: Sequence[str], otherwise: Function
) -> Function:
    """Makes dicts of some members under new names, if the `checked` are not None."""
    members = ", ".join(f"{new!r}: value[{old!r}]" for old, new in pairs)
    return _compiled(checked, [f"changed = {{{members}}}"], "changed", otherwise)


def _compiled(
    checked: Sequence[str], steps: Sequence[str], result: str, otherwise: Function
) -> Function:
    """The names stand in the text as literals: whatever they hold, they stay names."""
    tests = ["type(value) is dict", *(f"value[{name!r}] is not None" for name in checked)]
    text = "\n".join(
        [
            "def function(value):",
            "    try:",
            f"        if {' and '.join(tests)}:",
            *(f"            {step}" for step in steps),
            f"            return {result}",
            "    except KeyError:",
            "        pass",
            "    return otherwise(value)",
        ]
    )
    names: dict[str, Any] = {"type": type, "dict": dict, "KeyError": KeyError}
    names |= {"otherwise": otherwise, "__builtins__": {}}
    exec(text, names)
    return names["function"]
