"""Tunes that the render tests share: small, in the house layout, each with what renderers get wrong."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from notation import KeyChange, MeterChange, Performance, Sounding, TempoChange, Tune, Voice, parse

BAND = """X:1
T:Harbour at Dusk
C:A. N. Other
M:4/4
L:1/8
Q:"Andante" 1/4=92
%%MIDI gchordoff
%%score M H B D
V:M name="Flute" clef=treble
V:H name="Piano" clef=treble
V:B name="Bass" clef=bass
V:D name="Drums" clef=perc
K:Dm
V:M
%%MIDI program 73
!mf!"Dm"d2 f2 a3 g|"Gm"f2 e2 d4|(3efg a2 "A7"g2 e2|"Dm"d6 z2|
V:H
%%MIDI program 0
%%MIDI chordattack 0
[DFA]4 [DFA]4|[DGB]4 [DGB]4|[EGA]4 [^CEA]4|[DFA]8|
V:B
%%MIDI program 32
D,4 A,,4|G,,4 D,4|A,,4 E,4|D,8|
V:D clef=perc
%%MIDI channel 10
%%MIDI chordattack 0
%%MIDI drummap F 36
%%MIDI drummap c 38
%%MIDI drummap g 42
[K:C clef=perc] [Fg]2 g2 [cg]2 g2|[Fg]2 g2 [cg]2 gg|[Fg]2 g2 [cg]2 g2|[Fg]2 z2 c4|
"""

TUNES = {
    "band": BAND,
    "pickup": "X:1\nT:Pickup and voltas\nM:6/8\nL:1/8\nQ:3/8=110\nK:G\n"
    "D|:G2B dBG|ABA AGE|1 A3 A2D:|2 G3 G2||\n|:d|e2e edB|ded dBG|A2B c2A|1 B3 B2:|2 G3 G3|]\n",
    "song": "X:1\nT:Morning Song\nC:Trad.\nM:3/4\nL:1/4\nQ:1/4=84\nK:F\nF|A2 c|c B A|G2 B|B A G|F>G A|c3|]\n"
    "w:The morn-ing has bro-ken, so soft on the hill,\nw:And now it is stir-ring and nev-er is still.\n",
    "changes": "X:1\nT:Changes\nM:4/4\nL:1/8\nQ:1/4=120\nK:A\nA2 c2 e2 a2|[Q:1/4=60]a2 e2 c2 A2|"
    "[M:3/4][K:Dm]d2 f2 a2|[Q:1/4=90](3gfe (3dcB A2|d6|]\n",
    "ties": "X:1\nT:Ties and chords\nM:4/4\nL:1/4\nQ:1/4=100\nK:C\n%%MIDI chordattack 0\n"
    "[CEG]2-[CEG]2|c4-|c2 (3B/A/G/ F|[FAc]4|z4|]\n",
}


@pytest.fixture(scope="session")
def tunes() -> dict[str, Tune]:
    """The tunes, parsed."""
    return {name: parse(text) for name, text in TUNES.items()}


@pytest.fixture(scope="session")
def band() -> str:
    """Four voices with chords, lyrics, chord symbols, a triplet and drums."""
    return BAND


@pytest.fixture
def make_tune() -> Callable[..., Tune]:
    """Build a tune from rows (voice, pitch, onset, duration), for what is tedious to say in ABC."""

    def build(
        rows: list[tuple[int, int, Fraction | int, Fraction | int]],
        *,
        voices: tuple[Voice, ...] = (Voice(id="1"),),
        qpm: float = 120.0,
        duration: Fraction | int = 4,
        key: tuple[str, str] = ("C", "major"),
        title: str = "Made by hand",
        velocity: int = 80,
        meter: tuple[int, int] = (4, 4),
    ) -> Tune:
        tempo = TempoChange(Fraction(0), qpm)
        change = MeterChange(Fraction(0), *meter)
        notes = tuple(
            Sounding(pitch, Fraction(onset), Fraction(length), velocity, voice, 1)
            for voice, pitch, onset, length in rows
        )
        played = Performance(notes, (tempo,), (change,), Fraction(duration))
        tonic = KeyChange(Fraction(0), *key)
        return Tune("", {}, title, "", Fraction(1, 2), change, tonic, tempo, voices, (tempo,), played)

    return build
