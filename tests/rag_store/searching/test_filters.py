import dataclasses
import random

import numpy as np
import pytest

from chiaroscore import ControlError
from rag_store.searching.filters import RANGES, TEXTS, Filter, checked_filter, demanded, mask
from rag_store.searching.licences import EVERYTHING, Allowed
from rag_store.searching.wanted import Wanted


def slowly(row, asked):
    """The same conditions, one row at a time."""
    played = set(row["instruments"].split("|"))
    for field, column in TEXTS.items():
        if getattr(asked, field) and row[column] not in getattr(asked, field):
            return False
    if asked.sources and not any(part.lower() in row["source"].lower() for part in asked.sources):
        return False
    if asked.any_instruments and not played & set(asked.any_instruments):
        return False
    if set(asked.all_instruments) - played:
        return False
    for name in RANGES:
        low, high = getattr(asked, name) or (None, None)
        if getattr(asked, name) and name == "year" and row["year"] == 0:
            return False
        value = float(np.float32(row.get(name, 1)))
        if (low is not None and value < low) or (high is not None and value > high):
            return False
    return asked.licences.allows(row["licence"], row["source"])


@pytest.mark.parametrize("seed", range(12))
def test_masks_are_those_of_a_slow_reading(drawn, seed):
    columns, rows = drawn(400, seed)
    rng = random.Random(seed)
    conditions = {
        "genres": ("jig", "waltz"), "moods": ("sad",), "meters": ("6/8", "3/4"), "modes": ("minor",),
        "tonics": ("D", "G"), "tempo_classes": ("slow", "fast"), "sources": ("MIDI", "songs"),
        "any_instruments": ("Violin", "Harp"), "all_instruments": ("Flute", "Cello"), "tempo": (60, 120),
        "density": (None, 3), "bars": (8, 16), "voices": (2, None), "valence": (-0.5, 0.5),
        "arousal": (0, 1), "year": (1800, None), "licences": Allowed.of(["PD", "unstated"]),
    }  # fmt: skip
    chosen = rng.sample(sorted(conditions), 1 + seed % 4)
    asked = Filter(**({"licences": EVERYTHING} | {name: conditions[name] for name in chosen}))
    found = mask(columns, asked)
    assert found.tolist() == [slowly(row, asked) for row in rows]
    assert 0 < found.sum() < 400 or seed % 4 > 1
    assert len(asked.asked()) == len(chosen)


def test_a_mask_is_the_askers_own(drawn):
    columns, _ = drawn(50)
    mask(columns, Filter())[:] = False
    assert mask(columns, Filter()).any()


def test_a_source_that_is_not_there_is_named_with_those_that_are(drawn):
    with pytest.raises(ControlError, match=r"'pdmx'; there are: MidiCaps, my songs, written"):
        mask(drawn(50)[0], Filter(sources=("pdmx",)))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"genres": ("polkka",)}, "genre 'polkka'.*polka"),
        ({"meters": ("waltz time",)}, "fraction"),
        ({"tonics": ("H",)}, "tonic 'H'"),
        ({"all_instruments": ("violn",)}, "Violin"),
        ({"tempo": (120, 60)}, r"range \(120, 60\) of tempo"),
        ({"valence": (float("nan"), 1)}, "holds no number"),
    ],
)
def test_conditions_that_nothing_can_meet_are_refused(asked, message):
    with pytest.raises(ControlError, match=message):
        checked_filter(Filter(**asked))


def test_instruments_get_the_names_of_the_table():
    assert checked_filter(Filter(any_instruments=("cellos",))).any_instruments == ("Cello",)


def test_said_in_words():
    asked = Filter(meters=("3/4", "6/8"), all_instruments=("Violin", "Flute"), tempo=(60, None), bars=(8, 8))
    assert asked.asked() == {
        "meters": "3/4 or 6/8", "all instruments": "Violin and Flute", "tempo": "from 60", "bars": "8",
    }  # fmt: skip
    assert dataclasses.replace(asked, licences=EVERYTHING).asked() == asked.asked()
    assert Filter(licences=Allowed.of(["PD"])).asked() == {"licences": "pd"}


def test_wishes_become_conditions():
    strict = demanded(Wanted(genre="jig", mode="minor", tempo=90), Filter(moods=("sad",)))
    assert strict == Filter(genres=("jig",), modes=("minor",), moods=("sad",))
