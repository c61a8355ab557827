"""How bars may be filled: every meter that is written, to its end, with values that can be read."""

from __future__ import annotations

from functools import cache

import pytest

from agent.offline.writer.meter import meter
from agent.tempo import METERS
from prompts.grammar_bar import VALUES, length_text, moves


def beats_of(name: str) -> tuple[int, ...]:
    return tuple(int(beat * 4) for beat in meter(name).beats)


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("shortest", [1, 2])
def test_every_place_that_a_bar_comes_to_leads_to_its_end(name: str, shortest: int) -> None:
    beats = beats_of(name)
    bar, ways = sum(beats), moves(beats, shortest)
    assert ways[0]
    for place, values in ways.items():
        assert values
        for value in values:
            assert value >= shortest
            assert place + value == bar or place + value in ways


@pytest.mark.parametrize("name", METERS)
def test_a_place_is_kept_only_if_a_bar_comes_to_it(name: str) -> None:
    ways = moves(beats_of(name))
    ends = {place + value for place, values in ways.items() for value in values}
    assert set(ways) - {0} <= ends


def test_a_bar_of_eighths_can_be_filled_in_as_many_ways_as_counted_by_hand() -> None:
    # 2/4 without sixteenths: on each beat 2+2 or 4 (4 ways), a half note, a dotted quarter and an eighth,
    # eighth quarter eighth
    ways = moves((4, 4), 2)

    @cache
    def count(place: int) -> int:
        return 1 if place == 8 else sum(count(place + value) for value in ways[place])

    assert count(0) == 4 + 1 + 1 + 1


@pytest.mark.parametrize(
    ("beats", "values", "good"),
    [
        ((4, 4, 4, 4), (6, 2, 8), True),  # a dotted quarter on a beat
        ((4, 4, 4, 4), (2, 4, 4, 4, 2), True),  # syncopation
        ((4, 4, 4, 4), (3, 1, 12), True),  # a dotted eighth on a beat
        ((4, 4, 4, 4), (1, 1, 2, 12), True),  # sixteenths in a pair
        ((4, 4, 4, 4), (1, 2, 1, 12), False),  # an eighth between sixteenths
        ((4, 4, 4, 4), (1, 3, 12), False),  # a dotted value off the beat
        ((4, 4, 4, 4), (2, 8, 6), False),  # a half note off the beat
        ((4, 4, 4, 4), (4, 12), True),
        ((4, 4, 4, 4), (2, 6, 8), False),
        ((6, 6), (4, 2, 6), True),
        ((6, 6), (2, 4, 6), True),
        ((6, 6), (12,), True),
        ((6, 6), (4, 8), False),  # a half note that hides the second beat
        ((6, 6), (8, 4), False),
        ((4, 4, 6), (4, 6, 4), False),  # a dotted quarter into a beat of three eighths
        ((4, 4, 6), (8, 6), True),
        ((6, 6, 6), (6, 12), True),
    ],
)
def test_values_that_hide_the_beats_are_left_out(
    beats: tuple[int, ...], values: tuple[int, ...], good: bool
) -> None:
    ways, place = moves(beats), 0
    for value in values:
        if value not in ways[place]:
            break
        place += value
    assert (place == sum(beats)) is good


def test_a_bar_that_its_values_cannot_fill_has_no_places() -> None:
    assert moves((6,), 8) == {}
    assert moves((6,), 4) == {0: (6,)}


def test_lengths_are_written_in_eighths() -> None:
    written = {value: length_text(value) for value in VALUES}
    assert written == {1: "/2", 2: "", 3: "3/2", 4: "2", 6: "3", 8: "4", 12: "6", 16: "8", 24: "12"}
