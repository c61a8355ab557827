"""Score and parts of `notation.to_music21`; it imports music21, so import it only when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from music21 import bar, clef, instrument, key, metadata, meter, stream, tempo
from music21 import duration as m21duration
from music21.exceptions21 import Music21Exception

from chiaroscore import NotationError
from notation.perform import play_order
from notation.stream_bars import Content, Placed, fill
from notation.stream_drums import kit
from notation.stream_marks import add_marks, add_slurs
from notation.stream_repeats import add_repeats
from notation.tune import Bar, KeyChange, MeterChange, TempoChange, Tune, Voice

_CLEFS = {
    "treble": clef.TrebleClef,
    "treble-8": clef.Treble8vbClef,
    "treble+8": clef.Treble8vaClef,
    "bass": clef.BassClef,
    "bass-8": clef.Bass8vbClef,
    "bass+8": clef.Bass8vaClef,
    "alto": clef.AltoClef,
    "tenor": clef.TenorClef,
    "perc": clef.PercussionClef,
}
_DENOMINATORS = (1, 2, 4, 8, 16, 32, 64, 128)
_MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian")


def score(tune: Tune, *, performed: bool) -> stream.Score:
    """Return the score of a tune; see `notation.to_music21`."""
    whole = stream.Score(id="tune")
    whole.metadata = metadata.Metadata(title=tune.title or None, composer=tune.composer or None)
    if not tune.title:
        whole.metadata.title = ""
    for number, (voice, overlays) in enumerate(_with_overlays(tune.voices)):
        whole.insert(0, _part(tune, voice, overlays, number, performed=performed))
    return whole


def _with_overlays(voices: Sequence[Voice]) -> list[tuple[Voice, list[Voice]]]:
    """Each voice with its overlays (``1&2``), which share its staff."""
    grouped: dict[str, tuple[Voice, list[Voice]]] = {}
    for voice in voices:
        owner = voice.id.rpartition("&")[0]
        if owner in grouped:
            grouped[owner][1].append(voice)
        else:
            grouped[voice.id] = (voice, [])
    return list(grouped.values())


def _part(
    tune: Tune, voice: Voice, overlays: Sequence[Voice], number: int, *, performed: bool
) -> stream.Part:
    """One voice and its overlays as a part."""
    part = stream.Part(id=f"P{number + 1}")
    part.partName = voice.name
    for one in kit(voice, number) if voice.percussion else [_instrument(voice, number)]:
        part.insert(0, one)
    order = play_order(voice.bars) if performed else list(range(len(voice.bars)))
    contents = [Content(one) for one in (voice, *overlays)]
    measures = [_measure(tune, voice, contents, number, index) for index in order]
    at = Fraction(0)
    for measure, index in zip(measures, order, strict=True):
        part.insert(at, measure.stream)
        at += voice.bars[index].duration
    if not measures:
        part.insert(0, stream.Measure(number=1))
    first: stream.Measure = part.getElementsByClass(stream.Measure)[0]
    _first_signs(tune, voice, number, first)
    add_slurs(part, measures)
    if voice.chords and not voice.percussion:  # before the symbols, whose pitches music21 takes for notes
        part.makeAccidentals(inPlace=True)
    add_marks(part, voice, measures)
    if not performed:
        add_repeats(part, voice.bars, [measure.stream for measure in measures])
    return part


def _measure(tune: Tune, voice: Voice, contents: Sequence[Content], number: int, index: int) -> Placed:
    """One bar as a measure with notes, rests and the signs that change inside it."""
    this = voice.bars[index]
    measure = stream.Measure(number=this.number)
    placed = Placed(measure, this)
    _pickup(measure, this, index)
    for change in voice.meters:
        if _inside(change.onset, this) and change.onset > 0:
            measure.insert(change.onset - this.onset, _meter(change))
    for altered in voice.keys:
        if _inside(altered.onset, this) and altered.onset > 0 and not voice.percussion:
            measure.insert(altered.onset - this.onset, _key(altered))
    if number == 0:
        for faster in tune.tempi:
            if _inside(faster.onset, this) and faster.onset > 0:
                measure.insert(faster.onset - this.onset, _tempo(faster))
    fill(placed, contents)
    _bar_lines(measure, this)
    return placed


def _inside(onset: Fraction, this: Bar) -> bool:
    return this.onset <= onset < this.onset + this.duration


def _pickup(measure: stream.Measure, this: Bar, index: int) -> None:
    """Tell music21 how much of the bar is missing before a pickup, or behind a bar cut by a repeat sign."""
    numerator, denominator = this.meter
    full = Fraction(4 * numerator, denominator) if numerator and denominator else this.duration
    if index == 0 and this.number == 0 and this.duration < full:
        measure.paddingLeft = full - this.duration
    elif this.duration < full:
        measure.paddingRight = full - this.duration


def _first_signs(tune: Tune, voice: Voice, number: int, where: stream.Measure) -> None:
    """Clef, key, meter and tempo at the start of a part."""
    keys = [change for change in voice.keys if change.onset == 0] or [tune.key]
    meters = [change for change in voice.meters if change.onset == 0] or [tune.meter]
    tempi = [change for change in tune.tempi if change.onset == 0] or [tune.tempo]
    where.insert(0, _clef(voice))
    if not voice.percussion:
        where.insert(0, _key(keys[-1]))
    where.insert(0, _meter(meters[-1]))
    if number == 0 and ("Q" in tune.headers or tempi[-1].text):
        where.insert(0, _tempo(tempi[-1]))


def _instrument(voice: Voice, number: int) -> instrument.Instrument:
    """Return the instrument of a General MIDI program; not transposing, since pitches are as they sound."""
    if voice.program is None:
        found = instrument.Instrument(voice.name)
        found.midiProgram = 0
    else:
        try:
            found = instrument.instrumentFromMidiProgram(voice.program)
        except Music21Exception:
            found = instrument.Instrument(voice.name)
        found.midiProgram = voice.program
    found.transposition = None
    found.partName = voice.name
    found.partId = f"P{number + 1}"
    found.instrumentId = f"P{number + 1}-I1"
    return found


def _clef(voice: Voice) -> clef.Clef:
    return clef.PercussionClef() if voice.percussion else _CLEFS.get(voice.clef, clef.TrebleClef)()


def _key(change: KeyChange) -> key.KeySignature:
    """Return the key with its mode, or the bare signature where the accidentals are not those of the mode."""
    wanted = dict(change.accidentals)
    if change.tonic and change.mode in _MODES:
        named = key.Key(change.tonic.replace("b", "-"), change.mode)
        if _accidentals(named) == wanted:
            return named
    for sharps in range(-7, 8):
        plain = key.KeySignature(sharps)
        if _accidentals(plain) == wanted:
            return plain
    odd = key.KeySignature(0)
    odd.alteredPitches = [
        letter + ("#" * alter if alter > 0 else "-" * -alter) for letter, alter in wanted.items() if alter
    ]
    return odd


def _accidentals(signature: key.KeySignature) -> dict[str, int]:
    return {pitch.step: int(pitch.alter) for pitch in signature.alteredPitches}


def _meter(change: MeterChange) -> meter.TimeSignature | meter.SenzaMisuraTimeSignature:
    if not change.numerator or not change.denominator:
        return meter.SenzaMisuraTimeSignature("")
    if change.denominator not in _DENOMINATORS:
        raise NotationError(
            f"meter {change.numerator}/{change.denominator} cannot be written; "
            "use a denominator of 1, 2, 4, 8, 16 or 32"
        )
    text = change.symbol if "+" in change.symbol else f"{change.numerator}/{change.denominator}"
    found = meter.TimeSignature(text)
    if change.symbol in ("C", "C|"):
        found.symbol = "common" if change.symbol == "C" else "cut"
    return found


def _tempo(change: TempoChange) -> tempo.MetronomeMark:
    beat = m21duration.Duration(change.beat if change.bpm else 1)
    number = change.bpm or change.qpm
    return tempo.MetronomeMark(text=change.text or None, number=_whole(number), referent=beat)


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _bar_lines(measure: stream.Measure, this: Bar) -> None:
    """Return the plain bar lines; repeat signs come later, made canonical."""
    kinds = {"||": "double", "|]": "final", "[|": "heavy-light", ".|": "dotted", "[|]": "none", "[]": "none"}
    if this.right in kinds:
        measure.rightBarline = bar.Barline(kinds[this.right])
    if this.left == "[|":
        measure.leftBarline = bar.Barline("heavy-light")
