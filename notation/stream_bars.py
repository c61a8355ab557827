"""Notes, chords, rests and grace notes of one bar for `notation.to_music21`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import groupby

from music21 import articulations, chord, expressions, note, pitch, stream, tie
from music21 import duration as m21duration
from music21.exceptions21 import Music21Exception

from chiaroscore import NotationError
from notation.stream_drums import drum_chord
from notation.tune import Bar, Note, Rest, Span, Voice

#: Written length of a grace note: an eighth.
_GRACE = m21duration.Duration(0.5)

_ARTICULATIONS: dict[str, type[articulations.Articulation]] = {
    "staccato": articulations.Staccato,
    "staccatissimo": articulations.Staccatissimo,
    "wedge": articulations.Staccatissimo,
    "tenuto": articulations.Tenuto,
    "accent": articulations.Accent,
    "emphasis": articulations.Accent,
    "marcato": articulations.StrongAccent,
    "umarcato": articulations.StrongAccent,
    "upbow": articulations.UpBow,
    "downbow": articulations.DownBow,
    "open": articulations.OpenString,
    "snap": articulations.SnapPizzicato,
    "+": articulations.Pizzicato,
    "plus": articulations.Pizzicato,
    "thumb": articulations.StringThumbPosition,
    "breath": articulations.BreathMark,
}
_EXPRESSIONS: dict[str, type[expressions.Expression]] = {
    "fermata": expressions.Fermata,
    "invertedfermata": expressions.Fermata,
    "trill": expressions.Trill,
    "mordent": expressions.Mordent,
    "lowermordent": expressions.Mordent,
    "uppermordent": expressions.InvertedMordent,
    "pralltriller": expressions.InvertedMordent,
    "turn": expressions.Turn,
    "roll": expressions.Turn,
    "irishroll": expressions.Turn,
    "turnx": expressions.Turn,
    "invertedturn": expressions.InvertedTurn,
    "invertedturnx": expressions.InvertedTurn,
    "arpeggio": expressions.ArpeggioMark,
}
#: Signs that order a jump. abcjs plays straight on, so they are shown as text and music21 does not jump
#: either.
_JUMPS = (
    "D.C.",
    "D.S.",
    "D.C.alcoda",
    "D.C.alfine",
    "D.S.alcoda",
    "D.S.alfine",
    "fine",
    "coda",
    "segno",
    "dacapo",
    "dacoda",
)


@dataclass(slots=True)
class Placed:
    """A measure, the bar it shows, and which music21 note stands for which written one."""

    stream: stream.Measure
    bar: Bar
    notes: list[tuple[Note, note.NotRest]] = field(default_factory=list)

    def at(self, onset: Fraction) -> note.NotRest | None:
        """Return the note or chord that starts at an onset, grace notes passed over."""
        return next(
            (shown for written, shown in self.notes if written.onset == onset and not written.grace), None
        )


@dataclass(slots=True)
class _Event:
    """A chord (one or more notes of the same onset, length and place in the text) or a rest."""

    onset: Fraction
    duration: Fraction
    notes: tuple[Note, ...] = ()
    rest: Rest | None = None

    @property
    def end(self) -> Fraction:
        return self.onset + self.duration


class Content:
    """The notes and rests of a voice by bar number; ties to another pitch are made the slurs they mean."""

    def __init__(self, voice: Voice) -> None:
        self.percussion = voice.percussion
        self.notes: dict[int, list[Note]] = {}
        self.rests: dict[int, list[Rest]] = {}
        for written in _with_slurs(voice.notes):
            self.notes.setdefault(written.bar, []).append(written)
        for rest in voice.rests:
            self.rests.setdefault(rest.bar, []).append(rest)


def _with_slurs(notes: Sequence[Note]) -> list[Note]:
    """Turn every tie without a second note of its pitch into a slur to whatever follows it."""
    stops = {(n.onset, n.pitch) for n in notes if n.tie_stop}
    loose = [n for n in notes if n.tie_start and (n.onset + n.duration, n.pitch) not in stops]
    if not loose:
        return list(notes)
    starts, ends = set(map(id, loose)), {n.onset + n.duration for n in loose}
    followed = {n.onset for n in notes if not n.grace} & ends
    made = []
    for n in notes:
        if id(n) in starts:
            n = replace(n, tie_start=False, slur_start=n.slur_start + (n.onset + n.duration in followed))
        if n.onset in followed and not n.grace:
            followed.discard(n.onset)
            n = replace(n, slur_stop=n.slur_stop + 1)
        made.append(n)
    return made


def fill(placed: Placed, contents: Sequence[Content]) -> None:
    """Put the notes and rests of a bar into its measure, gaps as hidden rests.

    Overlays, and notes that overlap within a voice, get a `music21.stream.Voice` of their own.
    """
    layers = [layer for content in contents for layer in _layers(_events(placed.bar, content))]
    layers = [
        layer for number, layer in enumerate(layers) if number == 0 or any(event.notes for event in layer)
    ]
    for number, layer in enumerate(layers):
        target: stream.Measure | stream.Voice = placed.stream
        if len(layers) > 1:
            target = stream.Voice(id=str(number + 1))
            placed.stream.insert(0, target)
        _write(placed, target, layer, percussion=contents[0].percussion)


def _events(bar: Bar, content: Content) -> list[_Event]:
    """Return what starts in a bar, by onset; grace notes before the note they lean on."""
    own = content.notes.get(bar.number, ())
    found = [_Event(n.onset, n.duration, (n,)) for n in own if n.grace]
    sounding = sorted((n for n in own if not n.grace), key=_place)
    found += [
        _Event(onset, length, tuple(group)) for (onset, length, _), group in groupby(sounding, key=_place)
    ]
    found += [
        _Event(r.onset, r.duration, rest=r) for r in content.rests.get(bar.number, ()) if r.duration > 0
    ]
    return sorted(found, key=_order)


def _order(event: _Event) -> tuple[Fraction, bool, Span]:
    return (event.onset, bool(event.duration), event.notes[0].span if event.notes else (0, 0))


def _place(n: Note) -> tuple[Fraction, Fraction, Span]:
    return (n.onset, n.duration, n.span)


def _layers(events: Iterable[_Event]) -> list[list[_Event]]:
    """Share out events so that none overlaps another in its layer: the first layer that is free takes it."""
    layers: list[list[_Event]] = []
    for event in events:
        free = next((layer for layer in layers if layer[-1].end <= event.onset), None)
        if free is None:
            layers.append([event])
        else:
            free.append(event)
    return layers


def _write(
    placed: Placed, target: stream.Measure | stream.Voice, layer: list[_Event], *, percussion: bool
) -> None:
    at = placed.bar.onset
    for event in layer:
        if event.onset > at:
            target.insert(at - placed.bar.onset, _hidden(event.onset - at))
        if event.rest:
            target.insert(event.onset - placed.bar.onset, _rest(event.rest))
        else:
            shown = _chord(event, percussion=percussion)
            target.insert(event.onset - placed.bar.onset, shown)
            placed.notes += [(written, shown) for written in event.notes]
        at = max(at, event.end)
    end = placed.bar.onset + placed.bar.duration
    if at < end:
        target.insert(at - placed.bar.onset, _hidden(end - at))


def _hidden(length: Fraction) -> note.Rest:
    rest = note.Rest(quarterLength=length)
    rest.style.hideObjectOnPrint = True
    return rest


def _rest(written: Rest) -> note.Rest:
    rest = note.Rest()
    rest.duration = _duration(written.duration, written.tuplet)
    if not written.visible:
        rest.style.hideObjectOnPrint = True
    return rest


def _duration(length: Fraction, tuplet: tuple[int, int] | None) -> m21duration.Duration:
    """Return the written duration, its tuplet attached.

    Raises
    ------
    NotationError
        If no note values can show the length.
    """
    found = m21duration.Duration(length)
    if tuplet is not None and tuplet[0] != tuplet[1]:
        plain = m21duration.Duration(length * tuplet[0] / tuplet[1])
        if len(plain.components) == 1:
            plain.appendTuplet(m21duration.Tuplet(*tuplet))
            found = plain
    if any(part.type == "2048th" for part in found.components):
        raise NotationError(f"a length of {length} quarter notes cannot be written; use simpler note values")
    return found


def _chord(event: _Event, *, percussion: bool) -> note.NotRest:
    """Return a note, chord or drum stroke with its ties, articulations and ornaments."""
    first = event.notes[0]
    if percussion:
        shown = drum_chord(event.notes)
    elif len(event.notes) == 1:
        shown = _note(first)
    else:
        shown = chord.Chord([_note(n) for n in event.notes])
    if first.grace:
        shown.duration = _GRACE
        grace: note.NotRest = shown.getGrace()
        return grace
    shown.duration = _duration(event.duration, first.tuplet)
    for name in dict.fromkeys(name for n in event.notes for name in n.decorations):
        _decorate(shown, name)
    return shown


def _note(written: Note) -> note.Note:
    shown = note.Note(_pitch(written))
    if written.tie_start or written.tie_stop:
        both = written.tie_start and written.tie_stop
        shown.tie = tie.Tie("continue" if both else "start" if written.tie_start else "stop")
    return shown


def _pitch(written: Note) -> pitch.Pitch:
    """Return the pitch as spelled; by its number where the spelling does not sound so."""
    try:
        spelled = pitch.Pitch(written.spelled.replace("b", "-"))
    except Music21Exception:
        spelled = pitch.Pitch(written.pitch)
    return spelled if spelled.midi == written.pitch else pitch.Pitch(written.pitch)


def _decorate(shown: note.NotRest, name: str) -> None:
    if name in _ARTICULATIONS:
        shown.articulations.append(_ARTICULATIONS[name]())
    elif name in _EXPRESSIONS:
        shown.expressions.append(_EXPRESSIONS[name]())
    elif name in ("0", "1", "2", "3", "4", "5"):
        shown.articulations.append(articulations.Fingering(int(name)))
    elif name in _JUMPS:
        shown.expressions.append(expressions.TextExpression(name))
