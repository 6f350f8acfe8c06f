"""Java's regular expressions, as checked against Java 17."""

from __future__ import annotations

import pytest

from penstock.sdk.errors import ConfigError
from penstock.sdk.java_regex import (
    IllegalReplacementError,
    NoSuchGroupError,
    PatternSyntaxError,
    compile_regex,
    valid_regex,
)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"\Qa.b\E+", "a.bb", "axb"),
        (r"(?<n>a+)b\k<n>", "aabaa", "aaba"),
        (r"\p{Alpha}+", "abC", "a1"),
        (r"\p{Lu}\P{Lu}", "É1", "é1"),
        (r"[a-d[m-p]]+", "adm", "e"),
        (r"[a-z&&[^m-p]]+", "abz", "m"),
        (r"[^a-d[m-p]]", "z", "n"),
        (r"[]a]", "]", "b"),
        (r"a(?i)b|c", "aB", "Ab"),
        (r"(?i)[^a]", "b", "A"),
        (r"a++b", "aab", "b"),
        (r"(?x) a b # c", "ab", "a b"),
        (r"\x41\x{1F600}\u0042\0103\cA", "A\U0001f600BC\x01", "A"),
        (r"\h\v", "\xa0\u2028", "a\n"),
        (r"a.b", "a\x0bb", "a\x85b"),
        (r"(a)?\1b", "aab", "b"),
    ],
)
def test_matches_what_java_matches(pattern: str, matching: str, other: str) -> None:
    assert compile_regex(pattern).matches(matching)
    assert not compile_regex(pattern).matches(other)


def test_finds_the_end_of_text_before_any_of_javas_line_ends() -> None:
    assert all(compile_regex("a$").found_in("a" + end) for end in ("", "\n", "\r\n", "\x85"))
    assert not compile_regex(r"a\z").found_in("a\n")


def test_looks_behind_for_alternatives_of_several_widths() -> None:
    assert compile_regex("(?<=a|bc)d").found_in("bcd")
    assert not compile_regex("(?<!a|bc)d").found_in("bcd")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "Unclosed group near index 1\n("),
        ("*", "Dangling meta character '*' near index 0\n*\n^"),
        ("[abc", "Unclosed character class near index 3\n[abc\n   ^"),
        ("a)", "Unmatched closing ')' near index 0\na)\n^"),
        ("a{", "Illegal repetition near index 2\na{"),
        ("[z-a]", "Illegal character range near index 3\n[z-a]\n   ^"),
        (r"\p{Foo}", "Unknown character property name {Foo} near index 6\n\\p{Foo}\n      ^"),
    ],
)
def test_refuses_what_java_refuses_in_its_words(pattern: str, message: str) -> None:
    with pytest.raises(PatternSyntaxError) as caught:
        compile_regex(pattern)
    assert str(caught.value) == message


def test_says_which_setting_holds_a_bad_pattern() -> None:
    with pytest.raises(ConfigError, match=r"for configuration topics\.regex: Invalid regex: Unc"):
        valid_regex("topics.regex", "[")


def test_replaces_the_first_match_with_groups_by_number_and_name() -> None:
    pattern = compile_regex(r"(?<env>\w+)\.(\w+)")
    assert pattern.replace_first("prod.orders", r"$2-${env}\$$1") == "orders-prod$prod"
    assert pattern.replace_first("none", "x") == "none"


def test_takes_as_many_digits_of_a_group_number_as_there_are_groups() -> None:
    assert compile_regex("(a)").replace_first("a", "$12") == "a2"


@pytest.mark.parametrize(
    ("replacement", "error"),
    [
        ("$", IllegalReplacementError),
        ("\\", IllegalReplacementError),
        ("$x", IllegalReplacementError),
        ("${zz}", IllegalReplacementError),
        ("${a", IllegalReplacementError),
        ("$2", NoSuchGroupError),
    ],
)
def test_refuses_a_bad_replacement(replacement: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        compile_regex("(a)").replace_first("a", replacement)
