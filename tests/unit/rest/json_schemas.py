"""The part of JSON Schema that `/openapi.json` uses: what conforms, and values that do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.one_of(st.integers(-(2**65), 2**65), st.floats(allow_nan=False, allow_infinity=False))
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def mistakes(value: Any, schema: dict[str, Any], document: dict[str, Any], at: str = "$") -> Any:
    """Where a value does not conform."""
    if "$ref" in schema:
        return mistakes(value, _referred(schema, document), document, at)
    if "anyOf" in schema:
        found = [mistakes(value, each, document, at) for each in schema["anyOf"]]
        return [] if [] in found else [f"{at} is none of its kinds: {found}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{at} is {value!r}"]
    if "type" in schema and not _is_a(value, schema["type"]):
        return [f"{at} is no {schema['type']}: {value!r}"]
    if isinstance(value, list) and "items" in schema:
        pairs = [(each, schema["items"], f"{at}[{i}]") for i, each in enumerate(value)]
    elif isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties", {})
        lost = [
            f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value
        ]
        if lost:
            return lost
        if known and set(value) - set(known):
            return [f"{at} has members that are not described: {set(value) - set(known)}"]
        pairs = [(each, known.get(name, other), f"{at}.{name}") for name, each in value.items()]
    else:
        return []
    return [
        each for value, inner, where in pairs for each in mistakes(value, inner, document, where)
    ]


def values(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that conform."""
    if "$ref" in schema:
        return values(_referred(schema, document), document)
    if "anyOf" in schema:
        return st.one_of([values(each, document) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "string":
            return TEXTS
        case "integer":
            return st.integers(schema.get("minimum", -(2**65)), 2**65)
        case "number":
            return NUMBERS
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(values(schema["items"], document), min_size=least, max_size=3)
        case "object" if "properties" in schema:
            required = set(schema.get("required", ()))
            parts = {n: values(each, document) for n, each in schema["properties"].items()}
            return st.fixed_dictionaries(
                {name: each for name, each in parts.items() if name in required},
                optional={name: each for name, each in parts.items() if name not in required},
            )
        case "object":
            inner = schema.get("additionalProperties", {})
            return st.dictionaries(TEXTS, values(inner, document), max_size=3)
        case _:
            return ANYTHING


def _referred(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _is_a(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
