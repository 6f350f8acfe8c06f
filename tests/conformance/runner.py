"""Runs the cases of a vector file and compares each answer with the recorded one.

A family is a module in `families`, named like its file (`json-converter.jsonl` is
`families/json_converter.py`), or any module there that lists the file's operations. It offers

    def run(case: Case) -> object          the answer, in the shape of the case's `expect`

and raises what the implementation raises. `Stage("configure")` as a context manager marks the step
that a raised error belongs to. A family may replace the comparison:
`def equal(case, answer, expected)`.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.sdk.errors import java_class
from penstock.sdk.redaction import SECRETS
from tests.conformance.exceptions import EXCEPTIONS, Reason

Case = dict[str, Any]

# Messages of these classes are worded by the Java runtime or a library: only the class counts.
WORDED_BY_JAVA = frozenset(
    (
        "java.lang.NullPointerException",
        "java.lang.ClassCastException",
        "java.lang.NumberFormatException",
        "java.util.regex.PatternSyntaxException",
        "com.fasterxml.jackson.databind.JsonMappingException",
        "com.fasterxml.jackson.databind.exc.InvalidFormatException",
        "com.fasterxml.jackson.databind.exc.MismatchedInputException",
        "com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException",
        "com.fasterxml.jackson.databind.exc.ValueInstantiationException",
        "com.fasterxml.jackson.core.JsonParseException",
        "com.fasterxml.jackson.core.io.JsonEOFException",
    )
)


@contextmanager
def stage(name: str) -> Generator[None]:
    """Mark errors raised inside with the step they belong to."""
    try:
        yield
    except Exception as error:
        if not hasattr(error, "conformance_stage"):
            error.conformance_stage = name  # type: ignore[attr-defined]
        raise


def described(error: BaseException) -> dict[str, Any]:
    """An error in the shape of a case's `error`."""
    shown: dict[str, Any] = {"class": java_class(error), "message": message_of(error)}
    where = getattr(error, "conformance_stage", None)
    return shown if where is None else shown | {"stage": where}


def message_of(error: BaseException) -> str | None:
    return str(error.args[0]) if error.args and error.args[0] is not None else None


