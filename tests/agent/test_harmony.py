"""Harmony: progressions enough, coloured by mood, inverted and over pedals, returning with their section."""

import itertools
import random
from collections import Counter

import pytest

from agent.offline.writer.colour import brightness, chromaticism, coloured, drawn
from agent.offline.writer.form import sections
from agent.offline.writer.harmony import harmonise
from agent.offline.writer.meter import meter
from agent.offline.writer.pattern import table
from agent.offline.writer.theory import chord, tonic

CELLS = [
    (where, kind, many)
    for group in [
        *(modes for modes in table("progressions")["families"].values()),
        table("progressions")["modes"],
    ]
    for where, cell in group.items()
    for kind, many in cell.items()
]
HOME = tonic("C")


def test_there_are_progressions_enough_for_seeds_to_differ():
    for where, kind, many in CELLS:
        assert len({tuple(one) for one in many}) == len(many) >= (7 if where == "locrian" else 8), (
            where,
            kind,
        )


def test_every_progression_has_four_bars_that_can_be_read():
    for _, _, many in CELLS:
        for one in many:
            assert len(one) == 4
            assert all(1 <= len(bar.split()) <= 2 for bar in one)
            assert all(chord(numeral, HOME).tones for bar in one for numeral in bar.split())


@pytest.mark.parametrize(
    ("numeral", "symbol", "low"),
    [("I:3", "C/E", 4), ("V7:7", "G7/F", 5), ("IV:i", "F/C", 0), ("V:v", "G", 7), ("bII:3", "Db/F", 5)],
)
def test_a_numeral_says_its_bass(numeral, symbol, low):
    found = chord(numeral, HOME)
    assert (found.symbol, found.low.pc) == (symbol, low)


def test_a_bass_that_the_chord_has_not_is_refused():
    with pytest.raises(ValueError, match="no such bass"):
        chord("I:7", HOME)


def test_dark_plans_get_darker_progressions_and_tense_ones_more_chromatic():
    many = table("progressions")["families"]["classical"]["major"]["bridge"]
    mean = {}
    for valence, tension in itertools.product((-1, 1), (-1, 1)):
        rng = random.Random(1)
        found = [tuple(drawn(many, valence, tension, rng)) for _ in range(300)]
        mean[valence, tension] = (
            sum(map(brightness, found)) / 300,
            sum(map(chromaticism, found)) / 300,
        )
    assert mean[1, -1][0] > mean[-1, -1][0] + 0.2
    assert mean[-1, 1][1] > mean[-1, -1][1] + 0.1


def test_brightness_and_tension_of_known_progressions():
    assert brightness(("I", "IV", "V", "I")) == 1.0
    assert brightness(("i", "iv", "v", "i")) == -1.0
    assert brightness(("I", "bVI", "iv", "I")) == pytest.approx((1 + 0.5 - 1 + 1) / 4)
    assert chromaticism(("I", "IV", "V", "I")) == 0.0
    assert chromaticism(("I", "V7/ii", "ii", "V7:7")) == pytest.approx((1 + 0.5) / 4)


def test_borrowed_chords_come_where_the_mood_asks_for_them():
    bars = ["I", "IV", "I", "V"]

    def colours(valence, tension):
        rng = random.Random(3)
        made = [
            coloured(bars, "classical", minor=False, valence=valence, tension=tension, rng=rng)
            for _ in range(50)
        ]
        return Counter(numeral for one in made for bar in one for numeral in bar.split())

    assert colours(-0.8, 0.5)["iv"] > 10
    assert colours(0.8, 0.5)["iv"] == 0
    jazz = ["ii7", "V9", "Imaj7", "I6"]
    rng = random.Random(1)
    tense = [coloured(jazz, "jazz", minor=False, valence=0, tension=0.8, rng=rng) for _ in range(40)]
    assert any("bII7" in one for one in tense)
    assert all(one[-1] == jazz[-1] for one in tense)


def test_sections_return_with_their_harmony_and_seeds_differ():
    form = sections("AABA", 32)
    made = [
        [
            span.chord.roman
            for span in harmonise(form, meter("4/4"), HOME, "major", "pop", random.Random(seed))
        ]
        for seed in range(12)
    ]
    assert len({tuple(one) for one in made}) >= 11
    spans = harmonise(form, meter("4/4"), HOME, "major", "pop", random.Random(5))
    first = [span.chord.symbol for span in spans if span.start < 12]
    third = [span.chord.symbol for span in spans if 96 <= span.start < 108]
    assert first == third


def test_a_coda_stands_on_the_tonic():
    form = sections("intro AABA coda", 40)
    assert form[-1].kind == "coda"
    start = form[-1].start * 4
    on_tonic = []
    for seed in range(12):
        spans = harmonise(form, meter("4/4"), HOME, "major", "classical", random.Random(seed))
        on_tonic += [span.chord.low.pc == 0 for span in spans if span.start >= start]
    assert sum(on_tonic) > 0.6 * len(on_tonic)
