"""The sources of pages: Markdown, whose fenced blocks may have a role after the language."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

import penstock.sdk

_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"(.+?[.!?])(?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block; its role is the word after the language, else the language itself."""

    language: str
    role: str
    text: str


def blocks(text: str) -> list[Block]:
    """The fenced blocks, in order."""
    return [Block(m[1], m[2] or m[1], m[3]) for m in _FENCE.finditer(text)]


def summary(text: str) -> str:
    """The first sentence."""
    found = _SENTENCE.match(text)
    return " ".join((found[1] if found else text).split())


def split_example(text: str) -> tuple[str, str]:
    """What comes before the heading `## Example`, and the rest from there."""
    description, heading, example = text.partition("\n## Example")
    return description.strip() + "\n", (heading + example).strip() + "\n"


def sdk_names() -> dict[str, Any]:
    """What blocks in Python may use without an import."""
    return {name: getattr(penstock.sdk, name) for name in dir(penstock.sdk) if name[0].isalpha()}


def value_of(code: str, names: dict[str, Any]) -> Any:
    """Run a block and return its last expression. What it assigns stays in `names`."""
    body = ast.parse(code).body
    last = body[-1]
    if not isinstance(last, ast.Expr):
        raise TypeError(f"The block must end with an expression, not with: {ast.unparse(last)}")
    exec(compile(ast.Module(body[:-1], []), "<block>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<block>", "eval"), names)
