"""The watch for answers that repeat themselves."""

from __future__ import annotations

import pytest

from agent.vlm.loops import LEAST_SPAN, LONGEST_PERIOD, REPEATS, Watch, period

SYSTEM = '[V:M] "G" G2 B2 d2 B2 | "D" A4 F4 | "G" G2 B2 d2 B2 | "D" A4 F4 |\n'
BASS = "[V:B] G,,2 G,,2 G,,2 G,,2 | D,,2 D,,2 D,,2 D,,2 | G,,8 | G,,8 |\n"
DRUMS = "[V:D] F,2 c2 F,2 c2 | F,2 c2 F,2 c2 | F,2 c2 F,2 c2 | F,2 c2 F,2 c2 |\n"


@pytest.mark.parametrize(
    "unit",
    ["\n", " ", "ab", "G2 B2 d2 B2 | ", "A2 | B2 | c2 | d2 | e2 | ", '{"a": 1}, ', SYSTEM, "aab" * 30 + "c"],
)
def test_endless_repeats_are_seen(unit: str) -> None:
    watch = Watch()
    needed = -(-max(REPEATS * len(unit), LEAST_SPAN) // len(unit)) + 1 + 32 // len(unit)
    said = "So it begins: " + unit * needed
    assert any([watch.feed(said[i : i + 3]) for i in range(0, len(said), 3)])
    assert period("So it begins: " + unit * needed) == len(unit)


def test_once_seen_it_stays() -> None:
    watch = Watch()
    assert watch.feed("la " * 200)
    assert watch.feed("and now for something else " * 3)


def test_music_repeats_without_looping() -> None:
    """Eight identical systems of three voices with a drum bar that never changes: a score of 32 bars."""
    tail = [
        f"[V:M] {notes} | A4 F4 | G8 | z8 |\n"
        for notes in ("G2B2", "d4", "e2d2", "c4", "B2A2", "G4", "F2G2", "A4")
    ]
    score = "".join(line + BASS + DRUMS for line in tail)
    watch = Watch()
    assert not any([watch.feed(letter) for letter in score])


def test_a_theme_said_four_times_does_not_loop() -> None:
    assert not Watch().feed((SYSTEM + BASS) * 4)


def test_periods_longer_than_the_bound_are_left_alone() -> None:
    words = "".join(chr(0x4E00 + i) for i in range(LONGEST_PERIOD + 1))
    assert not Watch().feed(words * 8)
    assert period(words[:-1] * 8) == LONGEST_PERIOD


def test_short_repeats_do_not_loop() -> None:
    assert not Watch().feed("x" * (LEAST_SPAN - 1))
    assert Watch().feed("x" * LEAST_SPAN)


def test_what_is_held_to_a_schema_ends_by_itself_but_for_blanks() -> None:
    watch = Watch(held=True)
    assert not watch.feed("la " * 400)
    assert watch.feed("\n" * (2 * LEAST_SPAN))
