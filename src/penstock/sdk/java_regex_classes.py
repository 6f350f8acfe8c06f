"""Sets of characters for Java's character classes, kept as sorted ranges of code points."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

Ranges = tuple[tuple[int, int], ...]

LAST: Final = sys.maxunicode
EVERYTHING: Final[Ranges] = ((0, LAST),)
CLASSES_KEPT: Final = 64


def chars(text: str) -> Ranges:
    """The set of these characters."""
    return union([((ord(c), ord(c)),) for c in text])


def union(sets: Iterable[Ranges]) -> Ranges:
    """The characters that are in any of the sets."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pair for ranges in sets for pair in ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """The characters that are not in the set."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        gaps.append((start, LAST))
    return tuple(gaps)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """The characters that are in both sets."""
    return complement(union([complement(left), complement(right)]))


def ignoring_case(ranges: Ranges) -> Ranges:
    """The set with the other case of its ASCII letters, which is what Java's `(?i)` adds."""
    upper = intersection(ranges, ((65, 90),))
    lower = intersection(ranges, ((97, 122),))
    moved = [((a + 32, b + 32),) for a, b in upper] + [((a - 32, b - 32),) for a, b in lower]
    return union([ranges, *moved])


def shown(ranges: Ranges) -> str:
    """The set as a class of Python's `re`."""
    if not ranges:
        return "(?!)"
    parts = [_escaped(a) if a == b else f"{_escaped(a)}-{_escaped(b)}" for a, b in ranges]
    return f"[{''.join(parts)}]"


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\U{code:08x}"


DIGIT: Final[Ranges] = ((48, 57),)
SPACE: Final[Ranges] = ((9, 13), (32, 32))
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
HORIZONTAL: Final = union([chars(" \t\xa0\u1680\u180e\u202f\u205f\u3000"), ((0x2000, 0x200A),)])
VERTICAL: Final = chars("\n\x0b\f\r\x85\u2028\u2029")
LINE_ENDS: Final = chars("\n\r\x85\u2028\u2029")

_POSIX: Final[dict[str, Ranges]] = {
    "Lower": ((97, 122),),
    "Upper": ((65, 90),),
    "ASCII": ((0, 127),),
    "Alpha": ((65, 90), (97, 122)),
    "Digit": DIGIT,
    "Alnum": ((48, 57), (65, 90), (97, 122)),
    "Punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "Graph": ((33, 126),),
    "Print": ((32, 126),),
    "Blank": chars(" \t"),
    "Cntrl": ((0, 31), (127, 127)),
    "XDigit": ((48, 57), (65, 70), (97, 102)),
    "Space": SPACE,
    "L1": ((0, 255),),
    "all": EVERYTHING,
    "ALL": EVERYTHING,
}

_JAVA: Final[dict[str, Callable[[str], bool]]] = {
    "LowerCase": str.islower,
    "UpperCase": str.isupper,
    "TitleCase": str.istitle,
    "Alphabetic": str.isalpha,
    "Digit": lambda c: unicodedata.category(c) == "Nd",
    "Letter": lambda c: unicodedata.category(c)[0] == "L",
    "LetterOrDigit": lambda c: (k := unicodedata.category(c))[0] == "L" or k == "Nd",
    "Defined": lambda c: unicodedata.category(c) != "Cn",
    "ISOControl": lambda c: c <= "\x1f" or "\x7f" <= c <= "\x9f",
    "Mirrored": lambda c: bool(unicodedata.mirrored(c)),
    "SpaceChar": lambda c: unicodedata.category(c)[0] == "Z",
    "Whitespace": lambda c: (
        c in "\t\n\x0b\f\r\x1c\x1d\x1e\x1f"
        or (unicodedata.category(c)[0] == "Z" and c not in "\xa0\u2007\u202f")
    ),
}

