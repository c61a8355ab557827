"""From a pydantic model to the JSON schema that a decoder is held to, narrowed by what was asked for.

The schema is flat and bare: references are written out, titles and descriptions are dropped, every property
is required and no other is allowed. Narrowing only ever takes away: whatever fits a narrowed schema fits the
model too, but for a text of nothing but spaces, so a decoder held to the schema cannot break a request.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

#: What of a pydantic schema is kept; the rest is words for people.
_KEPT = (
    "type", "enum", "const", "properties", "required", "additionalProperties", "items",
    "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "pattern",
)  # fmt: skip
#: JSON type -> what Python reads it as.
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "array": (list, tuple), "object": (dict,),
    "boolean": (bool,),
}  # fmt: skip
#: Lower bound -> upper bound, for each kind of bound.
_BOUNDS = {"minimum": "maximum", "minLength": "maxLength", "minItems": "maxItems"}
_TIGHTER: dict[str, Callable[[Any, Any], Any]] = {low: max for low in _BOUNDS}
_TIGHTER |= {high: min for high in _BOUNDS.values()}

#: Steps in which a decoder may choose a number, and the most values that are listed.
STEP, MOST_VALUES = 0.05, 100

Node = dict[str, Any]


def schema(
    model: type[BaseModel],
    narrowed: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    compact: bool = False,
) -> Node:
    """Return the JSON schema of a model.

    Parameters
    ----------
    model
        Without recursion and unions.
    narrowed
        Path -> further constraints: enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems,
        pattern. A path names properties, and ``*`` the items of a list: ``"instruments.value.*.instrument"``.
        Bounds are rounded inwards where the value is whole; an enum leaves what the model allows of it.
    compact
        The form for a decoder: llguidance is asked for JSON without white space, and a number between two
        bounds becomes a list in steps of `STEP`, since llama.cpp minds the bounds of whole numbers alone and
        a weak model writes digits without end. Check an answer against the form without it.

    Raises
    ------
    KeyError
        If the model has no such path.
    ValueError
        If a constraint is unknown, or leaves no value.

    Examples
    --------
    >>> from prompts import PlanAnswer
    >>> plan = schema(PlanAnswer, {"tempo.value": {"minimum": 60, "maximum": 72}})
    >>> plan["properties"]["tempo"]["properties"]["value"]
    {'type': 'integer', 'minimum': 60, 'maximum': 72}
    """
    whole = model.model_json_schema()
    root = _inlined(whole, whole.get("$defs", {}))
    for path, limits in (narrowed or {}).items():
        node = _at(root, path)
        try:
            found = _narrowed(node, limits)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        node.clear()
        node.update(found)
    return {**_stepped(root), "x-guidance": {"whitespace_flexible": False}} if compact else root


def paths(root: Node, above: str = "") -> list[str]:
    """Return every path of a schema in its own order: ``"tempo"``, ``"tempo.value"`` ..."""
    below = dict(root.get("properties", {}))
    if "items" in root:
        below["*"] = root["items"]
    found = []
    for name, node in below.items():
        path = f"{above}.{name}" if above else name
        found += [path, *paths(node, path)]
    return found


def _inlined(node: Node, definitions: Node) -> Node:
    """Return a schema with its references written out and without words for people."""
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    found = {key: node[key] for key in _KEPT if key in node}
    if "items" in node:
        found["items"] = _inlined(node["items"], definitions)
    if "properties" in node:
        found["properties"] = {name: _inlined(one, definitions) for name, one in node["properties"].items()}
        found |= {"required": list(node["properties"]), "additionalProperties": False}
    return found


def _at(root: Node, path: str) -> Node:
    """Return the node at a path."""
    node = root
    for name in path.split("."):
        below = node.get("items") if name == "*" else node.get("properties", {}).get(name)
        if below is None:
            near = difflib.get_close_matches(path, paths(root), 1, cutoff=0.0)
            raise KeyError(f"the answer has no {path!r}; the nearest is {near[0]!r}")
        node = below
    return node


def _narrowed(node: Node, limits: Mapping[str, Any]) -> Node:
    """Return a node with further constraints; those that a list of values makes idle are left out."""
    merged = dict(node)
    for key, limit in limits.items():
        merged[key] = _tighter(merged, key, limit)
    if merged.get("type") == "integer":
        merged |= {key: turn(merged[key]) for key, turn in _INWARDS.items() if key in merged}
    if "const" in merged or "enum" in merged:
        return _listed(merged)
    for low, high in _BOUNDS.items():
        if low in merged and high in merged and merged[low] > merged[high]:
            raise ValueError(f"nothing lies between {merged[low]} and {merged[high]}")
    if "minimum" in merged and merged["minimum"] == merged.get("maximum"):
        return {"type": merged["type"], "const": merged["minimum"]}
    return merged


_INWARDS: dict[str, Callable[[float], int]] = {"minimum": math.ceil, "maximum": math.floor}


def _tighter(node: Node, key: str, limit: Any) -> Any:
    """Return the tighter of a node's own constraint and another."""
    if key in _TIGHTER:
        return _TIGHTER[key](node[key], limit) if key in node else limit
    if key == "enum":
        return [value for value in dict.fromkeys(limit) if "enum" not in node or value in node["enum"]]
    if key in ("const", "pattern"):
        if key in node and node[key] != limit:
            raise ValueError(f"{key} is {node[key]!r} already and cannot be {limit!r}")
        return limit
    known = ", ".join([*_TIGHTER, "const", "enum", "pattern"])
    raise ValueError(f"cannot be narrowed by {key!r}; use one of {known}")


def _listed(node: Node) -> Node:
    """Return a node that lists its values: those that its other constraints allow."""
    asked = [node["const"]] if "const" in node else list(node["enum"])
    values = [value for value in asked if value in node.get("enum", asked) and _fits(value, node)]
    if not values:
        raise ValueError(f"the answer may be none of {', '.join(map(repr, asked[:8])) or 'an empty list'}")
    named = {"const": values[0]} if len(values) == 1 else {"enum": values}
    return {"type": node["type"], **named}


def _fits(value: Any, node: Node) -> bool:
    """Whether a value is of a node's type and within its bounds."""
    kinds = _TYPES[node["type"]]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return False
    size = _size(value)
    names = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}
    low, high = names.get(node["type"], ("minimum", "maximum"))
    return bool(node.get(low, size) <= size <= node.get(high, size))


def _size(value: Any) -> float:
    """Return what a value's bounds are about: a number itself, or the length of anything else."""
    return value if isinstance(value, int | float) else len(value)


def _stepped(node: Node) -> Node:
    """Return a schema whose bounded numbers are lists of values."""
    if node["type"] == "number" and "minimum" in node and "maximum" in node:
        low, high = node["minimum"], node["maximum"]
        steps = range(math.ceil(low / STEP - 1e-9), math.floor(high / STEP + 1e-9) + 1)
        values = [round(at * STEP, 6) for at in steps] or [(low + high) / 2]
        return {"type": "number", "enum": values} if len(values) <= MOST_VALUES else node
    found = dict(node)
    if "items" in node:
        found["items"] = _stepped(node["items"])
    if "properties" in node:
        found["properties"] = {name: _stepped(one) for name, one in node["properties"].items()}
    return found
