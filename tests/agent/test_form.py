"""Form and meter: sections, phrases, the place of the climax."""

from fractions import Fraction

import pytest

from agent.offline.writer.form import climax_bar, sections
from agent.offline.writer.meter import meter

FORMS = [
    "A",
    "AB",
    "ABA",
    "AABA",
    "AABB",
    "ABAC",
    "ABACA",
    "AABBCC",
    "ABABCB",
    "AA'A''A'",
    "rondo",
    "layers",
    "x1",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bars", [4, 5, 7, 8, 12, 13, 16, 17, 24, 31, 64, 128])
def test_phrases_fill_the_piece_without_gaps(form, bars):
    made = sections(form, bars)
    at = 0
    for section in made:
        assert section.start == at
        assert section.bars == sum(phrase.bars for phrase in section.phrases)
        for phrase in section.phrases:
            assert phrase.start == at
            assert 4 <= phrase.bars <= 7
            at += phrase.bars
    assert at == bars
    assert [p.cadence for s in made for p in s.phrases].count("final") == 1
    assert made[-1].phrases[-1].cadence == "final"
    assert all(0 <= section.energy <= 1 for section in made)


def test_letters_and_returns():
    made = sections("AABA", 32)
    assert [(s.letter, s.varied, s.bars) for s in made] == [
        ("A", False, 8),
        ("A", True, 8),
        ("B", False, 8),
        ("A", True, 8),
    ]
    assert [p.cadence for p in made[2].phrases] == ["bridge", "open"]


def test_a_piece_too_short_for_its_form_returns_to_its_beginning():
    assert [section.letter for section in sections("ABACA", 12)] == ["A", "B", "A"]


@pytest.mark.parametrize(
    ("form", "bars", "bar"), [("AABA", 32, 18), ("ABA", 24, 14), ("AABB", 16, 10), ("ABAC", 32, 14)]
)
def test_the_climax_lies_in_a_fresh_phrase(form, bars, bar):
    assert climax_bar(sections(form, bars)) == bar


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bars", [8, 16, 20, 32, 48, 64])
def test_the_climax_lies_between_a_third_and_four_fifths(form, bars):
    place = climax_bar(sections(form, bars)) / bars
    assert 0.25 <= place <= 0.8


@pytest.mark.parametrize(
    ("name", "length", "onsets", "strong"),
    [
        ("4/4", 4, (0, 1, 2, 3), (0, 2)),
        ("3/4", 3, (0, 1, 2), (0,)),
        ("6/8", 3, (0, 1.5), (0,)),
        ("5/4", 5, (0, 1, 2, 3, 4), (0, 3)),  # 3 + 2
        ("7/8", 3.5, (0, 1, 2), (0, 2)),  # 2 + 2 + 3
        ("12/8", 6, (0, 1.5, 3, 4.5), (0, 2)),
        ("3/8", 1.5, (0,), (0,)),
    ],
)
def test_meters_have_the_usual_beats(name, length, onsets, strong):
    bar = meter(name)
    assert (bar.length, bar.onsets, bar.strong) == (length, onsets, strong)
    assert bar.strength(Fraction(0)) == 3
    assert bar.strength(Fraction(1, 4)) == 0
