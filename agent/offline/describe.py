"""Saying what was measured: words, description, reasoning and evidence of a scene.

Conventions
-----------
Nothing is said that was not measured. A thing with a probability under .15 is called "perhaps", and every
number in the text is one of the scene's own.
"""

from __future__ import annotations

import dataclasses
import math

from agent.moods import nearest_mood
from agent.offline.affect import Affect
from agent.offline.labels import PERHAPS, REPRODUCTION, SETTING, dark, starry
from agent.offline.network import MODEL, VIEWS
from agent.offline.tables import table
from prompts import Colour, Dynamic, Emotion, Evidence, SeenObject

_SHADES = 2  # emotion words beside the canonical mood


@dataclasses.dataclass(frozen=True)
class Finding:
    """Everything that was found out about a picture, before it is put into words."""

    objects: list[SeenObject]
    guesses: list[SeenObject]  # what the network named, before anything was set aside or added
    like: str  # the class that the first kind among the objects looks most like, or ""
    groups: dict[str, float]
    setting: str
    rule: str
    affect: Affect
    emotion: Emotion
    dynamic: Dynamic
    colour: Colour
    measures: dict[str, float]
    box: tuple[float, float, float, float]


def emotion_words(valence: float, arousal: float) -> list[str]:
    """Return the nearest canonical mood and two nearer shades of feeling for a place on the circumplex."""
    mood = nearest_mood(valence, arousal).name
    places = table("emotion_words")["words"]
    near = sorted(places, key=lambda word: math.dist(places[word], (valence, arousal)))
    return [mood, *[word for word in near if word != mood][:_SHADES]]


def dynamic_words(ranks: dict[str, float], arousal: float) -> list[str]:
    """Return words for bustle, space and balance from ranks in [0, 1] and arousal in [-1, 1]."""
    busy, words = ranks["busyness"], []
    if busy >= 0.7:
        words.append("turbulent" if arousal >= 0.25 else "busy")
    elif busy >= 0.4:
        words.append("lively" if arousal >= 0.1 else "flowing")
    else:
        words.append("still" if arousal < 0 else "floating")
    words += (
        ["spacious"]
        if ranks["openness"] >= 0.65
        else ["crowded"]
        if ranks["openness"] < 0.15 and busy >= 0.6
        else []
    )
    words += ["balanced"] if ranks["symmetry"] >= 0.8 else ["lopsided"] if ranks["symmetry"] < 0.15 else []
    return words


def describe(found: Finding) -> str:
    """Return three or four plain sentences: what, light and colour, composition, mood."""
    return " ".join([_what(found), _light(found.colour), _layout(found), _mood(found.emotion)])


def reason(found: Finding) -> str:
    """Return why the scene says what it says, in one paragraph."""
    strongest = ", ".join(f"{group} {share:.2f}" for group, share in list(found.groups.items())[:3])
    kind = max(found.affect.kinds, key=lambda name: found.affect.kinds[name])
    raw = found.affect
    trust = "The network is unsure, so colour and composition weigh more. " if _unsure(found) else ""
    aside = [f"{thing.name} {thing.probability:.2f}" for thing in found.guesses if thing not in found.objects]
    trust += (
        f"Its guess ({', '.join(aside)}) does not fit what was measured and is set aside. " if aside else ""
    )
    return (
        f"Probabilities summed by group: {strongest}. {trust}Setting '{found.setting}': {found.rule}. "
        f"As rated photographs go, it is most like {_KINDS[kind]} ({raw.kinds[kind]:.2f}). "
        f"Its features predict valence {raw.raw_valence:+.2f} and arousal {raw.raw_arousal:+.2f}; "
        f"stretched to the spread of human ratings these are {found.emotion.valence:+.2f} "
        f"and {found.emotion.arousal:+.2f}, that is {', '.join(found.emotion.words)}. "
        f"{_colour_reason(found.colour)}"
    )


