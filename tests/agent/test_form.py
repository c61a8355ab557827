"""Form and meter: sections, phrases, the place of the climax."""

import random
from fractions import Fraction

import pytest

from agent.forms import NAMED, parse_form
from agent.offline.writer.entries import entries, within
from agent.offline.writer.events import Event
from agent.offline.writer.form import climax_bar, least_bars, sections, usual_bars
from agent.offline.writer.meter import meter
from chiaroscore import ControlError

FORMS = [
    "A",
    "AB",
    "AABA",
    "AABBCC",
    "ABABCB",
    "ABCDEFGHIJKL",
    "intro A",
    "intro ABAB coda",
    "AABA coda",
    "intro layers",
    *NAMED,
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [None, 1])
def test_phrases_fill_every_length_without_gaps(form, seed):
    for bars in range(4, 129):
        made = sections(form, bars, None if seed is None else random.Random(seed))
        at = 0
        for section in made:
            assert section.start == at
            assert section.bars == sum(phrase.bars for phrase in section.phrases)
            for phrase in section.phrases:
                assert phrase.start == at
                assert 2 <= phrase.bars <= 7
                at += phrase.bars
        assert at == bars
        assert [p.cadence for s in made for p in s.phrases].count("final") == 1
        assert made[-1].phrases[-1].cadence == "final"
        assert all(0 <= section.energy <= 1 for section in made)


@pytest.mark.parametrize("form", FORMS)
def test_from_its_least_bars_on_a_form_is_whole(form):
    read = parse_form(form)
    for bars in range(least_bars(form), 129):
        made = sections(form, bars)
        assert [s.letter for s in made if s.kind in ("theme", "layer")] == [
            letter for letter, _ in read.letters
        ]
        assert (made[0].kind == "intro") is read.intro
        assert (made[-1].kind == "coda") is read.coda
    assert least_bars(form) >= 4


def test_least_bars_are_two_a_section():
    assert least_bars("ABACA") == 10
    assert least_bars("intro AABA coda") == 12
    with pytest.raises(ControlError):
        least_bars("x1")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("section", [4, 8, 16])
def test_in_its_usual_bars_all_sections_are_equal(form, section):
    made = sections(form, usual_bars(form, section))
    assert {s.bars for s in made if s.kind in ("theme", "layer")} == {section}


def test_letters_and_returns():
    made = sections("AABA", 32)
    assert [(s.letter, s.varied, s.bars) for s in made] == [
        ("A", False, 8),
        ("A", True, 8),
        ("B", False, 8),
        ("A", True, 8),
    ]
    assert [p.cadence for p in made[2].phrases] == ["bridge", "open"]


def test_primes_say_how_often_a_section_has_been_varied():
    assert [s.turn for s in sections("variations", 32)] == [0, 1, 2, 3]
    assert [s.turn for s in sections("ABA", 24)] == [0, 0, 1]


def test_a_letter_keeps_its_scheme_of_phrases():
    for seed in range(20):
        made = sections("AABA", 32, random.Random(seed))
        schemes = [[p.index for p in s.phrases] for s in made if s.letter == "A"]
        assert schemes[0] == schemes[1] == schemes[2]
    drawn = {tuple(p.index for p in sections("A", 16, random.Random(seed))[0].phrases) for seed in range(30)}
    assert len(drawn) >= 3


def test_introduction_and_coda_are_quiet_and_end_open_and_final():
    made = sections("intro ABAB coda", 40)
    assert [(s.kind, s.bars) for s in (made[0], made[-1])] == [("intro", 4), ("coda", 4)]
    assert (made[0].phrases[-1].cadence, made[-2].phrases[-1].cadence) == ("open", "closed")
    assert max(made[0].energy, made[-1].energy) < min(s.energy for s in made[1:-1])


@pytest.mark.parametrize("form", ["AABA", "intro ABAB coda", "layers", "rondo"])
def test_the_energy_of_the_sections_rises_and_falls(form):
    made = sections(form, 40)
    energies = [section.energy for section in made]
    assert all(0 <= energy <= 1 for energy in energies)
    top = made[energies.index(max(energies))]
    assert 12 <= top.start + top.bars // 2 <= 36
    assert energies[0] < max(energies) > energies[-1]


def test_a_piece_too_short_for_its_form_returns_to_its_beginning():
    assert [section.letter for section in sections("ABACA", 7)] == ["A", "B", "A"]


@pytest.mark.parametrize(
    ("form", "bars", "bar"), [("AABA", 32, 18), ("ABA", 24, 14), ("AABB", 16, 10), ("ABAC", 32, 14)]
)
def test_the_climax_lies_in_a_fresh_phrase(form, bars, bar):
    assert climax_bar(sections(form, bars)) == bar


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bars", [8, 16, 20, 32, 48, 64])
def test_the_climax_lies_between_a_quarter_and_four_fifths(form, bars):
    place = climax_bar(sections(form, bars)) / bars
    assert 0.25 <= place <= 0.8


@pytest.mark.parametrize("form", ["intro AABA coda", "layers", "AABA"])
def test_parts_enter_one_by_one_and_are_all_heard(form):
    roles = ("melody", "counter", "harmony", "pad", "bass", "percussion")
    made = sections(form, 40)
    spans = dict(zip(roles, entries(roles, made), strict=True))
    assert all(first < stop <= 40 for first, stop in spans.values())
    assert min(spans["harmony"][0], spans["pad"][0]) == 0
    assert spans["bass"][1] == spans["melody"][1] == 40
    if form == "AABA":
        assert set(spans.values()) == {(0, 40)}
    if form == "layers":
        assert len({first for first, _ in spans.values()}) >= 4
        assert spans["percussion"][1] < 40
    if form.startswith("intro"):
        assert spans["counter"][0] == made[0].bars
        assert 0 < spans["percussion"][0] < made[0].bars


def test_what_a_part_plays_outside_its_bars_is_cut():
    events = [Event(Fraction(4 * at), Fraction(6), ((28, 0),)) for at in range(4)]
    kept = within(events, (1, 3), Fraction(4))
    assert [(event.start, event.length) for event in kept] == [(4, 6), (8, 4)]


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
