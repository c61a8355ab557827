"""What music21 says of a tune: key and its clarity, ambitus, chords and Roman numerals. Slow, so on demand.

Conventions
-----------
Onsets in quarter notes of the tune as written, repeats not expanded. Key names are ``D minor``, ``Bb major``;
pitch names ``C#4``, ``Bb3``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluation.voice_leading import VoiceLeading, voice_leading
from notation import Tune, events, to_music21

if TYPE_CHECKING:
    from music21.chord import Chord
    from music21.key import Key
    from music21.stream import Score

#: Figures of the inversions of triads and seventh chords.
_TRIADS = {1: "6", 2: "64"}
_SEVENTHS = {0: "7", 1: "65", 2: "43", 3: "42"}
#: Chord qualities by the intervals above the root in semitones, for naming chords that are not written as
#: symbols.
_QUALITIES = {
    (0, 4, 7): "",
    (0, 3, 7): "m",
    (0, 3, 6): "dim",
    (0, 4, 8): "aug",
    (0, 4, 7, 10): "7",
    (0, 4, 7, 11): "maj7",
    (0, 3, 7, 10): "m7",
    (0, 3, 6, 10): "m7b5",
    (0, 3, 6, 9): "dim7",
    (0, 4): "",
    (0, 3): "m",
    (0, 7): "5",
    (0, 4, 10): "7",
    (0, 3, 10): "m7",
    (0, 4, 11): "maj7",
}


@dataclass(frozen=True, slots=True)
class Harmony:
    """One chord: when, its symbol, and its Roman numeral in the analysed key ("" where there is none)."""

    onset: float
    symbol: str
    roman: str


@dataclass(frozen=True, slots=True)
class Ambitus:
    """Lowest and highest pitch of a voice (MIDI) and the span between them in semitones."""

    voice: str
    low: int
    high: int

    @property
    def span(self) -> int:
        """Semitones between the lowest and the highest pitch."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Analysis:
    """What `analyse` found."""

    key: str  # "" without notes
    key_clarity: float  # correlation of the pitch-class durations with the key's profile, -1 to 1
    key_gap: float  # correlation of the best key minus that of the next, 0 to 2
    next_key: str
    ambitus: tuple[Ambitus, ...]
    chords: tuple[Harmony, ...]
    chords_from: str  # "symbols": the written ones; "notes": found by chordify; "" without any
    voice_leading: VoiceLeading


def analyse(tune: Tune) -> Analysis:
    """Analyse a tune with music21.

    The key is music21's ``key.temperley`` (weights of Temperley, "What's Key for Key?", Music Perception 17,
    1999), the best of its five on folk tunes with a written key. Its clarity is its correlation; its gap to
    the second-best says how decided it is: 0 is undecided. Chords are the tune's own symbols if it has any,
    else every change of harmony of the sounding notes (``chordify``), percussion left out.

    Raises
    ------
    NotationError
        If the tune cannot be written in notation.
    """
    score = _pitched(tune)
    best, ranked = _keys(score)
    source, found = _symbols(score), "symbols"
    if not source:
        source, found = _chordified(score), "notes"
    return Analysis(
        key=_key_name(best) if best else "",
        key_clarity=_correlation(best),
        key_gap=_correlation(best) - _correlation(ranked[0] if ranked else None),
        next_key=_key_name(ranked[0]) if ranked else "",
        ambitus=_ambitus(tune),
        chords=tuple(Harmony(onset, symbol, _roman(chord, best)) for onset, symbol, chord in source),
        chords_from=found if source else "",
        voice_leading=voice_leading(events(tune)),
    )


def _pitched(tune: Tune) -> Score:
    """Return the score without percussion and without grace notes."""
    from music21 import clef

    score = to_music21(tune)
    for part in list(score.parts):
        if part[clef.PercussionClef]:
            score.remove(part)
    for grace in [n for n in score.recurse().notes if n.duration.isGrace]:
        grace.activeSite.remove(grace)
    return score