def evidence(found: Finding) -> list[Evidence]:
    """Return how each element of the scene was measured, with how far it can be trusted."""
    items = {
        "objects": f"{MODEL}, probabilities averaged over {VIEWS} views, classes of one kind summed"
        + (
            "; person: regression on OASIS categories"
            if any(thing.name == "person" for thing in found.objects)
            else ""
        ),
        "setting": found.rule,
        "emotion.valence": _regressed("valence"),
        "emotion.arousal": _regressed("arousal"),
        "emotion.words": "nearest words on the circumplex of valence and arousal (Russell 1980)",
        **measured_by(found.measures, found.box),
    }
    return [Evidence(element=element, method=method[:400]) for element, method in items.items()]


def measured_by(measures: dict[str, float], box: tuple[float, float, float, float]) -> dict[str, str]:
    """Return how the elements of composition and colour were measured, by their paths in the scene."""
    ranked = f"as a rank among {table('calibration')['photographs']} photographs (OASIS)"
    items = {
        "dynamic.busyness": f"share of strong lightness edges, {measures['edges']:.2f}, {ranked}",
        "dynamic.symmetry": f"left-right even share of lightness, {measures['symmetry']:.2f}, {ranked}",
        "dynamic.openness": f"share of large smooth areas, {measures['open']:.2f}, {ranked}",
        "colour.swatches": "k-means in CIELAB, names nearest by CIEDE2000 (xkcd colour survey)",
        "colour.brightness": "mean CIE L* / 100",
        "colour.saturation": f"mean CIE chroma, {measures['chroma']:.1f}, {ranked}",
        "colour.contrast": f"L* from 5th to 95th percentile, {measures['contrast']:.0f}, {ranked}",
        "colour.warmth": "mean of 0.02 C*^1.07 cos(h - 50 deg) (Ou et al. 2004), scaled to [-1, 1]",
    }
    if box != (0.0, 0.0, 1.0, 1.0):
        left, top, right, bottom = box
        items["picture"] = (
            f"an even margin was left out: {left:.0%} left, {top:.0%} top, "
            f"{1 - right:.0%} right, {1 - bottom:.0%} bottom"
        )
    return items


def _regressed(target: str) -> str:
    """Return how valence or arousal was predicted, and how well that works on themes it has not met."""
    report = table("affect")
    return (
        "ridge regression on network features, texture, label meanings and colour, fitted on "
        f"{report['photographs']} rated photographs (OASIS); r = {report['r']['all'][target]:.2f} "
        f"on unseen themes; stretched x{report[target]['spread']:.2f} to the spread of the ratings"
    )


_KINDS = {
    "animal": "pictures of animals",
    "object": "pictures of objects",
    "person": "pictures of people",
    "scenery": "scenery",
}


def _unsure(found: Finding) -> bool:
    return not found.guesses or found.guesses[0].probability < SETTING


def _what(found: Finding) -> str:
    """Return one sentence on what is there, no surer than the network is."""
    things = [thing for thing in found.objects if thing.name != REPRODUCTION]
    start = "The picture"
    if len(things) < len(found.objects):
        start = "It looks like a painting, a print or another framed picture; it"
    if starry(found.measures) and found.setting == "space" and not things:
        spots = f"{found.measures['points']:.0f} bright spots stand apart on ground that is dark to the edges"
        return f"{spots}, as stars do; nothing that the image network names fits that."
    if not things:
        return f"{start} shows nothing that the image network knows well; {_as_a_whole(found)}."
    first, *others = things[:3]
    verb = (
        "shows"
        if first.probability >= 0.5
        else "probably shows"
        if first.probability >= PERHAPS
        else "perhaps shows"
    )
    text = f"{start} {verb} {_article(first.name)}{_likened(first, found)} (p = {first.probability:.2f})"
    sure = [_article(thing.name) + _likened(thing, found) for thing in others if thing.probability >= 0.5]
    more = [_article(thing.name) for thing in others if thing.probability < 0.5]
    return (
        text
        + "".join(f" and {name}" for name in sure)
        + (f", perhaps also {' or '.join(more)}." if more else ".")
    )


