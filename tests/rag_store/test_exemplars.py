"""The hand-written exemplars: complete headers, valid ABC, sound part-writing, no tune twice."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import mido
import pytest
import symusic  # noqa: F401  # sets SYMUSIC_ABC2MIDI to the abc2midi it carries

from notation import Tune, Voice, check, parse

FOLDER = Path(__file__).parents[2] / "rag_store" / "data" / "exemplars"
FILES = sorted(FOLDER.glob("*.abc"))
DOUBLED = [
    *("waltz", "tango", "bossa nova", "samba", "blues", "swing", "ragtime", "ballad", "lullaby", "nocturne"),
    *("ambient", "film", "minimal", "rock", "pop", "funk", "electronic"),
]  # the genres that the folk corpus lacks
SINGLE = ["air", "jig", "reel", "hornpipe", "march", "polka", "minuet", "chorale", "pastorale", "fanfare"]
MOODS = [
    *("joyful", "excited", "tense", "angry", "sad", "melancholy"),
    *("calm", "tender", "mysterious", "solemn", "playful", "heroic"),
]
WITH_DRUMS = {"bossa nova", "samba", "blues", "swing", "rock", "pop", "funk", "electronic", "march"}
STRICT = {
    *("air", "chorale", "fanfare", "film", "lullaby", "march", "minuet", "nocturne", "pastorale", "waltz"),
}  # no parallel fifths or octaves between the outer voices
#: Chord names that abc2midi 5.02 knows; it calls any other an error.
CHORD = re.compile(r"^[A-G][b#]?(m|7|m7|maj7|6|m6|9|m9|maj9|m7b5|dim|dim7|sus4|7sus4|5|\+)?(/[A-G][b#]?)?$")

each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def marked(abc: str, name: str) -> str:
    found = re.search(rf"^% {name}: (.+)$", abc, re.MULTILINE)
    return found[1] if found else ""


@cache
def tune_of(path: Path) -> Tune:
    return parse(path.read_text())


def sounding(voice: Voice) -> list[tuple[Fraction, Fraction, tuple[int, ...]]]:
    """Onset, end and pitches of each note or chord of a voice, ties merged."""
    chords: dict[Fraction, list] = {}
    for note in voice.notes:
        chords.setdefault(note.onset, []).append(note)
    merged: list[tuple[Fraction, Fraction, tuple[int, ...]]] = []
    for onset, notes in sorted(chords.items()):
        end, pitches = onset + notes[0].duration, tuple(sorted(n.pitch for n in notes))
        if merged and all(n.tie_stop for n in notes):
            merged[-1] = (merged[-1][0], end, merged[-1][2])
        else:
            merged.append((onset, end, pitches))
    return merged


def melody_and_bass(tune: Tune) -> tuple[list, list]:
    pitched = [voice for voice in tune.voices if not voice.percussion]
    return sounding(pitched[0]), sounding(pitched[-1])


def meetings(tune: Tune) -> list[tuple[Fraction, int, int] | None]:
    """Onset, melody pitch and bass pitch wherever one of the two moves; None where one of them rests."""
    melody, bass = melody_and_bass(tune)
    met: list[tuple[Fraction, int, int] | None] = []
    for onset in sorted({event[0] for event in (*melody, *bass)}):
        above = [p for start, end, pitches in melody if start <= onset < end for p in pitches]
        below = [p for start, end, pitches in bass if start <= onset < end for p in pitches]
        met.append((onset, max(above), min(below)) if above and below else None)
    return met


def test_every_genre_is_there_and_the_missing_ones_twice():
    count = Counter(marked(path.read_text(), "genre") for path in FILES)
    assert set(count) == {*SINGLE, *DOUBLED}
    assert {genre for genre in DOUBLED if count[genre] < 2} == set()


def test_keys_meters_and_moods_are_diverse():
    tunes = [tune_of(path) for path in FILES]
    assert len({(t.key.tonic, t.key.mode) for t in tunes}) >= 20
    assert {"major", "minor", "dorian", "mixolydian", "lydian", "phrygian"} <= {t.key.mode for t in tunes}
    assert {(2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (7, 8), (12, 8)} <= {
        (t.meter.numerator, t.meter.denominator) for t in tunes
    }
    assert {marked(path.read_text(), "mood") for path in FILES} == set(MOODS)
    assert len({t.title for t in tunes}) == len(FILES)


@each
def test_header(path: Path):
    abc = path.read_text()
    genre = marked(abc, "genre")
    assert abc.startswith("X:1\nT:")
    assert path.stem[:-3] == genre.replace(" ", "-")
    assert f"\nC:Chiaroscore\nR:{genre}\n" in abc
    assert marked(abc, "mood") in MOODS
    assert marked(abc, "licence") == "CC0-1.0"
    assert re.search(r'^Q:"[^"]+" \d+/\d+=\d+$', abc, re.MULTILINE)
    assert abc.index("\n%%MIDI gchordoff\n") < abc.index("\n%%score ") < abc.index("\nV:") < abc.index("\nK:")


@each
def test_check_finds_nothing(path: Path):
    assert [str(problem) for problem in check(path.read_text())] == []


@each
def test_voices_bars_and_marks(path: Path):
    tune = tune_of(path)
    genre = marked(tune.abc, "genre")
    assert sum(not voice.percussion for voice in tune.voices) >= 3
    assert 8 <= len(tune.voices[0].bars) <= 16
    full = Fraction(4 * tune.meter.numerator, tune.meter.denominator)
    assert {bar.duration for voice in tune.voices for bar in voice.bars} == {full}
    assert len({len(voice.bars) for voice in tune.voices}) == 1
    assert all(voice.dynamics for voice in tune.voices)
    assert all(voice.percussion or voice.program is not None for voice in tune.voices)
    assert any(voice.percussion for voice in tune.voices) or genre not in WITH_DRUMS
    chords = tune.voices[0].chords
    assert len(chords) >= len(tune.voices[0].bars) / 4
    assert [mark.text for mark in chords if not CHORD.match(mark.text)] == []


@each
def test_abc2midi_is_silent_and_hears_the_same_pitches(path: Path, tmp_path: Path):
    midi = tmp_path / "out.mid"
    run = subprocess.run(
        [os.environ["SYMUSIC_ABC2MIDI"], str(path), "-o", str(midi)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert re.findall(r".*(?:error|warning).*", run.stdout + run.stderr, re.IGNORECASE) == []
    theirs = Counter(
        (message.channel == 9, message.note)
        for track in mido.MidiFile(midi).tracks
        for message in track
        if message.type == "note_on" and message.velocity
    )
    tune = tune_of(path)
    ours = Counter((tune.voices[n.voice].percussion, n.pitch) for n in tune.performance.notes)
    assert ours == theirs


@each
def test_the_melody_stays_above_the_bass(path: Path):
    assert [m for m in meetings(tune_of(path)) if m and m[1] <= m[2]] == []


@each
def test_the_melody_sings(path: Path):
    tune = tune_of(path)
    top = [pitches[-1] for _, _, pitches in melody_and_bass(tune)[0]]
    leaps = [abs(b - a) for a, b in pairwise(top)]
    assert sum(leap > 12 for leap in leaps) <= 1
    assert sum(leap <= 5 for leap in leaps) >= 0.7 * len(leaps)
    assert 10 <= max(top) - min(top) <= 24
    assert top[-1] % 12 in _final_chord(tune)


def _final_chord(tune: Tune) -> set[int]:
    """Root and fifth of the last chord symbol: where a melody may come to rest."""
    name = tune.voices[0].chords[-1].text
    root = dict(C=0, D=2, E=4, F=5, G=7, A=9, B=11)[name[0]] + {"b": -1, "#": 1}.get(name[1:2], 0)
    return {root % 12, (root + 7) % 12}


@pytest.mark.parametrize(
    "path", [p for p in FILES if marked(p.read_text(), "genre") in STRICT], ids=lambda path: path.stem
)
def test_no_parallel_fifths_or_octaves_between_the_outer_voices(path: Path):
    wrong = []
    for before, after in pairwise(meetings(tune_of(path))):
        if before and after and before[1] != after[1] and before[2] != after[2]:
            first, second = (before[1] - before[2]) % 12, (after[1] - after[2]) % 12
            same_way = (after[1] - before[1]) * (after[2] - before[2]) > 0
            if same_way and first == second and first in (0, 7):
                wrong.append((before, after))
    assert wrong == []


def test_no_two_exemplars_share_eight_notes():
    """Eight notes in a row with the same intervals and the same proportions of length."""
    seen: dict[tuple, str] = {}
    shared = []
    for path in FILES:
        notes = melody_and_bass(tune_of(path))[0]
        for i in range(len(notes) - 7):
            window = notes[i : i + 8]
            intervals = tuple(b[2][-1] - a[2][-1] for a, b in pairwise(window))
            lengths = tuple((b[0] - a[0]) / (window[1][0] - window[0][0]) for a, b in pairwise(window))
            if seen.setdefault((intervals, lengths), path.stem) != path.stem:
                shared.append((seen[intervals, lengths], path.stem, intervals))
    assert shared == []