def same_error(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """The class always; the message unless Java's runtime worded it, or it quotes a Java class
    or an identity hash."""
    if found["class"] != wanted["class"]:
        return False
    if "stage" in found and "stage" in wanted and found["stage"] != wanted["stage"]:
        return False
    text = wanted.get("message")
    if wanted["class"] in WORDED_BY_JAVA or text is None or wanted.get("nonportable"):
        return True
    return found["message"] == text or _without_classes(found["message"]) == _without_classes(text)


def _without_classes(text: str | None) -> str | None:
    """A message with each `class some.Java$Name` cut to `class`."""
    return None if text is None else re.sub(r"\bclass (?:class )?[^\s()]+", "class", text)


def same(found: Any, wanted: Any) -> bool:
    """Equal, with the pairs of a `map` in any order and an `error` compared as errors are."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        if set(wanted) == {"error"} and set(found) == {"error"}:
            return same_error(found["error"], wanted["error"])
        if set(wanted) == {"map"} and set(found) == {"map"}:
            return _same_pairs(found["map"], wanted["map"])
        if set(wanted) == {"bytebuffer"} and set(found) == {"bytes"}:
            return bool(found["bytes"] == wanted["bytebuffer"])
        return found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return type(found) is type(wanted) and found == wanted


def _same_pairs(found: list[Any], wanted: list[Any]) -> bool:
    left = list(wanted)
    for pair in found:
        match = next((i for i, other in enumerate(left) if same(pair, other)), None)
        if match is None:
            return False
        del left[match]
    return not left


@dataclass
class Report:
    """How one file went."""

    name: str
    total: int = 0
    equal: int = 0
    excepted: list[str] = field(default_factory=list[str])
    differences: list[str] = field(default_factory=list[str])

    @property
    def passed(self) -> bool:
        return not self.differences

    def text(self, most: int | None = 5) -> str:
        lines = [f"{self.name}: {self.equal} of {self.total} equal"]
        if self.excepted:
            lines[0] += f" ({len(self.excepted)} listed as not expressible)"
        lines += self.differences[:most]
        left = len(self.differences) - len(lines) + 1
        return "\n".join(lines + ([f"  … and {left} more"] if left > 0 else []))


FAMILIES = Path(__file__).parent / "families"
VECTORS = Path(__file__).parent / "vectors"


def family_of(path: Path) -> Any:
    """By the file's name; a file of another name belongs where its first case could stand."""
    stem = path.stem.replace("-", "_")
    known = [vectors.stem.replace("-", "_") for vectors in VECTORS.glob("*.jsonl")]
    named = max((name for name in known if name in stem), key=len, default=None)
    family = named or _family_of_case(path).replace("-", "_")
    return importlib.import_module(f"tests.conformance.families.{family}")


def _family_of_case(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        first: Case = json.loads(next(lines))
    for vectors in sorted(VECTORS.glob("*.jsonl")):
        with vectors.open(encoding="utf-8") as lines:
            if any(_alike(first, json.loads(line)) for line in lines):
                return vectors.stem
    raise SystemExit(f"{path}: no family here has cases with op {first.get('op')!r}")


def _alike(case: Case, other: Case) -> bool:
    same_kind = all((key in case) == (key in other) for key in ("transform", "predicate"))
    return same_kind and all(case.get(key) == other.get(key) for key in ("op", "converter"))


def run_file(path: Path, only: frozenset[str] = frozenset()) -> Report:
    """Run every case of a file; a case listed in `EXCEPTIONS` must really differ."""
    family = family_of(path)
    report = Report(path.stem)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            case: Case = json.loads(line)
            if only and case["id"] not in only:
                continue
            judge(family, path.stem, case, report)
    return report


def judge(family: Any, name: str, case: Case, report: Report) -> None:
    report.total += 1
    answer = answer_of(family.run, case)
    if any("@<hash>" in json.dumps(wanted) for wanted in accepted(case)):
        answer = without_hashes(answer)
    if any(matches(family, case, answer, wanted) for wanted in accepted(case)):
        report.equal += 1
        return
    excepted: Reason | None = EXCEPTIONS.get((name, case["id"]))
    if excepted is not None:
        report.excepted.append(case["id"])
        return
    wanted = json.dumps(next(accepted(case)), ensure_ascii=False)[:600]
    got = json.dumps(answer, ensure_ascii=False, default=repr)[:600]
    given = {k: v for k, v in case.items() if k not in ("expect", "error", "also", "id")}
    report.differences.append(
        f"  {case['id']}: {json.dumps(given, ensure_ascii=False)[:800]}\n"
        f"    wanted {wanted}\n    got    {got}"
    )


def answer_of(run: Callable[[Case], Any], case: Case) -> dict[str, Any]:
    SECRETS.forget()  # of the case before
    try:
        return {"expect": run(case)}
    except Exception as error:
        return {"error": described(error)}


def without_hashes(answer: Any) -> Any:
    """An answer with each identity hash (`[B@1f2e3d`) replaced as in the recorded texts."""
    if isinstance(answer, dict):
        return {key: without_hashes(item) for key, item in answer.items()}
    if isinstance(answer, list):
        return [without_hashes(item) for item in answer]
    return re.sub("@[0-9a-f]+", "@<hash>", answer) if isinstance(answer, str) else answer


def accepted(case: Case) -> Iterator[dict[str, Any]]:
    for source in (case, case.get("also")):
        if source is not None:
            yield {k: source[k] for k in ("expect", "error") if k in source}


def matches(family: Any, case: Case, answer: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if answer.keys() != wanted.keys():
        return False
    if "error" in wanted:
        return same_error(answer["error"], wanted["error"])
    equal = getattr(family, "equal", None)
    if equal is not None:
        return bool(equal(case, answer["expect"], wanted["expect"]))
    return same(answer["expect"], wanted["expect"])
