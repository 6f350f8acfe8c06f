"""Character sets by their Java names, with Java's replacements for what cannot be converted."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Self

from penstock.converters.options import SerializationError
from penstock.sdk.java_utf8 import decode_utf8, encode_utf8

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Charset(NamedTuple):
    """Converts texts to bytes and back without ever failing; all raise `TypeError` for None."""

    encode: Callable[[Any], bytes]
    decode: Callable[[Any], str]
    encode_strictly: Callable[[Any], bytes]  # faster; raises for what cannot be converted
    decode_strictly: Callable[[Any], str]

    @classmethod
    def named(cls, name: str) -> Self:
        """The character set Java knows by this name; `SerializationError` if there is none."""
        codec = _CODECS.get(name.lower())
        if codec is None:
            raise SerializationError(f"Unsupported encoding {name}")
        if codec == "utf-8":
            return cls(encode_utf8, decode_utf8, str.encode, bytes.decode)
        both = _unicode(codec) if codec in _UNICODE else _legacy(codec)
        return cls(*both, *both)


def _unicode(codec: str) -> tuple[Callable[[str], bytes], Callable[[bytes], str]]:
    """UTF-16 and UTF-32. Without a stated byte order a mark is obeyed, else it is big-endian."""
    exact, mark_written, marks = _UNICODE[codec]

    def encode(text: str) -> bytes:
        clean = _SURROGATE.sub("\ufffd", text)
        return mark_written + clean.encode(exact) if clean else b""

    def decode(data: bytes) -> str:
        for mark, order in marks:
            if data[: len(mark)] == mark:
                return str(data[len(mark) :], order, "replace")
        return str(data, exact, "replace")

    return encode, decode


_Marks = tuple[tuple[bytes, str], ...]
_MARKS_16: Final[_Marks] = (
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_MARKS_32: Final[_Marks] = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
)
_UNICODE: Final[dict[str, tuple[str, bytes, _Marks]]] = {
    "utf-16": ("utf-16-be", codecs.BOM_UTF16_BE, _MARKS_16),
    "utf-16-be": ("utf-16-be", b"", ()),
    "utf-16-le": ("utf-16-le", b"", ()),
    "x-utf-16le-bom": ("utf-16-le", codecs.BOM_UTF16_LE, _MARKS_16),
    "utf-32": ("utf-32-be", b"", _MARKS_32),
    "utf-32-be": ("utf-32-be", b"", ()),
    "utf-32-le": ("utf-32-le", b"", ()),
    "x-utf-32be-bom": ("utf-32-be", codecs.BOM_UTF32_BE, _MARKS_32),
    "x-utf-32le-bom": ("utf-32-le", codecs.BOM_UTF32_LE, _MARKS_32),
}


def _legacy(codec: str) -> tuple[Callable[[str], bytes], Callable[[bytes], str]]:
    def encode(text: str) -> bytes:
        return str.encode(text, codec, "replace")

    def decode(data: bytes) -> str:
        return str(data, codec, "replace")

    return encode, decode


def _aliases() -> dict[str, str]:
    table = {
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8",
        "utf-16": "utf-16 utf16 utf_16 unicode unicodebig",
        "utf-16-be": "utf-16be utf_16be x-utf-16be iso-10646-ucs-2 unicodebigunmarked",
        "utf-16-le": "utf-16le utf_16le x-utf-16le unicodelittleunmarked",
        "x-utf-16le-bom": "x-utf-16le-bom unicodelittle",
        "utf-32": "utf-32 utf32 utf_32",
        "utf-32-be": "utf-32be utf_32be x-utf-32be",
        "utf-32-le": "utf-32le utf_32le x-utf-32le",
        "x-utf-32be-bom": "x-utf-32be-bom utf_32be_bom utf-32be-bom",
        "x-utf-32le-bom": "x-utf-32le-bom utf_32le_bom utf-32le-bom",
        "ascii": "us-ascii ascii iso646-us iso_646.irv:1991 iso_646.irv:1983 ansi_x3.4-1968"
        " ansi_x3.4-1986 us 646 cp367 ibm367 ascii7 iso-ir-6 csascii default",
        "latin-1": "iso-8859-1 iso_8859-1 iso8859_1 iso8859-1 8859_1 latin1 l1 cp819 ibm819 ibm-819"
        " 819 iso-ir-100 iso_8859-1:1987 iso_8859_1 csisolatin1",
        "shift_jis": "shift_jis shift-jis sjis ms_kanji x-sjis csshiftjis",
        "cp932": "windows-31j ms932 windows-932 cswindows31j",
        "euc_jp": "euc-jp euc_jp eucjis eucjp x-euc-jp x-eucjp"
        " extended_unix_code_packed_format_for_japanese cseucpkdfmtjapanese",
        "iso2022_jp": "iso-2022-jp iso2022jp jis csiso2022jp jis_encoding csjisencoding",
        "gbk": "gbk cp936 windows-936",
        "gb2312": "gb2312 euc-cn euc_cn euccn x-euc-cn gb2312-80 gb2312-1980",
        "gb18030": "gb18030 gb18030-2000",
        "big5": "big5 csbig5",
        "big5hkscs": "big5-hkscs big5_hkscs big5hk big5-hkscs:unicode3.0 big5hkscs",
        "euc_kr": "euc-kr euc_kr euckr ksc5601 ks_c_5601-1987 ksc5601-1987 ksc5601_1987"
        " ksc_5601 5601",
        "iso2022_kr": "iso-2022-kr iso2022kr csiso2022kr",
        "koi8_r": "koi8-r koi8_r koi8 cskoi8r",
        "koi8_u": "koi8-u koi8_u",
        "tis_620": "tis-620 tis620 tis620.2533",
    }
    known = {alias: codec for codec, names in table.items() for alias in names.split()}
    for part in (2, 3, 4, 5, 6, 7, 8, 9, 13, 15, 16):
        for pattern in ("iso-8859-{}", "iso_8859-{}", "iso8859_{}", "iso8859-{}", "8859_{}"):
            known[pattern.format(part)] = f"iso8859-{part}"
    known |= dict.fromkeys(("latin9", "latin-9", "l9", "csiso885915"), "iso8859-15")
    known |= dict.fromkeys(("latin2", "l2", "iso-ir-101", "csisolatin2"), "iso8859-2")
    for page in range(1250, 1259):
        known |= {f"windows-{page}": f"cp{page}", f"cp{page}": f"cp{page}"}
    for page in (437, 737, 775, 850, 852, 855, 857, 858, 862, 866, 874):
        names = (f"ibm{page}", f"ibm-{page}", f"cp{page}", str(page))
        known |= dict.fromkeys(names, f"cp{page}")
    return known


_CODECS: Final = _aliases()
