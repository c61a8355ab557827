"""What is in the picture: class probabilities summed into everyday things and groups, and the setting.

Conventions
-----------
Probabilities are the image network's own, averaged over its views. Groups and kinds come from
``data/labels.json``. The network knows 1,000 things and takes everything else for one of them: what it
gives little probability to is called "perhaps", and the setting falls back on what was measured, by the
rules of `find_setting`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from agent.offline.network import class_names
from agent.offline.tables import table
from prompts import SeenObject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Below this probability a thing is not mentioned, below `PERHAPS` it is mentioned as "perhaps".
MENTIONED = 0.08
PERHAPS = 0.15
#: Share of flat and framed things from which a picture counts as a reproduction of a painting or print.
FRAMED = 0.18
#: Probability that the regression on OASIS categories gives to people from which a person is named.
PEOPLE = 0.6
#: What a reproduction is called among the objects.
REPRODUCTION = "painting or print"
#: Share from which the strongest group is the setting.
SETTING = 0.35
_STANDS_OUT = 0.02  # twenty times what a class would have if all were alike
_SOME = 0.25  # share of a group that says more than the crumbs which large groups take of every picture
_KIND = 0.45  # probability of a kind (person, animal, scenery, object) from which it may be the setting
_SURELY_PEOPLE = 0.9  # from which people stand against a group under .5
_CERTAIN = 0.7  # share of a group that stands against a starry field, and of a kind that stands alone
_MOST = 6


def seen_objects(probabilities: NDArray[np.float32]) -> list[SeenObject]:
    """Return up to six things with a probability of at least `MENTIONED`, most probable first.

    Classes of one kind are summed ("cat"; of "castle or palace" the one that has most of it) where they
    have .02 or more each, and flat or framed things are named `REPRODUCTION`, unless a screen alone has a
    probability of .5.
    """
    found: list[tuple[str, float, str]] = []
    used: set[int] = set()
    for kind, members in _kinds().items():
        best = max(members, key=lambda index: float(probabilities[index]))
        # a hundred breeds of dog take a little of every picture: only what stands out counts
        total = sum((p for index in members if (p := float(probabilities[index])) >= _STANDS_OUT), 0.0)
        used.update(members)
        clear = " or " in kind and probabilities[best] >= 0.6 * total
        found.append((class_names()[best] if clear else kind, total, _groups_of()[best]))
    found += [
        (class_names()[i], float(p), _groups_of()[i]) for i, p in enumerate(probabilities) if i not in used
    ]
    framed = framed_share(probabilities)
    if framed >= FRAMED:
        found = [item for item in found if item[2] != "picture"] + [(REPRODUCTION, framed, "picture")]
    kept = sorted((item for item in found if item[1] >= MENTIONED), key=lambda item: -item[1])[:_MOST]
    return [SeenObject(name=name, probability=round(min(1.0, p), 3), group=group) for name, p, group in kept]


def likeness(name: str, probabilities: NDArray[np.float32]) -> str:
    """Return the class that a kind looks most like ("Egyptian Mau" for "cat"), or "" if none is clear."""
    members = _kinds().get(name, ())
    best = max(members, key=lambda index: float(probabilities[index]), default=None)
    if best is None or probabilities[best] < PERHAPS or name in class_names()[best].lower().split():
        return ""
    return class_names()[best]


def group_shares(probabilities: NDArray[np.float32]) -> dict[str, float]:
    """Return the summed probability of every group, largest first."""
    shares = dict.fromkeys(table("labels")["groups"], 0.0)
    for index, group in enumerate(_groups_of()):
        shares[group] += float(probabilities[index])
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def group_of(name: str) -> str:
    """Return the group of a thing by its everyday name or its class's, "" if the labels do not have it.

    Examples
    --------
    >>> group_of("Lighthouse"), group_of("old cat"), group_of("dragon")
    ('building', 'animal', '')
    """
    words = name.lower().split()
    known = _named_groups()
    for start in range(len(words)):  # the last words of a name say what it is
        thing = " ".join(words[start:])
        for form in (thing, thing.removesuffix("s"), thing.removesuffix("es")):
            if form in known:
                return known[form]
    return ""


def members(name: str) -> tuple[int, ...]:
    """Return the indices of the classes behind the name of a seen thing, () if it comes from elsewhere."""
    if name == REPRODUCTION:
        return group_members("picture")
    for kind, indices in _kinds().items():
        if name == kind or (" or " in kind and name in {class_names()[index] for index in indices}):
            return indices
    return tuple(index for index, known in enumerate(class_names()) if known == name)


def group_members(group: str) -> tuple[int, ...]:
    """Return the indices of the classes of a group, () if there is no such group."""
    return tuple(index for index, known in enumerate(_groups_of()) if known == group)


def framed_share(probabilities: NDArray[np.float32]) -> float:
    """Return the probability of flat and framed things, 0 where the network is sure of a screen (p >= .5)."""
    screen = sum(float(probabilities[index]) for index in _kinds()["screen"])
    return 0.0 if screen >= 0.5 else group_shares(probabilities)["picture"]


def find_setting(
    objects: list[SeenObject], groups: dict[str, float], kinds: dict[str, float], measures: dict[str, float]
) -> tuple[str, str]:
    """Return the setting and the rule that found it.

    In this order: a measured starry field (unless a group has .7); people (kind .9, no group with .5); the
    strongest group, if it has .35, of what is left when flat and framed things are set aside; the group of
    the first thing, if that has .15; measured darkness ("night"); the kind of picture with .45, or .7 if
    nothing is known (scenery is "meadow", "sky" or "landscape" by colour and light; there is no "object"
    where none is known, and a reproduction is a "painting"); "unknown", or "abstract" if nothing is known,
    that is, no thing has .15 and no group .25.
    """
    framed = sum(thing.probability for thing in objects if thing.name == REPRODUCTION)
    plain = {
        group: share / (1 - min(framed, 0.9))
        for group, share in groups.items()
        if group not in ("picture", "object")
    }
    strongest = max(plain, key=lambda group: plain[group])
    share, first = plain[strongest], next((thing for thing in objects if thing.group in plain), None)
    kind = max(kinds, key=lambda name: kinds[name])
    if starry(measures) and share < _CERTAIN:
        return "space", _starry_text(measures)
    if kinds["person"] >= _SURELY_PEOPLE and share < 0.5:
        return (
            "person",
            f"the regression on OASIS categories is sure of people ({kinds['person']:.2f}); no group has .5",
        )
    if share >= SETTING and groups[strongest] >= PERHAPS:
        return (
            strongest,
            f"the group '{strongest}' has the largest summed probability, {share:.2f} (at least {SETTING})",
        )
    if first is not None and first.probability >= PERHAPS:
        return (
            first.group,
            f"the group of the likeliest thing, {first.name} ({first.probability:.2f}, at least {PERHAPS})",
        )
    if dark(measures):
        return (
            "night",
            f"{measures['dark']:.0%} of the picture is darker than L* 20 and the network is sure of nothing",
        )
    known = first is not None and first.probability >= PERHAPS
    known = (
        known
        or share >= _SOME
        or any(thing.group == "object" and thing.probability >= PERHAPS for thing in objects)
    )
    if kinds[kind] >= (_KIND if known else _CERTAIN) and not (kind == "object" and (framed or not known)):
        name = _scenery(measures) if kind == "scenery" else kind
        return (
            name,
            f"the regression on OASIS categories says {kind} ({kinds[kind]:.2f}); no label group is strong",
        )
    if framed:
        return (
            "painting",
            f"the network gives {framed:.2f} to flat or framed things, and nothing else is strong",
        )
    weak = f"no label group reaches {SETTING} (strongest: {strongest}, {share:.2f}) and no kind {_KIND}"
    return ("unknown" if known else "abstract"), weak


def starry(measures: dict[str, float]) -> bool:
    """Tell whether separate points of light lie on ground that is dark to the edges, as stars do."""
    return (
        measures["dark_ground"] >= 0.4
        and measures["points"] >= 25
        and measures["border_light"] < 18
        and measures["border_spread"] < 14.5
    )


def dark(measures: dict[str, float]) -> bool:
    """Tell whether most of the picture is as dark as night."""
    return measures["lightness"] < 28 and measures["dark"] >= 0.5


def _starry_text(measures: dict[str, float]) -> str:
    return (
        f"{measures['points']:.0f} separate points of light on ground that is {measures['dark_ground']:.0%} "
        "black, dark to the edges (rule: at least 25 points, 40 %)"
    )


def _scenery(measures: dict[str, float]) -> str:
    """Return what a scene is called when only colour and light tell."""
    if measures["green"] >= 0.4:
        return "meadow"
    if measures["light_above"] >= 12:
        return "landscape"
    return "sky" if measures["open"] >= 0.6 and measures["blue"] >= 0.4 else "landscape"


@functools.cache
def _groups_of() -> tuple[str, ...]:
    """Return the group of each of the 1,000 classes."""
    groups = {index: name for name, ranges in table("labels")["groups"].items() for index in _indices(ranges)}
    return tuple(groups[index] for index in range(1000))


@functools.cache
def _named_groups() -> dict[str, str]:
    """Return the group of every class, kind and group name, in lower case."""
    classes = {
        one: group
        for name, group in zip(class_names(), _groups_of(), strict=True)
        for one in (name.lower(), *name.lower().split(" or "))
    }
    kinds = {
        one: _groups_of()[members[0]] for kind, members in _kinds().items() for one in kind.split(" or ")
    }
    return classes | kinds | {group: group for group in table("labels")["groups"]}


@functools.cache
def _kinds() -> dict[str, tuple[int, ...]]:
    """Return the class indices of each kind."""
    return {name: tuple(_indices(ranges)) for name, ranges in table("labels")["kinds"].items()}


def _indices(ranges: str) -> list[int]:
    """Return the numbers of "2-4 9": 2, 3, 4, 9."""
    numbers: list[int] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers
