"""MusicXML and MXL: parts of notes as they sound, with meters, keys, tempi and what could not be kept.

The file is read directly, bar by bar; the tests compare every note with music21's reading. Voices of a staff
are one part, each staff of a piano its own. Transposing instruments are read at sounding pitch, ties are
joined. Repeats are not played out, and of several endings only the last is kept: an excerpt is a
passage, and the last ending is the one that leads on. Grace and cue notes are left out.
"""

from __future__ import annotations

import pathlib
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from chiaroscore import InputError
from notation.quick import added
from rag_store.reading.bar_lines import WrittenBar, meters_of
from rag_store.reading.musicxml_part import PartReader, ReadBar, Written
from rag_store.reading.safe_xml import read_tree
from rag_store.reading.tempo_words import tempo_of
from rag_store.reading.transcript import Part, Signature, Sound, Tempo, Transcript

#: Notes of a file; more is no piece to learn from.
MOST_NOTES = 60_000
#: Bars of a part.
MOST_BARS = 5_000
#: Quarter notes that a part may miss its bar by where its tuplets are written in rounded numbers.
ROUNDING = Fraction(1, 4)
#: Bars are whole multiples of a 32nd note: an irregular bar that is not ends a little later.
SHORTEST = Fraction(8)


def read_musicxml(path: pathlib.Path) -> Transcript:
    """Return the score in a MusicXML or MXL file.

    Raises
    ------
    InputError
        If it is no score, is too large, or has bars that no meter can write.
    """
    root = read_tree(path)
    if root.tag != "score-partwise":
        raise InputError(
            f"{path.name!r} holds <{root.tag[:40]}>, not <score-partwise>; export it as MusicXML"
        )
    if any(len(part.findall("measure")) > MOST_BARS for part in root.findall("part")):
        raise InputError(f"{path.name!r} has more than {MOST_BARS:,} bars; split it into movements")
    read = [PartReader(declared, root).bars(part) for declared, part in _declared(root)]
    if not any(bar.notes for bars in read for bar in bars):
        raise InputError(f"{path.name!r} has no notes")
    if sum(len(bar.notes) for bars in read for bar in bars) > MOST_NOTES:
        raise InputError(f"{path.name!r} has more than {MOST_NOTES:,} notes; split it into movements")
    kept = _without_earlier_endings(read)
    bars = [_bar(index, read) for index in kept]
    meters, pickup = meters_of(bars)
    onsets = _onsets(bars)
    return Transcript(
        parts=tuple(_parts(read, kept, onsets)),
        meters=meters,
        tempi=_tempi(read, kept, onsets),
        signatures=_signatures(read, kept, onsets),
        pickup=pickup,
        title=_text(root, "work/work-title", "movement-title", "credit/credit-words"),
        composer=_text(root, "identification/creator[@type='composer']"),
        remarks=_remarks(read, len(kept)),
        rights=" ".join(
            e.text.strip() for e in root.findall("identification/rights") if e.text and e.text.strip()
        ),
    )


def _declared(root: Element) -> Iterable[tuple[Element, Element]]:
    """Pair the parts with their entries in the part list."""
    entries = {entry.get("id"): entry for entry in root.findall("part-list/score-part")}
    for part in root.findall("part"):
        yield entries.get(part.get("id"), part), part


def _without_earlier_endings(read: Sequence[Sequence[ReadBar]]) -> list[int]:
    """Return the indices of the bars that are kept: of successive endings only the last."""
    count = max(len(bars) for bars in read)
    begins = {i for bars in read for i, bar in enumerate(bars) if bar.ending_begins}
    ends = {i for bars in read for i, bar in enumerate(bars) if bar.ending_ends}
    kept: list[int] = []
    index = 0
    while index < count:
        last = next((i for i in range(index, count) if i in ends), -1) if index in begins else -1
        if last >= index and last + 1 in begins:
            index = last + 1
            continue
        kept.append(index)
        index += 1
    return kept


def _bar(index: int, read: Sequence[Sequence[ReadBar]]) -> WrittenBar:
    """Return a bar of all parts; one that holds nothing is as long as its meter."""
    there = [bars[index] for bars in read if index < len(bars)]
    meter = there[0].meter
    full, lengths = Fraction(4 * meter[0], meter[1]), [bar.length for bar in there]
    longest = max(lengths)
    near = (
        full in lengths and abs(longest - full) < ROUNDING
    )  # tuplets in rounded divisions add up to a little more
    return WrittenBar(full if near or not longest else -(-longest * SHORTEST // 1) / SHORTEST, meter)


def _onsets(bars: Sequence[WrittenBar]) -> list[Fraction]:
    onsets = [Fraction(0)]
    for bar in bars:
        onsets.append(onsets[-1] + bar.length)
    return onsets


def _parts(
    read: Sequence[Sequence[ReadBar]], kept: Sequence[int], onsets: Sequence[Fraction]
) -> Iterable[Part]:
    """Return one part a staff and instrument, in the order of the score."""
    for bars in read:
        staves: dict[tuple[int, bool, int], list[tuple[Fraction, Written]]] = {}
        names: dict[int, str] = {}
        for at, index in zip(onsets, kept, strict=False):
            for note in bars[index].notes if index < len(bars) else ():
                staves.setdefault((note.staff, note.drums, note.program), []).append(
                    (added(at, note.offset), note)
                )
                names.setdefault(note.program, note.name)
        for (_, drums, program), notes in sorted(staves.items()):
            yield Part(names[program], program, drums, _joined(notes))


def _joined(notes: Sequence[tuple[Fraction, Written]]) -> tuple[Sound, ...]:
    """Join tied notes and put all in order of onset and pitch."""
    sounds: list[Sound] = []
    open_at: dict[tuple[int, Fraction], int] = {}  # (pitch, end) -> place of a note that is tied on
    for onset, note in sorted(notes, key=lambda pair: (pair[0], pair[1].pitch)):
        place = open_at.pop((note.pitch, onset), None) if note.tie_stop else None
        if place is None:
            place = len(sounds)
            sounds.append(Sound(onset, note.duration, note.pitch, note.velocity))
        else:
            held = sounds[place]
            sounds[place] = Sound(held.onset, held.duration + note.duration, held.pitch, held.velocity)
        if note.tie_start:
            open_at[note.pitch, added(onset, note.duration)] = place
    longest: dict[tuple[Fraction, int], Sound] = {}  # of unisons of two voices the longer sounds
    for sound in sounds:
        same = longest.setdefault((sound.onset, sound.pitch), sound)
        if sound.duration > same.duration:
            longest[sound.onset, sound.pitch] = sound
    return tuple(longest.values())


def _tempi(
    read: Sequence[Sequence[ReadBar]], kept: Sequence[int], onsets: Sequence[Fraction]
) -> tuple[Tempo, ...]:
    """Return tempi by onset; where none has a number, the one that the first words of the score mean."""
    found: dict[Fraction, float] = {}
    for bars in read:
        for at, index in zip(onsets, kept, strict=False):
            for offset, qpm in bars[index].tempi if index < len(bars) else ():
                found.setdefault(at + offset, qpm)
    if not found:
        words = [word for bars in read for bar in bars[:1] for word in bar.words]
        qpm = next((tempo for word in words if (tempo := tempo_of(word))), 0.0)
        return (Tempo(Fraction(0), qpm),) if qpm else ()
    return tuple(Tempo(onset, found[onset]) for onset in sorted(found))


def _signatures(
    read: Sequence[Sequence[ReadBar]], kept: Sequence[int], onsets: Sequence[Fraction]
) -> tuple[Signature, ...]:
    """Return the sounding key signatures of the first part that has any."""
    for bars in read:
        found: list[Signature] = []
        for at, index in zip(onsets, kept, strict=False):
            key = bars[index].key if index < len(bars) else None
            if key is not None and (not found or (found[-1].fifths, found[-1].mode) != key):
                found.append(Signature(at, *key))
        if found:
            return tuple(found)
    return ()


def _remarks(read: Sequence[Sequence[ReadBar]], kept: int) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for bars in read:
        for bar in bars:
            counts.update(bar.dropped)
    dropped = max(len(bars) for bars in read) - kept
    if dropped:
        counts["bar(s) of earlier endings"] = dropped
    return tuple(f"{number} {what} left out" for what, number in sorted(counts.items()))


def _text(root: Element, *paths: str) -> str:
    for path in paths:
        text = " ".join((root.findtext(path) or "").split())
        if text:
            return text[:200]
    return ""