def _keys(score: Score) -> tuple[Key | None, list[Key]]:
    """Return the best key and the others by falling correlation; None without notes."""
    from music21 import analysis, stream

    sounding: stream.Stream[Any] = stream.Stream()
    for element in _sounding(score):
        sounding.insert(element.getOffsetInHierarchy(score), element)
    if not sounding:
        return None, []
    best: Key = analysis.discrete.TemperleyKostkaPayne(sounding).getSolution(sounding)
    return best, list(best.alternateInterpretations)


def _sounding(score: Score) -> list[Any]:
    """Return the notes and chords that sound: no chord symbols."""
    from music21 import harmony

    return [n for n in score.recurse().notes if not isinstance(n, harmony.Harmony)]


def _key_name(key: Key) -> str:
    return f"{key.tonic.name.replace('-', 'b')} {key.mode}"


def _correlation(key: Key | None) -> float:
    found = key.correlationCoefficient if key else None
    return float("nan") if found is None else float(found)


def _ambitus(tune: Tune) -> tuple[Ambitus, ...]:
    """Return the range of every pitched voice that has notes."""
    ranges = []
    for voice in tune.voices:
        pitches = [note.pitch for note in voice.notes]
        if pitches and not voice.percussion:
            ranges.append(Ambitus(voice.id, min(pitches), max(pitches)))
    return tuple(ranges)


def _symbols(score: Score) -> list[tuple[float, str, Chord]]:
    """Return the written chord symbols by onset."""
    from music21 import harmony

    written = [
        (float(symbol.getOffsetInHierarchy(score)), symbol.figure.replace("-", "b"), symbol)
        for symbol in score.recurse().getElementsByClass(harmony.ChordSymbol)
        if not isinstance(symbol, harmony.NoChord)
    ]
    return sorted(written, key=lambda found: found[0])


def _chordified(score: Score) -> list[tuple[float, str, Chord]]:
    """Return the chords of two or more pitch classes that the notes make, each once until it changes."""
    from music21 import harmony, note

    for element in list(score.recurse().getElementsByClass((harmony.Harmony, note.Unpitched))):
        element.activeSite.remove(element)
    found: list[tuple[float, str, Chord]] = []
    if not score.parts:
        return found
    flat = score.chordify().flatten().getElementsByClass("Chord")
    for chord in flat:
        symbol = _symbol(chord)
        if symbol and (not found or found[-1][1] != symbol):
            found.append((float(chord.offset), symbol, chord))
    return found


def _symbol(chord: Chord) -> str:
    """Return the symbol of a chord over music21's root, "" for a cluster or a single pitch."""
    if chord.pitchClassCardinality < 2:
        return ""
    root = chord.root()
    shape = tuple(sorted({(pitch.pitchClass - root.pitchClass) % 12 for pitch in chord.pitches}))
    if shape not in _QUALITIES:
        return ""
    bass = chord.bass()
    slash = f"/{bass.name}" if bass.pitchClass != root.pitchClass else ""
    return f"{root.name}{_QUALITIES[shape]}{slash}".replace("-", "b")


def _roman(chord: Chord, key: Key | None) -> str:
    from music21 import roman
    from music21.exceptions21 import Music21Exception

    if key is None:
        return ""
    try:
        numeral = roman.romanNumeralFromChord(chord, key).romanNumeral
    except (Music21Exception, ValueError, IndexError, AttributeError, TypeError):
        return ""  # music21 raises all of these on chords without a numeral
    seventh = chord.seventh is not None
    mark = "ø" if chord.isHalfDiminishedSeventh() else "o" if numeral.islower() and _has(chord, 6) else ""
    mark = "+" if numeral.isupper() and _has(chord, 8) else mark
    return f"{numeral}{mark}{(_SEVENTHS if seventh else _TRIADS).get(chord.inversion(), '')}"


def _has(chord: Chord, semitones: int) -> bool:
    """Return whether a chord has its fifth so far above the root: 6 diminished, 8 augmented."""
    fifth = chord.fifth
    return fifth is not None and (fifth.pitchClass - chord.root().pitchClass) % 12 == semitones
