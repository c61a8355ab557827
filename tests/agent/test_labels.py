"""Groups, kinds, things and settings from class probabilities that are made here."""

import collections

import numpy as np
import pytest

from agent.offline import labels
from agent.offline.network import class_names
from agent.offline.tables import table

QUIET = {
    "points": 0,
    "dark_ground": 0.1,
    "border_light": 50,
    "border_spread": 20,
    "dark": 0.1,
    "lightness": 50,
}
QUIET |= {"green": 0, "blue": 0, "light_above": 0, "open": 0.2}
STARS = {"points": 90, "dark_ground": 0.6, "border_light": 4, "border_spread": 5}
EVEN = dict.fromkeys(("animal", "object", "person", "scenery"), 0.25)


def probabilities(**shares):
    """Class probabilities with these on the named classes (_ for a blank), the rest spread evenly."""
    p = np.zeros(1000, np.float32)
    for name, share in shares.items():
        p[class_names().index(name.replace("_", " "))] = share
    return p + (1 - p.sum()) / 1000


def setting(p, kinds=EVEN, **measures):
    return labels.find_setting(labels.seen_objects(p), labels.group_shares(p), kinds, QUIET | measures)[0]


def test_every_class_has_one_group():
    counts = collections.Counter(
        i for ranges in table("labels")["groups"].values() for i in labels._indices(ranges)
    )
    assert sorted(counts) == list(range(1000))
    assert set(counts.values()) == {1}


def test_every_class_has_at_most_one_kind():
    counts = collections.Counter(
        i for ranges in table("labels")["kinds"].values() for i in labels._indices(ranges)
    )
    assert set(counts) <= set(range(1000))
    assert set(counts.values()) == {1}


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("tench", "sea animal"), ("goldfinch", "bird"), ("toilet paper", "interior"), ("beach", "coast"),
        ("Egyptian Mau", "animal"), ("Samoyed", "animal"), ("bee", "insect"), ("tarantula", "insect"),
        ("church", "sacred"), ("violin", "music"), ("espresso", "drink"), ("pizza", "food"),
        ("airliner", "aircraft"), ("space shuttle", "space"), ("schooner", "ship"), ("sports car", "vehicle"),
        ("traffic light", "city"), ("ski", "sport"), ("carousel", "play"), ("candle", "fire"),
        ("geyser", "water"), ("bolete", "forest"), ("valley", "countryside"), ("laptop computer", "machine"),
        ("snowplow", "snow"), ("kimono", "clothing"), ("palace", "building"), ("dust jacket", "picture"),
        ("volcano", "mountain"), ("daisy", "flower"), ("rifle", "weapon"), ("king penguin", "bird"),
        ("couch", "interior"), ("hammer", "object"), ("bridegroom", "person"), ("Komodo dragon", "reptile"),
    ],
)  # fmt: skip
def test_groups_of_known_classes(name, group):
    assert labels._groups_of()[class_names().index(name)] == group


def test_class_names_are_tidy():
    names = class_names()
    assert len(names) == 1000
    assert not [name for name in names if set("()/,") & set(name) or len(name) > 40]
    assert names[281:286] == ("tabby cat", "tiger cat", "Persian cat", "Siamese cat", "Egyptian Mau")


def test_groups_sum_to_one_and_fall():
    shares = labels.group_shares(probabilities(beach=0.4, violin=0.3))
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert shares["coast"] > 0.4
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_classes_of_a_kind_are_summed():
    p = probabilities(Egyptian_Mau=0.5, tiger_cat=0.2, tabby_cat=0.1)
    (cat,) = labels.seen_objects(p)
    assert (cat.name, cat.group) == ("cat", "animal")
    assert cat.probability == pytest.approx(0.8, abs=0.002)
    assert labels.likeness("cat", p) == "Egyptian Mau"
    assert labels.likeness("tripod", p) == ""


def test_of_two_names_the_likelier_is_said():
    assert labels.seen_objects(probabilities(palace=0.4, castle=0.1))[0].name == "palace"
    assert labels.seen_objects(probabilities(palace=0.3, castle=0.25))[0].name == "castle or palace"


def test_a_hundred_breeds_with_a_crumb_each_are_no_dog():
    p = np.zeros(1000, np.float32)
    p[151:269] = 0.3 / 118
    p[0] = 0.7
    assert [thing.name for thing in labels.seen_objects(p)] == ["tench"]


def test_faint_guesses_are_not_mentioned():
    assert labels.seen_objects(np.full(1000, 0.001, np.float32)) == []
    assert labels.seen_objects(probabilities(violin=0.06)) == []


def test_flat_things_are_a_reproduction_but_a_screen_is_a_screen():
    assert [t.name for t in labels.seen_objects(probabilities(dust_jacket=0.3, monitor=0.2))] == [
        labels.REPRODUCTION
    ]
    assert [t.name for t in labels.seen_objects(probabilities(monitor=0.6))] == ["screen"]


@pytest.mark.parametrize(
    ("p", "kinds", "measures", "expected"),
    [
        ({"beach": 0.5}, {}, {}, "coast"),
        ({"beach": 0.3, "cliff": 0.2}, {}, {}, "coast"),
        ({"beach": 0.2}, {}, {}, "coast"),
        ({"beach": 0.1}, {"scenery": 0.9}, {}, "landscape"),
        ({"beach": 0.1}, {"scenery": 0.9}, {"green": 0.6}, "meadow"),
        ({"beach": 0.1}, {"scenery": 0.9}, {"open": 0.8, "blue": 0.7}, "sky"),
        ({"beach": 0.1}, {"person": 0.9}, {}, "person"),
        ({"ski": 0.4}, {"person": 0.95}, {}, "person"),
        ({"ski": 0.6}, {"person": 0.95}, {}, "sport"),
        ({"dust jacket": 0.5}, {"object": 0.9}, {}, "painting"),
        ({"dust jacket": 0.5}, {"person": 0.9}, {}, "person"),
        ({"dust jacket": 0.4, "beach": 0.25}, {}, {}, "coast"),
        ({"hammer": 0.9}, {"object": 0.9}, {}, "object"),
        ({}, {}, {"lightness": 15, "dark": 0.8}, "night"),
        ({"jellyfish": 0.5}, {}, STARS, "space"),
        ({"jellyfish": 0.9}, {}, STARS, "sea animal"),
    ],
)  # fmt: skip
def test_settings(p, kinds, measures, expected):
    p = probabilities(**{name.replace(" ", "_"): share for name, share in p.items()})
    rest = (1 - sum(kinds.values())) / (4 - len(kinds))
    assert setting(p, {name: kinds.get(name, rest) for name in EVEN}, **measures) == expected


def test_nothing_known_is_abstract_or_unknown():
    p = np.zeros(1000, np.float32)
    for group in table("labels")["groups"].values():
        p[labels._indices(group)[0]] = 1 / len(table("labels")["groups"])
    assert setting(p) == "abstract"
    weak = probabilities(violin=0.12, accordion=0.12)
    shares = labels.group_shares(weak)
    assert shares["music"] > 0.2
    assert setting(weak) == "unknown"
