"""What is played: repeats, endings, ties, grace notes, tempo and loudness."""

from __future__ import annotations

from fractions import Fraction

import pytest

import notation
from chiaroscore import NotationError
from notation.endings import ending_numbers
from notation.perform import play_order

HEAD = "X:1\nT:t\nM:4/4\nL:1/1\nK:C\n"


def letters(music: str) -> str:
    """The bars played, each bar being one whole note of its own letter."""
    names = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B"}
    return "".join(names[note.pitch] for note in notation.parse(HEAD + music).performance.notes)


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("C|D|E|", "CDE"),
        ("|:C|D:|E|", "CDCDE"),
        ("C|D:|E|F:|", "CDCDEFEF"),
        ("C|:D:|E|", "CDDE"),
        ("|:C::D:|", "CCDD"),
        ("|:C|1 D:|2 E|]", "CDCE"),
        ("|:C|1 D:|2 E:|", "CDCE"),
        ("|:C|1,3 D:|2 E:|", "CDCECD"),
        ("|:C|1-2 D:|3 E|]", "CDCDCE"),
        ("|:C|[1 D:|[2 E||F|", "CDCEF"),
        ("|:C|1 D:|E|", "CDCE"),  # one ending only: left out the second time
        ("|:C|1 D:|2 E||F|G:|", "CDCEFGFG"),  # the double bar ends the second ending
        ("|:C|1 D:|2 E|]F|1 G:|2 A|]", "CDCEFGFA"),
        ("|:C|1 D:|2 E|:F|1 G:|2 A|]", "CDCEFGFA"),
        ("|C:|D|1 E:|2 F|]", "CCDEDF"),  # the second part has no |: of its own
        ("C|D:|\n|E|F:|", "CDCDEFEF"),
        ("|:C|D|", "CD"),
    ],
)
def test_order_of_bars(music: str, order: str) -> None:
    assert letters(music) == order


@pytest.mark.parametrize(
    ("text", "passes"), [("1", [1]), ("1,3", [1, 3]), ("1-3", [1, 2, 3]), ("last", []), ("", [])]
)
def test_ending_numbers(text: str, passes: list[int]) -> None:
    assert ending_numbers(text) == passes


def test_too_many_passes_are_refused() -> None:
    with pytest.raises(NotationError, match="limit"):
        ending_numbers("1-99999999")


def test_what_plays_too_long_is_refused_by_check_and_parse_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notation.perform.MAX_PLAYED", 9)
    for music, refused in (
        ("|:CDEF:|", False),
        ("|:CDEF:|C|", False),
        ("|:CDEF:|CD|", True),
        ("|:C-C-C-C:|C-C|", False),  # 10 written in playing order, 3 played
        ("{CDE}C|:{CDE}C:|", True),
        ("[CE][CE]|:[CE][CE]:|", True),
    ):
        text = HEAD + music
        assert any(found.code == "limits" for found in notation.check(text)) == refused, music
        if refused:
            with pytest.raises(NotationError, match="limit"):
                notation.parse(text)
        else:
            assert len(notation.parse(text).performance.notes) <= 9


def test_every_bar_is_played() -> None:
    tune = notation.parse(HEAD + "C|:D|1 E:|2 F||G:|A|]")
    assert set(play_order(tune.voices[0].bars)) == set(range(6))


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C2-C2-|C4|", [(0, 8, 60)]),
        ("[CE]2-[CG]2|", [(0, 4, 60), (0, 2, 64), (2, 2, 67)]),  # E is tied to nothing
        ("C2-D2|", [(0, 2, 60), (2, 2, 62)]),
        ("|:C4-|1 C4:|2 C4|]", [(0, 8, 60), (8, 8, 60)]),  # into both endings
        ("|:C4-:|", [(0, 4, 60), (4, 4, 60)]),
        ("C3-z|C4|", [(0, 3, 60), (4, 4, 60)]),
    ],
)
def test_ties(music: str, expected: list[tuple[int, int, int]]) -> None:
    played = notation.parse(HEAD.replace("1/1", "1/4") + music).performance.notes
    assert [(n.onset, n.duration, n.pitch) for n in played] == expected


def test_grace_notes_take_half_in_equal_shares() -> None:
    played = notation.parse(HEAD.replace("1/1", "1/4") + "{de}[CE]2-[CE]2|").performance.notes
    assert [(n.onset, n.duration, n.pitch, n.grace) for n in played] == [
        (0, 1, 74, True),
        (1, 1, 76, True),
        (2, 2, 60, False),
        (2, 2, 64, False),
    ]


def test_tempo_and_meter_in_played_time() -> None:
    tune = notation.parse("X:1\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\n|:CDEF|[Q:1/4=120][M:2/4]CD:|\n")
    played = tune.performance
    assert [(t.onset, t.qpm) for t in played.tempi] == [(0, 60), (4, 120), (6, 60), (10, 120)]
    assert [(m.onset, m.numerator) for m in played.meters] == [(0, 4), (4, 2), (6, 4), (10, 2)]
    assert played.duration == 12
    assert played.seconds(played.duration) == pytest.approx(4 + 1 + 4 + 1)


def test_chord_symbols_and_rests_never_sound() -> None:
    played = notation.parse(HEAD.replace("1/1", "1/4") + '"Am"z4|"C"C4|z4|').performance
    assert [(n.onset, n.pitch) for n in played.notes] == [(4, 60)]
    assert played.duration == 12


def velocities(music: str, meter: str = "4/4") -> list[int]:
    return [n.velocity for n in notation.parse(f"X:1\nM:{meter}\nL:1/8\nK:C\n{music}").performance.notes]


def test_loudness_follows_marks_and_meter() -> None:
    assert velocities("C2CC C2C2|") == [86, 80, 74, 80, 80]
    assert velocities("CCC CCC|", "6/8") == [86, 74, 74, 80, 74, 74]
    assert velocities("!p!C4 !ff!C4|") == [54, 112]
    assert velocities("!accent!C4 !sfz!C4|C8|") == [102, 104, 86]
    assert velocities("C|C8|") == [74, 86]  # a pickup is no downbeat


def test_hairpins_are_straight_lines_to_the_next_mark() -> None:
    assert velocities("!p!!crescendo(!C2C2C2!crescendo)!!f!C2|") == [54, 64, 80, 96]
    assert velocities("!f!!diminuendo(!C2C2C2!diminuendo)!C2|C8|") == [102, 91, 85, 80, 86]
    assert velocities("!crescendo(!C8|C8|") == [86, 86]  # never closed: no change


def test_loudness_never_leaves_midi() -> None:
    loud = velocities("!ffff!!accent!C2!marcato!C2!sfz!C4|")
    soft = velocities("!pppp!CCCC{g}CCCC|")
    assert max(loud) == 127
    assert min(soft) >= 1


def test_played_notes_know_their_source() -> None:
    tune = notation.parse(HEAD + "|:C|D:|")
    assert [tune.abc[slice(*n.span)] for n in tune.performance.notes] == ["C", "D", "C", "D"]
    assert [n.bar for n in tune.performance.notes] == [1, 2, 1, 2]


def test_notes_are_sorted_and_times_exact() -> None:
    tune = notation.parse("X:1\nM:4/4\nL:1/4\nK:C\nV:1\n(3ceg [EC]3|\nV:2\nC,4|\n")
    keys = [(n.onset, n.voice, n.pitch) for n in tune.performance.notes]
    assert keys == sorted(keys)
    assert all(isinstance(n.onset, Fraction) for n in tune.performance.notes)
