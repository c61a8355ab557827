"""The edits themselves: each takes a sketch and returns it changed, plan and score together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent.controls import BARS, TEMPO
from agent.editing import manner, players
from agent.editing.harmonise import harmonise_melody
from agent.editing.longer import appended, returned, shortened
from agent.editing.remeter import remetered
from agent.editing.sketch import Sketch, family, harmonised
from agent.editing.tuning import in_key, raised, with_lines
from agent.editing.vocabulary import Edit, table
from agent.forms import Form
from agent.genres import Genre
from agent.genres import genre as find_genre
from agent.keys import Key, key_near
from agent.moods import nearest_mood
from agent.offline.timing import meter_ratio
from agent.offline.writer.form import sections
from agent.offline.writer.theory import tonic
from agent.tempo import bar_quarters, beat_quarters, tempo_range, tempo_word
from chiaroscore import ControlError
from prompts import Emotion

_BELOW = ("counter", "harmony", "pad")
_ACCOMPANIMENT = (*_BELOW, "bass")

Change = Callable[[Sketch, Any, str], Sketch]


def changed(sketch: Sketch, edit: Edit) -> Sketch:
    """Return the sketch after an edit.

    Raises
    ------
    ControlError
        If the edit cannot be made on this piece; the message says why.
    """
    return CHANGES[edit.kind](sketch, edit.value, edit.said)


def _tempo(sketch: Sketch, factor: float, said: str) -> Sketch:
    return _qpm(sketch, float(round(sketch.plan.tempo * factor)), said)


def _qpm(sketch: Sketch, qpm: float, said: str) -> Sketch:
    if not TEMPO[0] <= qpm <= TEMPO[1]:
        raise ControlError(
            f"{said.strip()!r} would bring the tempo from {sketch.plan.tempo:g} to {qpm:g} quarter notes a "
            f"minute; {TEMPO[0]:g} to {TEMPO[1]:g} can be had"
        )
    word = tempo_word(qpm, sketch.plan.meter)
    rhythm = sketch.plan.rhythm
    ratio = qpm / sketch.plan.tempo
    density = min(40.0, max(0.1, round(rhythm.density * ratio, 3)))
    limits = None if rhythm.limits is None else (rhythm.limits[0] * ratio, rhythm.limits[1] * ratio)
    effect = f"moves the tempo from {sketch.plan.tempo:g} to {qpm:g} qpm"
    rhythm = rhythm.model_copy(update={"density": density, "limits": limits})
    planned = sketch.planned("tempo", said, effect, tempo=qpm, tempo_text=word, rhythm=rhythm)
    return planned.asking("duration", "density", tempo=qpm)


def _tempo_word(sketch: Sketch, word: str, said: str) -> Sketch:
    low, _, high = (beats * beat_quarters(sketch.plan.meter) for beats in tempo_range(word))
    low, high = max(low, TEMPO[0]), min(high, TEMPO[1])
    moved = _qpm(sketch, float(round(min(max(sketch.plan.tempo, low + 1), high - 1))), said)
    return moved.asking(tempo=word)


def _mode(sketch: Sketch, mode: str, said: str) -> Sketch:
    key = sketch.key
    if mode == key.mode:
        return sketch.noting(f"{said.strip()}: the piece is in {key.mode} already")
    return _keyed(sketch, _on(key.tonic_class, mode, key.tonic), said)


def _feeling_mode(sketch: Sketch, mode: str, said: str) -> Sketch:
    """Turn to major or minor only where the third is not that already."""
    return sketch if sketch.key.minor_third == (mode == "minor") else _mode(sketch, mode, said)


def _brightness(sketch: Sketch, steps: int, said: str) -> Sketch:
    order = table()["brightness"]
    place = order.index(sketch.key.mode) - steps
    if not 0 <= place < len(order):
        raise ControlError(
            f"{said.strip()!r}: {sketch.key.mode} is the {'brightest' if steps > 0 else 'darkest'} mode"
        )
    return _keyed(sketch, _on(sketch.key.tonic_class, order[place], sketch.key.tonic), said)


def _key(sketch: Sketch, value: tuple[Key, bool], said: str) -> Sketch:
    key, moded = value
    new = key if moded else _on(key.tonic_class, sketch.key.mode, key.tonic)
    return _keyed(sketch, new, said)


def _interval(sketch: Sketch, value: tuple[int, int | None, int], said: str) -> Sketch:
    sign, letters, semitones = value
    old = sketch.key
    octaves, semitones = divmod(semitones, 12)
    name = "" if letters is None else tonic(old.tonic).above(sign * letters, sign * semitones).name
    new = _on(old.tonic_class + sign * semitones, old.mode, name)
    moved = sketch.with_score(in_key(sketch.score, new, sign)) if semitones else sketch
    if octaves:
        lines = [replace(one, events=raised(one.events, sign * octaves)) for one in moved.score.lines]
        moved = moved.with_score(with_lines(moved.score, lines))
    center = min(96, max(36, sketch.plan.tessitura.center + sign * semitones))
    tessitura = sketch.plan.tessitura.model_copy(update={"center": center})
    planned = moved.planned("key", said, f"moves {old.name} to {new.name}", key=new.name, tessitura=tessitura)
    return planned.asking("register", key=new.name)


def _on(tonic_class: int, mode: str, name: str) -> Key:
    """Return the key on a pitch class, spelled as the name if that can be written."""
    if name:
        same = Key(name, mode) if len(name) <= 2 else None
        if same is not None and abs(same.fifths) <= 7:
            return same
    near = key_near(tonic_class % 12, mode)
    assert near is not None  # noqa: S101  # every pitch class has a spelling within seven
    return near


def _keyed(sketch: Sketch, key: Key, said: str) -> Sketch:
    old = sketch.key
    score = in_key(sketch.score, key)
    planned = sketch.with_score(score).planned("key", said, f"moves {old.name} to {key.name}", key=key.name)
    struck = [name for name in ("mood", "valence") if name in sketch.asked]
    if not struck or key.minor_third == old.minor_third:
        return planned.asking(key=key.name)
    remark = f"{said.strip()}: the {' and '.join(struck)} asked for before no longer counts"
    return planned.asking(*struck, key=key.name).noting(remark)


def _meter(sketch: Sketch, name: str, said: str) -> Sketch:
    old = sketch.plan.meter
    if name == old:
        return sketch.noting(f"{said.strip()}: the piece is in {old} already")
    ratio = beat_quarters(name) / beat_quarters(old)
    tempo = min(TEMPO[1], max(TEMPO[0], round(sketch.plan.tempo * ratio)))
    moved = _in_meter(sketch, name, float(tempo), said)
    return moved.noting(
        f"{said.strip()}: the melody's rhythm was fitted from {old} to {name} bar by bar, "
        "and the accompaniment was written anew"
    )


def _in_meter(sketch: Sketch, name: str, tempo: float, said: str) -> Sketch:
    old = sketch.plan.meter
    score = remetered(harmonised(sketch.score), name)
    values = {"meter": name, "tempo": tempo, "tempo_text": tempo_word(tempo, name)}
    planned = sketch.with_score(score).planned("meter", said, f"moves {old} to {name}", **values)
    anew = planned.anew(*_ACCOMPANIMENT, "percussion").anew("melody")
    return anew.asking("duration", "tempo", "density", meter=name)


def _genre(sketch: Sketch, genre: Genre, said: str) -> Sketch:
    old = find_genre(sketch.plan.genre)
    if genre.name == old.name:
        return sketch.noting(f"{said.strip()}: the piece is a {old.name} already")
    meter = sketch.plan.meter if sketch.plan.meter in genre.meters else genre.meters[0]
    ratio = meter_ratio(genre, meter)
    low, usual, high = (min(TEMPO[1], tempo * ratio) for tempo in genre.tempo)
    beats = sketch.plan.tempo * beat_quarters(meter) / beat_quarters(sketch.plan.meter)
    tempo = float(round(beats if low <= beats <= high else usual))
    rhythm = sketch.plan.rhythm.model_copy(
        update={
            "words": list(genre.rhythm), "density": round(genre.density * tempo / ratio / 60, 2),
            "note_length": genre.note_length * ratio, "swing": genre.swing,
            "articulation": genre.articulation,
        }
    )  # fmt: skip
    moved = _in_meter(sketch, meter, tempo, said) if meter != sketch.plan.meter else sketch
    planned = moved.planned(
        "genre", said, f"turns the {old.name} into a {genre.name}", genre=genre.name, rhythm=rhythm,
        tempo=tempo, tempo_text=tempo_word(tempo, meter),
    )  # fmt: skip
    changes = "its rhythm was fitted to the meter, " if meter != sketch.plan.meter else ""
    return (
        planned.anew(*_ACCOMPANIMENT, "percussion")
        .anew("melody")
        .asking("duration", "tempo", "density", genre=genre.name)
        .noting(f"{said.strip()}: the melody stayed, {changes}the accompaniment was written anew")
    )


def _longer(sketch: Sketch, share: float, said: str) -> Sketch:
    by = 4 * max(1, round(abs(share) * sketch.plan.bars / 4))
    return _bars(sketch, sketch.plan.bars + (by if share > 0 else -by), said)


def _seconds(sketch: Sketch, seconds: float, said: str) -> Sketch:
    length = bar_quarters(sketch.plan.meter)
    bars = max(BARS[0], round(seconds * sketch.plan.tempo / 60 / length))
    tempo = round(bars * length * 60 / seconds, 3)
    moved = _bars(sketch, bars, said)
    if abs(tempo - sketch.plan.tempo) > 0.001:
        moved = _qpm(moved, tempo, said)
    return moved.asking("bars", "tempo", duration=seconds)


def _bars(sketch: Sketch, bars: int, said: str) -> Sketch:
    old = sketch.plan.bars
    if not BARS[0] <= bars <= BARS[1]:
        raise ControlError(
            f"{said.strip()!r} would make {bars} bars of {old}; {BARS[0]} to {BARS[1]} can be had"
        )
    if bars == old:
        return sketch
    moved = appended(sketch, bars - old) if bars > old else shortened(sketch, bars)
    planned = moved.planned("bars", said, f"makes {bars} bars of {old}", bars=bars)
    return planned.asking("duration", *(["form"] if bars > old else []), bars=bars)


def _form(sketch: Sketch, form: Form, said: str) -> Sketch:
    plan = sketch.plan
    if form.sections * 4 > plan.bars:
        raise ControlError(
            f"{said.strip()!r}: {form.name} needs at least {4 * form.sections} bars, it has {plan.bars}; "
            f"ask for '{4 * form.sections} bars' first"
        )
    laid = sections(form.name, plan.bars)
    old = sketch.form or sections(plan.form, plan.bars)
    theme = next((section for section in old if section.letter == "A"), old[0])
    home = next((section for section in laid if section.letter == "A"), laid[0])
    size = min(theme.bars, home.bars)
    moved = returned(sketch, theme.start, size, home, laid)
    planned = moved.planned("form", said, f"lays the piece out as {form.name}", form=form.name)
    return planned.asking(form=form.name).noting(
        f"{said.strip()}: {size} bars of the first theme stayed, the rest was composed anew"
    )


def _anew(sketch: Sketch, what: str, said: str) -> Sketch:
    score = harmonised(sketch.score)
    sketch = replace(sketch, score=score, other=True)
    if what == "melody":
        return sketch.anew("melody", melody=True)
    if what == "chords":
        key = sketch.key
        spans = harmonise_melody(
            score.melody.events, score.bar, score.plan.bars, tonic(key.tonic), key.mode, family(score.plan),
            avoid=score.spans,
        )  # fmt: skip
        sketch = sketch.with_score(replace(score, spans=tuple(spans)))
    if not any(line.part.role in _ACCOMPANIMENT for line in score.lines):
        raise ControlError(f"{said.strip()!r}: nobody accompanies here; add a player first")
    return sketch.anew(*_ACCOMPANIMENT)


def _feeling(sketch: Sketch, by: tuple[float, float], said: str) -> Sketch:
    emotion = sketch.plan.emotion
    valence = min(1.0, max(-1.0, emotion.valence + by[0]))
    arousal = min(1.0, max(-1.0, emotion.arousal + by[1]))
    mood = nearest_mood(valence, arousal).name
    new = Emotion(words=[mood], valence=round(valence, 3), arousal=round(arousal, 3))
    return sketch.planned("emotion", said, f"moves the mood to {mood}", emotion=new).asking(
        "mood", "valence", "arousal"
    )


def _mood(sketch: Sketch, mood: Any, said: str) -> Sketch:
    new = Emotion(words=[mood.name], valence=mood.valence, arousal=mood.arousal)
    planned = sketch.planned("emotion", said, f"fixes the mood: {mood.name}", emotion=new)
    return planned.asking("valence", "arousal", mood=mood.name)


#: Edits by kind. The order is that in which they are made.
CHANGES: dict[str, Change] = {
    "remove": players.removed,
    "replace": lambda sketch, value, said: players.exchanged(sketch, value[0], value[1], said),
    "players": players.scored_for,
    "genre": _genre,
    "meter": _meter,
    "thin": manner.thin,
    "mode": _mode,
    "feeling mode": _feeling_mode,
    "brightness": _brightness,
    "key": _key,
    "interval": _interval,
    "tempo": _tempo,
    "qpm": _qpm,
    "tempo word": _tempo_word,
    "dynamics": manner.dynamics,
    "mark": manner.mark,
    "register": manner.register,
    "octave": manner.register,
    "articulation": manner.articulation,
    "feeling": _feeling,
    "mood": _mood,
    "add": players.added,
    "anew": _anew,
    "density": manner.density,
    "form": _form,
    "longer": _longer,
    "bars": _bars,
    "seconds": _seconds,
}
