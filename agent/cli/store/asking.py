"""A search as it is asked on the command line, made into a `Query`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from agent.cli.store.numbers import several, span, whole
from chiaroscore import ControlError

if TYPE_CHECKING:
    from rag_store.searching import Filter, Query, Wanted

#: Options that give several texts, by the conditions they are.
_TEXTS = {
    "genre": "genres", "mood": "moods", "meter": "meters", "mode": "modes", "tonic": "tonics",
    "tempo_class": "tempo_classes", "source": "sources", "instruments": "any_instruments",
    "all_instruments": "all_instruments",
}  # fmt: skip
_RANGES = ("tempo", "density", "bars", "voices", "valence", "arousal", "year")


def query_of(
    text: str, conditions: Mapping[str, str | None], preferred: Sequence[str], how: Mapping[str, str | None]
) -> Query:
    """Return a query.

    Parameters
    ----------
    text
        What the music is like; may be empty.
    conditions
        Option -> what the user wrote, None for an option that was not given.
    preferred
        Wishes, "name=value".
    how
        ``count``, ``budget``, ``tracks``, ``diversity`` as written.

    Raises
    ------
    ControlError
        If something that was written cannot be meant.
    """
    from rag_store.searching import Query

    asked = Query(
        text=text, wanted=_wanted(preferred), filter=_filter(conditions), k=whole("k", how["count"] or "5", 1)
    )
    if how["budget"] is not None:
        asked = replace(asked, budget=whole("budget", how["budget"], 1))
    if how["tracks"] is not None:
        asked = replace(asked, tracks=several(how["tracks"]))
    if how["diversity"] is not None:
        asked = replace(asked, diversity=_number("diversity", how["diversity"]))
    return asked


def _filter(conditions: Mapping[str, str | None]) -> Filter:
    from rag_store.searching import Filter, allowed

    given = {name: text for name, text in conditions.items() if text is not None}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name in _TEXTS:
            values[_TEXTS[name]] = several(text)
        elif name in _RANGES:
            values[name] = span(name, text)
    if "allow" in given:
        values["licences"] = allowed(given["allow"])
    return Filter(**values)


def _wanted(preferred: Sequence[str]) -> Wanted:
    from rag_store.searching import Wanted

    known = {field.name: str(field.type) for field in fields(Wanted) if field.name != "read"}
    values: dict[str, Any] = {}
    for one in preferred:
        name, equals, text = one.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in known:
            raise ControlError(f"--prefer {one!r} is not NAME=VALUE with a name of: {', '.join(known)}")
        kind = known[name]
        values[name] = (
            several(text)
            if kind.startswith("tuple")
            else _number(name, text)
            if "float" in kind
            else text.strip()
        )
    return Wanted(**values)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ControlError(f"{name}={text!r} is no number") from error