def _likened(thing: SeenObject, found: Finding) -> str:
    """Return " (most like a tiger cat)" for the kind that was summed of several classes."""
    first = next((one.name for one in found.objects if one.name in table("labels")["kinds"]), "")
    return f" (most like {_article(found.like)})" if found.like and thing.name == first else ""


def _as_a_whole(found: Finding) -> str:
    """Return what the picture is like when nothing in it is recognised."""
    kind = max(found.affect.kinds, key=lambda name: found.affect.kinds[name])
    if dark(found.measures):
        return "it is mostly dark, as at night"
    if found.setting in ("abstract", "unknown", "painting"):
        return "its colours and shapes must speak for it"
    return f"as a whole it is most like {_KINDS[kind]}"


def _light(colour: Colour) -> str:
    """Return one sentence on light and dominant colours."""
    names = [f"{swatch.name} ({swatch.share:.0%})" for swatch in colour.swatches[:3]]
    look = (
        _listed([_PLAIN.get(word, word) for word in colour.words])
        if colour.words
        else "of middling brightness and colour"
    )
    return (
        f"It is {look}; {'the main colours are' if len(names) > 1 else 'its one colour is'} {_listed(names)}."
    )


def _layout(found: Finding) -> str:
    """Return one sentence on detail, open space, balance and where the light is."""
    dynamic = found.dynamic
    detail = (
        "little detail"
        if dynamic.busyness < 0.33
        else "much detail"
        if dynamic.busyness > 0.67
        else "some detail"
    )
    space = (
        "wide smooth areas"
        if dynamic.openness > 0.67
        else "hardly a smooth area"
        if dynamic.openness < 0.2
        else ""
    )
    balance = (
        "the two sides balance"
        if dynamic.symmetry > 0.75
        else "one side outweighs the other"
        if dynamic.symmetry < 0.25
        else ""
    )
    slope = found.measures["light_above"]
    light = "the light comes from above" if slope > 20 else "the light lies low" if slope < -15 else ""
    parts = [
        f"There is {detail}" + (f" and {space}" if space else ""),
        *[part for part in (balance, light) if part],
    ]
    return f"{_listed(parts)}."


def _mood(emotion: Emotion) -> str:
    """Return one sentence on the feeling."""
    pleasant = (
        "pleasant"
        if emotion.valence > 0.15
        else "unpleasant"
        if emotion.valence < -0.15
        else "neither pleasant nor unpleasant"
    )
    stirring = (
        "stirring" if emotion.arousal > 0.1 else "quiet" if emotion.arousal < -0.25 else "moderately stirring"
    )
    return (
        f"People would likely find it {_listed(emotion.words)}: {pleasant} (valence {emotion.valence:+.2f}) "
        f"and {stirring} (arousal {emotion.arousal:+.2f})."
    )


def _colour_reason(colour: Colour) -> str:
    """Return the numbers of light and colour in words."""
    warmth = "warm" if colour.warmth > 0.1 else "cool" if colour.warmth < -0.1 else "neither warm nor cool"
    return (
        f"Brightness {colour.brightness:.2f}, more colourful than {colour.saturation:.0%} and richer in "
        f"contrast than {colour.contrast:.0%} of photographs, {warmth} ({colour.warmth:+.2f})."
    )


def _article(name: str) -> str:
    """Return a name with "a" or "an", or as it is for things that are not counted."""
    if (name.endswith("s") and not name.endswith("ss")) or name in _UNCOUNTED:
        return name
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


_PLAIN = {"high contrast": "full of contrast", "soft": "soft in contrast"}
_UNCOUNTED = {
    "coffee",
    "hay",
    "guacamole",
    "dough",
    "red wine",
    "espresso",
    "eggnog",
    "wool",
    "corn",
    "broccoli",
    "carbonara",
}


def _listed(items: list[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
