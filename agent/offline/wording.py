"""The plan in words: a title, the description that retrieval searches with, the reasoning."""

from __future__ import annotations

import functools
import json
import math
import random
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from agent.genres import Genre
from agent.keys import Key
from agent.offline.reading import Reading, colour_family, theme_table
from prompts import Cause, Part, Rhythm, Swatch

#: Groups that a title leaves out: beside a colour ("Brown ...") it would speak of somebody's skin.
_PEOPLE = frozenset(("person", "clothing"))
_BASIC = frozenset(
    ["black", "blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow"]
)
_LOUDNESS = {
    "pp": "very soft",
    "p": "soft",
    "mp": "gentle",
    "mf": "medium loud",
    "f": "loud",
    "ff": "very loud",
}
#: What a genre's name needs to name a piece.
_KINDS = {"film": " score", "pop": " song", "swing": " tune"} | dict.fromkeys(
    ("ambient", "electronic", "funk", "minimal", "rock"), " piece"
)
_PACE = ((56, "very slow"), (76, "slow"), (112, "moderate"), (150, "fast"), (1000, "very fast"))


def title(seen: Reading, genre: Genre) -> str:
    """Return a title that claims no more than was seen: a noun only for what is sure, else colours.

    Never a name: words that labels write with a capital (breeds, people, places) are left out.
    """
    table, chance = _table(), seen.chance("title")
    words = {
        "mood": chance.choice(table["moods"][seen.mood.name]),
        "genre": table["genres"].get(genre.name, genre.name.title()),
        "noun": _noun(seen),
        **_colours(seen),
    }
    templates = [one for one in table["sure" if words["noun"] else "vague"] if _fillable(one, words)]
    if not templates:
        return f"{words['genre']}, {words['mood']}"
    return _fill(templates, words, chance)


def description(
    seen: Reading,
    genre: Genre,
    key: Key,
    meter: str,
    beats: float,
    parts: Sequence[Part],
    rhythm: Rhythm,
    dynamics: str,
) -> str:
    """Return one sentence on the music, the query of the retrieval. ``beats`` is beats per minute."""
    pace = next(word for limit, word in _PACE if beats < limit)
    players = _listed([part.instrument for part in parts if part.role != "percussion"])
    drums = ", with drums" if any(part.role == "percussion" for part in parts) else ""
    article = "An" if seen.mood.name[0] in "aeiou" else "A"
    articulation = "" if rhythm.articulation == "normal" else f", {rhythm.articulation}"
    swing = ", swung" if rhythm.swing > 0.3 else ""
    piece = genre.name + _KINDS.get(genre.name, "")
    manner = dict.fromkeys([pace, _LOUDNESS[dynamics], *rhythm.words])  # no word twice
    return (
        f"{article} {seen.mood.name} {piece} in {key.name} for {players}{drums}, "
        f"{', '.join(manner)}{articulation}{swing}, in {meter} time"
    )[:2000]


def reasoning(seen: Reading, causes: dict[str, list[Cause]], values: dict[str, str]) -> str:
    """Return the plan's reasons in words, one sentence for each element of ``causes`` that has a value."""
    asked = "as was asked for" if seen.mood_asked else "as the picture is read"
    sentences = [
        f"The mood is {seen.mood.name} (valence {seen.felt[0]:+.2f}, arousal {seen.felt[1]:+.2f}), {asked}."
    ]
    for element, value in values.items():
        said = "; ".join(f"{_where(one)} {one.effect}" for one in causes[element][:3])
        sentences.append(f"{element.capitalize()} {value}: {said}.")
    return " ".join(sentences)[:3000]


@functools.cache
def _table() -> dict[str, Any]:
    text = resources.files("agent").joinpath("data/titles.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _noun(seen: Reading) -> str:
    """Choose a noun that was surely seen: the first object, the setting, the surest theme, or none."""
    table, scene = _table(), seen.scene
    first = scene.objects[0] if scene.objects else None
    if first is not None and first.group not in _PEOPLE and _plain_noun(first.name):
        agrees = first.group == scene.setting
        if first.probability >= table["named_from" if agrees else "named_against_setting_from"]:
            return first.name.split(",")[0].title()
    shares = [one.probability for one in scene.objects if one.group == scene.setting]
    if scene.setting in _PEOPLE:
        return ""
    if scene.setting in theme_table() and (not shares or sum(shares) >= table["setting_from"]):
        return str(theme_table()[scene.setting]["title"])
    best = next(iter(seen.themes.values()), None)
    if best is None or best.path == "setting" or best.strength < table["sure_from"]:
        return ""
    return str(theme_table()[best.name]["title"])


def _plain_noun(name: str) -> bool:
    """Whether a label is one or two plain words without a capital."""
    first = name.split(",")[0]
    return bool(re.fullmatch(r"[a-z]+( [a-z]+)?", first)) and len(first) <= 24


def _colours(seen: Reading) -> dict[str, str]:
    """Names of the two leading colours that are colours; of greys only if there is nothing else."""
    named: list[str] = []
    for one in sorted(seen.scene.colour.swatches, key=_vividness, reverse=True):
        name = _colour_word(one)
        if name not in named:
            named.append(name)
    return {"colour": named[0] if named else "", "second": named[1] if len(named) > 1 else ""}


def _vividness(swatch: Swatch) -> float:
    grey = colour_family(swatch.lightness, swatch.a, swatch.b) in ("black", "grey", "white")
    chroma = math.hypot(swatch.a, swatch.b)
    return swatch.share * (0.2 if grey else 1.0) * (1 + chroma / 30)


def _colour_word(swatch: Swatch) -> str:
    """Return the colour's name as a title takes it: "Army Green" and "Dark Brown" lose their first words."""
    plain = swatch.name.lower().strip()
    if re.fullmatch(r"[a-z][a-z ]{0,23}", plain) is None:
        plain = colour_family(swatch.lightness, swatch.a, swatch.b)
    last = plain.split()[-1]
    return (last if last in _BASIC else plain).title()


def _fillable(template: str, words: dict[str, str]) -> bool:
    needed = re.findall(r"\{(\w+)\}", template)
    return all(words[name] for name in needed)


def _fill(templates: list[str], words: dict[str, str], chance: random.Random) -> str:
    """Fill a template so that no word comes twice ("Wine in Wine")."""
    filled = [one.format(**words) for one in chance.sample(templates, len(templates))]
    plain = [text for text in filled if len(set(text.lower().split())) == len(text.split())]
    return (plain or filled)[0][:120]


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(name.lower() for name in names))
    return unique[0] if len(unique) == 1 else f"{', '.join(unique[:-1])} and {unique[-1]}"


def _where(one: Cause) -> str:
    """Say a cause's place in the scene as one would: "arousal +0.40", "the colours (gold 40%)"."""
    field = one.scene.split(".")[-1].split("[")[0]
    if one.scene == "request":
        return f"the request ({one.value})"
    if one.scene.startswith("plan."):
        return f"the {one.value}" if field == "instruments" else f"the {field} ({one.value})"
    if field in ("objects", "setting"):
        return one.value
    if re.fullmatch(r"[+-]?[\d.]+", one.value):
        return f"{field} {one.value}"
    return f"the {'colours' if field == 'swatches' else field} ({one.value})"
