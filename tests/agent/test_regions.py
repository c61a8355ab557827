"""Regions: contrasting sections leave home and come back, in spelling that can be read."""

import random

import pytest

from agent.offline.writer.form import sections
from agent.offline.writer.harmony import chord_at, harmonise
from agent.offline.writer.meter import meter
from agent.offline.writer.pattern import table
from agent.offline.writer.regions import away, raised, regions
from agent.offline.writer.theory import chord, chord_scale, mode_of, scale, tonic

BAR = meter("4/4")
SEEDS = range(40)


def spans(form, bars, seed, mode="major", family="classical"):
    laid = sections(form, bars)
    return laid, harmonise(laid, BAR, tonic("C"), mode, family, random.Random(seed))


def test_numerals_of_a_region_are_chords_of_its_key():
    home = tonic("C")
    assert chord("I@V", home).symbol == "G"
    assert chord("V7@vi", home).symbol == "E7"
    assert chord("IV:3@V", home).symbol == "C/E"
    assert chord_scale(home, "major", chord("IV@V", home))[3] == 1  # F sharp in G major
    assert mode_of("vi") == "minor" and mode_of("bVI") == "major"


@pytest.mark.parametrize("key", ["C", "Gb", "Cb", "F#", "C#", "Db"])
@pytest.mark.parametrize("family", sorted(table("regions")["families"]))
def test_no_region_needs_triple_signs(key, family):
    record = table("regions")["families"][family]
    for mode in ("major", "minor"):
        for region in record[mode]:
            for numeral in ("I", "bII7", "iiø7", "V7/ii", "bVI", "#ivo7", "iv6"):
                made = chord(f"{numeral}@{region}", tonic(key))
                alters = [tone.alter for tone in made.tones] + list(chord_scale(tonic(key), mode, made))
                assert max(map(abs, alters)) <= 2


def test_only_contrasting_sections_leave_home_and_the_piece_ends_there():
    left = 0
    for seed in SEEDS:
        laid, chords = spans("ABA", 24, seed)
        for span in chords:
            section = next(s for s in laid if s.start * 4 <= span.start < (s.start + s.bars) * 4)
            if "@" in span.chord.roman:
                left += 1
                assert section.letter == "B"
        assert chords[-1].chord.roman == "I"
        before_return = chord_at(chords, (laid[2].start * BAR.length) - 1)
        if any("@" in s.chord.roman for s in chords):
            assert before_return.roman == "V7"  # leads back
    assert left > 100


def test_a_piece_that_ends_with_its_contrast_ends_at_home():
    for seed in SEEDS:
        for form, bars in (("AABB", 32), ("ABAC", 32), ("AB", 16)):
            _, chords = spans(form, bars, seed, mode="minor")
            assert chords[-1].chord.root == tonic("C")
            assert "@" not in chords[-1].chord.roman


def test_there_is_no_region_in_the_modes_and_in_layers():
    assert not regions(sections("ABA", 24), "dorian", "classical", random.Random(1))
    assert not regions(sections("layers", 32), "major", "static", random.Random(1))


def test_away_leads_back_in_the_half_bar_that_is_left():
    assert away(["I", "V"], "vi", "major", back=True) == ["I@vi", "V7"]
    assert away(["I", "IV V"], "vi", "major", back=True) == ["I@vi", "IV@vi V7"]
    assert away(["I"], "vi", "major", back=False) == ["I@vi"]


def test_modal_dominants_are_raised_in_the_old_style_alone():
    assert raised(["iv", "v", "i"], "classical") == ["iv", "V", "i"]
    assert raised(["iv v", "i"], "classical") == ["iv V", "i"]
    assert raised(["v", "iv"], "classical") == ["v", "iv"]
    assert raised(["iv", "v", "i"], "folk") == ["iv", "v", "i"]
    assert 11 in chord("V", tonic("C")).pcs and 11 not in {t.pc for t in scale(tonic("C"), "dorian")}
