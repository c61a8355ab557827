"""What a plan asks of a score: for a grammar, and in words for a prompt.

A part's range here is where it should play; what `read_score` holds it to is all that its instrument can.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from agent.offline.writer.form import Section
from agent.offline.writer.layout import KIT, header
from agent.offline.writer.meter import Meter, meter
from agent.offline.writer.orchestra import staff_names
from agent.offline.writer.setting import shortest_value
from agent.offline.writer.write import sheet_of
from agent.vlm.score.elements import Tone, length_text
from agent.vlm.score.layout import staves_of
from notation import Instrument, instrument
from notation.percussion import drum_keys
from prompts import Part, Plan, ScoreSpec, VoiceSpec

#: Semitones that a melody may go under and over the middle of its tessitura.
_BELOW, _ABOVE = 11, 13
#: Lowest pitch of a bass and its compass; lowest pitch of inner voices; semitones.
_BASS, _BASS_COMPASS, _INNER = 28, 24, 48
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def spec_of(plan: Plan) -> ScoreSpec:
    """Return what a plan's score has to be, for `prompts.score_grammar`.

    Chord symbols stand in the first voice.
    """
    sheet = sheet_of(plan)
    voices = [
        _voice_spec(name, part, plan, symbols=nth == 0)
        for nth, (name, part) in enumerate(staff_names(plan.instruments))
    ]
    shortest = max(1, int(shortest_value(plan.tempo) * 4))
    if any(int(beat * 4) % shortest for beat in sheet.bar.beats) or plan.rhythm.density > 6:
        shortest = 1
    return ScoreSpec(
        plan.bars, _beats(sheet.bar), tuple(voices), shortest=shortest, signature=tuple(sheet.signature)
    )


def _beats(bar: Meter) -> tuple[int, ...]:
    """Return the beats in sixteenths, those of a half note or longer as quarter notes."""
    beats = [int(beat * 4) for beat in bar.beats]
    return tuple(part for beat in beats for part in ([4] * (beat // 4) if beat > 6 else [beat]))


def _voice_spec(name: str, part: Part, plan: Plan, *, symbols: bool) -> VoiceSpec:
    if part.role == "percussion":
        return VoiceSpec(name, 0, 127, "drums", letters="".join(KIT))
    player = instrument(part.instrument)
    chords = part.role in ("harmony", "pad") and player.polyphonic
    low, high = compass(part, plan)
    return VoiceSpec(name, low, high, "chords" if chords else "line", symbols=symbols)


def compass(part: Part, plan: Plan) -> tuple[int, int]:
    """Return the lowest and highest MIDI pitch that a part should play: an octave at the least."""
    player = instrument(part.instrument)
    low, high = player.comfortable_low, player.comfortable_high
    middle = _middle(player, plan) if part.role == "melody" else plan.tessitura.center
    if part.role == "melody":
        low, high = max(player.low, middle - _BELOW), min(player.high, middle + _ABOVE)
    elif part.role == "bass":
        low = max(low, _BASS)
        high = min(high, low + _BASS_COMPASS)
    else:
        low, high = max(low, _INNER), min(high, middle + 5)
    if high - low >= 12:
        return low, high
    return player.comfortable_low, max(player.comfortable_high, min(player.high, player.comfortable_low + 12))


def _middle(player: Instrument, plan: Plan) -> int:
    """Return the middle of the melody, within the instrument's good register unless it was asked for."""
    low, high = player.comfortable_low + 8, player.comfortable_high - 8
    if plan.tessitura.fixed or low > high:
        return plan.tessitura.center
    return min(max(plan.tessitura.center, low), high)


def header_of(plan: Plan) -> str:
    """Return the ABC header of a plan's score, as the offline writer lays it out, ending in a newline."""
    return "\n".join(header(sheet_of(plan), staves_of(plan, {}))) + "\n"


def voices_text(plan: Plan) -> str:
    """Return the voices in words, a line each.

    Such as ``[V:M] Vibraphone, the melody, from G3 (G,) to C6 (c')``.
    """
    return "\n".join(_voice_text(name, part, plan) for name, part in staff_names(plan.instruments))


def _voice_text(name: str, part: Part, plan: Plan) -> str:
    player = instrument(part.instrument)
    if part.role == "percussion":
        kit = ", ".join(f"{letter} {drum_keys()[key][0].lower()}" for letter, key in KIT.items())
        return f"[V:{name}] {player.name}, letters are drums: {kit}"
    low, high = compass(part, plan)
    role = {"counter": "a second line", "pad": "held chords"}.get(part.role, f"the {part.role}")
    manner = "" if player.polyphonic or part.role not in ("harmony", "pad") else ", one note at a time"
    return f"[V:{name}] {player.name}, {role}{manner}, from {_pitch_text(low)} to {_pitch_text(high)}"


def _pitch_text(pitch: int) -> str:
    """Return a pitch as musicians and as ABC write it: ``Bb3 (_B,)``."""
    name = _NAMES[pitch % 12]
    octave = pitch // 12 - 1
    sign = {"#": "^", "b": "_"}.get(name[1:], "")
    return f"{name}{octave} ({Tone(name[0], octave, sign).text})"


def sections_text(form: Sequence[Section]) -> str:
    """Return the sections of a form in words, a line each: ``A: bars 1-8``."""
    seen: set[str] = set()
    lines = []
    for section in form:
        again = ", again, varied" if section.letter in seen and section.varied else ""
        lines.append(f"{section.letter}: bars {section.start + 1}-{section.start + section.bars}{again}")
        seen.add(section.letter)
    return "\n".join(lines)


def bar_text(plan: Plan) -> str:
    """Return in words how long a bar is: ``4/4: a bar holds 8 eighth notes, in beats of 2+2+2+2``."""
    bar = meter(plan.meter)
    beats = "+".join(length_text(Fraction(beat * 2)) or "1" for beat in bar.beats)
    return f"{plan.meter}: a bar holds {float(bar.length * 2):g} eighth notes, in beats of {beats}"