_BINARY: Final[dict[str, Callable[[str], bool]]] = {
    "ALPHABETIC": str.isalpha,
    "LETTER": _JAVA["Letter"],
    "LOWERCASE": str.islower,
    "UPPERCASE": str.isupper,
    "TITLECASE": lambda c: unicodedata.category(c) == "Lt",
    "PUNCTUATION": lambda c: unicodedata.category(c)[0] == "P",
    "CONTROL": lambda c: unicodedata.category(c) == "Cc",
    "WHITE_SPACE": lambda c: c.isspace() and c not in "\x1c\x1d\x1e\x1f",
    "WHITESPACE": lambda c: c.isspace() and c not in "\x1c\x1d\x1e\x1f",
    "DIGIT": _JAVA["Digit"],
    "HEX_DIGIT": lambda c: unicodedata.category(c) == "Nd" or c in "ABCDEFabcdef",
    "ASSIGNED": _JAVA["Defined"],
    "IDEOGRAPHIC": lambda c: unicodedata.name(c, "").startswith("CJK UNIFIED"),
}

# The names of a script's characters start with this word.
_SCRIPTS: Final = {
    name: name
    for name in (
        *("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "DEVANAGARI", "BENGALI"),
        *("THAI", "TIBETAN", "GEORGIAN", "HANGUL", "ETHIOPIC", "KHMER", "HIRAGANA", "KATAKANA"),
    )
} | {"HAN": "CJK"}

_BLOCKS: Final[dict[str, tuple[int, int]]] = {
    "BASICLATIN": (0, 0x7F),
    "LATIN1SUPPLEMENT": (0x80, 0xFF),
    "LATINEXTENDEDA": (0x100, 0x17F),
    "LATINEXTENDEDB": (0x180, 0x24F),
    "GREEK": (0x370, 0x3FF),
    "GREEKANDCOPTIC": (0x370, 0x3FF),
    "CYRILLIC": (0x400, 0x4FF),
    "HEBREW": (0x590, 0x5FF),
    "ARABIC": (0x600, 0x6FF),
    "GENERALPUNCTUATION": (0x2000, 0x206F),
    "HIRAGANA": (0x3040, 0x309F),
    "KATAKANA": (0x30A0, 0x30FF),
    "CJKUNIFIEDIDEOGRAPHS": (0x4E00, 0x9FFF),
    "HANGULSYLLABLES": (0xAC00, 0xD7AF),
}

_CATEGORIES: Final = frozenset(
    (
        *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Pd", "Ps", "Pe"),
        *("Pc", "Po", "Pi", "Pf", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs"),
        *("Co", "Cn", "L", "M", "N", "P", "S", "Z", "C", "LC", "LD"),
    )
)


@lru_cache(maxsize=CLASSES_KEPT)
def named(name: str) -> Ranges | None:
    """The set that `\\p{name}` stands for; None when there is no such property."""
    key, sign, value = name.partition("=")
    if sign:
        return _keyed(key.lower(), value)
    if name.startswith("In"):
        return _block(name[2:])
    if name.startswith("Is"):
        return _category(name[2:]) or _binary(name[2:]) or _script(name[2:])
    if name.startswith("java"):
        test = _JAVA.get(name[4:])
        return None if test is None else such_that(test)
    return _POSIX.get(name) or _category(name)


def _keyed(key: str, value: str) -> Ranges | None:
    if key in ("sc", "script"):
        return _script(value)
    if key in ("blk", "block"):
        return _block(value)
    return _category(value) if key in ("gc", "general_category") else None


def _block(name: str) -> Ranges | None:
    block = _BLOCKS.get(name.upper().replace("_", "").replace(" ", "").replace("-", ""))
    return None if block is None else (block,)


def _binary(name: str) -> Ranges | None:
    test = _BINARY.get(name.upper())
    return None if test is None else such_that(test)


def _script(name: str) -> Ranges | None:
    word = _SCRIPTS.get(name.upper())
    if word is None:
        return None
    return such_that(lambda c: unicodedata.name(c, "").startswith(word))


def _category(name: str) -> Ranges | None:
    if name not in _CATEGORIES:
        return None
    if name == "LC":
        return such_that(lambda c: unicodedata.category(c) in ("Lu", "Ll", "Lt"))
    if name == "LD":
        return such_that(_JAVA["LetterOrDigit"])
    return such_that(lambda c: unicodedata.category(c).startswith(name))


def such_that(test: Callable[[str], bool]) -> Ranges:
    """The characters that pass a test; looks at each once."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for code in range(LAST + 1):
        if test(chr(code)):
            start = code if start is None else start
        elif start is not None:
            found.append((start, code - 1))
            start = None
    if start is not None:
        found.append((start, LAST))
    return tuple(found)
