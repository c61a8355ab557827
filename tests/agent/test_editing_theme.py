"""Themes: read from files, and gone on from."""

from __future__ import annotations

import pathlib
from fractions import Fraction

import pytest

from agent import Agent
from agent.editing.theme import Theme, read_theme
from agent.editing.theme_notes import quantised
from chiaroscore import InputError
from evaluation.similarity import melodic_similarity
from notation import check, parse
from render import midi, musicxml

THEME = """X:1
T:Theme
M:3/4
L:1/8
Q:1/4=100
K:Em
e2 g2 f2|e4 d2|B2 d2 c2|B4 A2|G2 A2 B2|c4 B2|A2 G2 ^D2|E6|]
"""


def line(theme: Theme) -> list[tuple[Fraction, Fraction, int]]:
    return [(event.start, event.length, event.pitches[0]) for event in theme.events]


def test_three_formats_give_one_theme(tmp_path: pathlib.Path) -> None:
    tune = parse(THEME)
    (tmp_path / "t.abc").write_text(THEME)
    (tmp_path / "t.mid").write_bytes(midi(tune))
    (tmp_path / "t.musicxml").write_text(musicxml(tune))
    themes = [read_theme(tmp_path / f"t.{kind}") for kind in ("abc", "mid", "musicxml")]
    for theme in themes:
        assert (theme.bars, theme.key.name, theme.meter, theme.tempo) == (8, "E minor", "3/4", 100)
        assert line(theme) == line(themes[0])
        assert [event.tones for event in theme.events] == [event.tones for event in themes[0].events]
    assert read_theme(THEME).events == themes[0].events


def test_played_times_come_onto_the_grid() -> None:
    beats = [(0.02, 0.45), (0.51, 0.4), (1.01, 0.3), (1.32, 0.33), (1.66, 0.3), (2.0, 0.97)]
    played = [
        (Fraction(at).limit_denominator(480), Fraction(length).limit_denominator(480), 60)
        for at, length in beats
    ]
    third = Fraction(1, 3)
    assert [start for start, _, _ in quantised(played)] == [0, Fraction(1, 2), 1, 1 + third, 1 + 2 * third, 2]
    assert [length for _, length, _ in quantised(played)] == [
        Fraction(1, 2),
        Fraction(1, 2),
        third,
        third,
        third,
        1,
    ]


def test_a_pickup_and_a_long_theme() -> None:
    upbeat = read_theme(THEME.replace("e2 g2 f2|e4", "B2|e2 g2 f2|e4"))
    assert upbeat.events[0].start == 2 and upbeat.bars == 9
    long = read_theme(THEME.replace("|]", "|" + "e2 g2 f2|" * 20))
    assert long.bars == 16 and "first 16 were taken" in long.remarks[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.abc", b"hello", "not ABC"),
        ("t.abc", b"\xff\xfe\x00", "not ABC"),
        ("t.mid", b"MThd\x00\x00", "no MIDI file"),
        ("t.mid", b"", "no MIDI file"),
        ("t.musicxml", b"<score-partwise><part", "no MusicXML"),
        ("t.mxl", b"PK\x03\x04rubbish", "archive"),
        ("t.wav", b"RIFF", "convert it"),
        ("t.abc", b"X:1\nM:4/4\nK:C\nC2|]\n", "notes"),
        ("t.abc", b"X:1\nM:11/8\nL:1/8\nK:C\nCDEFGABcdef|CDEFGABcdef|]\n", "11/8"),
        ("t.abc", b"X:1\nK:C\nCDEF|GABc|]\n", "names no meter"),
        ("t.abc", b"%" * (2**21 + 5), "larger than"),
    ],
)
def test_bad_themes_end_in_one_line(tmp_path: pathlib.Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_theme(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_theme_that_is_not_there() -> None:
    with pytest.raises(InputError, match="not a file"):
        read_theme("nowhere.abc")


def test_a_piece_goes_on_from_a_theme(agent_of_run: Agent, picture: pathlib.Path) -> None:
    piece = agent_of_run.compose(picture, continue_from=THEME, seed=2)
    assert (piece.plan.key, piece.plan.meter, piece.plan.tempo) == ("E minor", "3/4", 100)
    assert [problem for problem in check(piece.abc) if problem.severity == "error"] == []
    theme = read_theme(THEME)
    own = [(n.onset, n.pitch) for n in piece.tune.voices[0].notes if n.bar <= 8]
    moved = {pitch - old.pitches[0] for (_, pitch), old in zip(own, theme.events, strict=True)}
    assert len(moved) == 1 and next(iter(moved)) % 12 == 0
    assert [at for at, _ in own] == [event.start for event in theme.events]
    assert len(piece.tune.voices[0].bars) == 24
    assert any(use.source == "theme" for use in piece.draft.uses)
    assert piece.manifest()["theme"]["bars"] == 8
    assert all(len(voice.notes) > 8 for voice in piece.tune.voices)
    assert piece.draft.chords[0].startswith("i")


def test_what_is_asked_for_goes_before_the_theme(agent_of_run: Agent, picture: pathlib.Path) -> None:
    piece = agent_of_run.compose(picture, continue_from=THEME, key="C minor", bars=20, tempo=80)
    assert (piece.plan.key, piece.plan.bars, piece.plan.tempo) == ("C minor", 20, 80)
    alone = parse(THEME)
    assert melodic_similarity(piece.tune, alone) > 0.3
    assert any("moved from E minor to C minor" in remark for remark in piece.remarks)
    other = agent_of_run.compose(picture, continue_from=THEME, meter="4/4")
    assert other.tune.meter.numerator == 4 and any("fitted from 3/4" in remark for remark in other.remarks)
