"""Everything that is wrong with an ABC text, with line and column and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chiaroscore import NotationError
from notation.bars import bar_problems
from notation.instruments import instrument
from notation.parse import UNIT_LENGTH, Reading, reading
from notation.perform import ensure_playable, play_order
from notation.problems import Places, from_abcjs, problem
from notation.repeats import sections
from notation.tempo import DEFAULT_QPM
from notation.tune import Note, Problem, Voice

_OPEN_FIELD = re.compile(r"\[[A-Za-z]:[^\]\n]*$", re.MULTILINE)
_TUNE_START = re.compile(r"^X:", re.MULTILINE)
_QUOTED = re.compile(r"\"[^\"\n]*\"|![^!\n]*!|\[[A-Za-z]:[^\]\n]*\]|%[^\n]*")
_WORD = re.compile(r"[A-Za-z']{3,}")
#: Letters that neither are notes or rests nor stand before them as decorations.
_NO_MUSIC = set("hijklmnopqrsw") | set("IKNQUVWY")
_GM_DRUMS = range(27, 88)  # GM 2; GM 1 has 35 to 81
_UNPLAYED = re.compile(r"^(D\.[CS]\.|D[CS]\b|fine$|dacapo|dacoda)", re.IGNORECASE)


def check(abc: str) -> list[Problem]:
    r"""Return all problems of an ABC text, in order of place; an empty list for a faultless tune.

    Errors mean that the tune would play or draw otherwise than written, or not at all; warnings that somebody
    should look. Only texts beyond reading stop the search: they give one problem.

    Raises
    ------
    MissingPartError
        If abcjs or mini-racer is not installed.

    Examples
    --------
    >>> print(check("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GAB|c4|")[0])
    error 5:6 voice 1, bar 2 holds 3/4, 4/4 wants 4/4 (change note lengths or bar lines until the bar adds up)
    """
    if isinstance(abc, str) and not abc.strip():
        return [problem("empty", "the text is empty")]
    try:
        read = reading(abc)
        ensure_playable(read.tune.voices, read.tune.tempi)
    except NotationError as error:
        return [_refused(str(error))]
    places = Places(read.text)
    found = [*_of_text(read, places), *_of_abcjs(read), *_of_voices(read, places)]
    prose = {p.line for p in found if p.code == "prose"}
    unique = {
        (p.line, p.column, p.code, p.message): p for p in found if p.code == "prose" or p.line not in prose
    }
    return sorted(unique.values(), key=lambda p: (p.line, p.column, p.severity, p.code))


def _refused(said: str) -> Problem:
    code = (
        "prose"
        if said.startswith("this is not ABC")
        else "limits"
        if "limit is" in said or "took more" in said
        else "unreadable"
    )
    return problem(code, said)


# -- the text --------------------------------------------------------------------------------------------


def _of_text(read: Reading, places: Places) -> Iterator[Problem]:
    headers = read.fields.headers
    if "X" not in headers:
        yield problem("missing-number", "no X: field", places.of(read.start))
    if "K" not in headers:
        yield problem("missing-key", "no K: field ends the header", places.of(read.fields.body))
    yield from _of_fields(read, places)
    yield from _above(read, places)
    yield from _below(read, places)
    for match in _OPEN_FIELD.finditer(read.text, read.fields.body, read.stop):
        if "%" not in read.text[read.text.rfind("\n", 0, match.start()) + 1 : match.start()]:
            yield problem(
                "unclosed-bracket",
                f"the inline field {match[0][:40]!r} is not closed",
                places.of(match.start()),
            )
    for position, line in _lines(read.text, read.fields.body, read.stop):
        if is_prose(line):
            yield problem("prose", f"this is no music: {line.strip()[:60]!r}", places.of(position))
    order = headers.get("P", "").split("\n")[0]
    if len(re.sub(r"[^A-Z]", "", order)) > 1:
        yield problem(
            "not-played", f"the part order P:{order[:40]} is not followed", places.of(read.fields.places["P"])
        )


def _of_fields(read: Reading, places: Places) -> Iterator[Problem]:
    """Header fields that are there but say nothing."""
    headers, where = read.fields.headers, read.fields.places
    meter, unit, tempo = (headers.get(letter, "").split("\n")[0] for letter in "MLQ")
    if meter and meter.lower() != "none" and not read.tune.meter.denominator:
        yield problem("field", f"M:{meter[:40]} is no meter", places.of(where["M"]))
    if unit and not UNIT_LENGTH.match(unit):
        yield problem("field", f"L:{unit[:40]} is no note length", places.of(where["L"]))
    key = headers.get("K", "").split("\n")[0]
    if key[:1] in set("ABCDEFG") and not read.tune.key.tonic:
        yield problem("field", f"K:{key[:40]} is no key", places.of(where["K"]))
    if tempo and not re.search(r"\d", tempo) and read.tune.tempo.qpm == DEFAULT_QPM:
        yield problem(
            "tempo", f"Q:{tempo[:40]} names no tempo, it plays at {DEFAULT_QPM:g}", places.of(where["Q"])
        )


def _above(read: Reading, places: Places) -> Iterator[Problem]:
    for position, line in _lines(read.text, 0, read.start):
        if line.strip() and not line.startswith("%") and not re.match(r"[A-Za-z]:", line):
            yield problem("prose", f"text above the tune: {line.strip()[:60]!r}", places.of(position))
            return


def _below(read: Reading, places: Places) -> Iterator[Problem]:
    """Find what stands after the end of the first tune."""
    other = _TUNE_START.search(read.text, read.start + 1)
    stop = other.start() if other else len(read.text)
    for position, line in _lines(read.text, read.stop, stop):
        if line.strip() and not line.startswith("%"):
            code = "prose" if is_prose(line) or line.startswith("```") else "after-empty-line"
            what = (
                "text after the tune"
                if code == "prose"
                else "this is not read, the tune ended at an empty line"
            )
            yield problem(code, f"{what}: {line.strip()[:60]!r}", places.of(position))
            break
    if other:
        count = len(_TUNE_START.findall(read.text))
        yield problem("more-than-one-tune", f"{count} tunes in the text", places.of(other.start()))


def _lines(text: str, start: int, stop: int) -> Iterator[tuple[int, str]]:
    position = start
    for line in text[start:stop].split("\n"):
        yield position, line
        position += len(line) + 1


def is_prose(line: str) -> bool:
    """Return whether a line of a tune's body reads like a sentence rather than like music."""
    if re.match(r"\s*(%|[A-Za-z+]:)", line):
        return False
    if line.lstrip().startswith("```"):
        return True
    words = _WORD.findall(_QUOTED.sub(" ", line))
    strange = sum(1 for word in words if len(set(word) & _NO_MUSIC) >= 2)
    return strange >= 2 or (strange == 1 and not re.search(r"[|\]\[]", line))


def _of_abcjs(read: Reading) -> Iterator[Problem]:
    above = read.text[: read.start]
    shared = sum(1 for line in above.split("\n") if line.startswith("%%"))
    for warning in read.tune.warnings[:200]:
        if "Unknown directive" not in warning:  # %%slurgraces and the like: layout for other programs
            yield from_abcjs(warning, above.count("\n") - shared)


# -- the music -------------------------------------------------------------------------------------------


def _of_voices(read: Reading, places: Places) -> Iterator[Problem]:
    voices = read.tune.voices
    if not any(note for voice in voices for note in voice.notes):
        yield problem("no-notes", "the tune has no notes", places.of(read.fields.body))
        return
    written = [voice for voice in voices if "&" not in voice.id]
    for voice in voices:
        found = bar_problems(voice, places)
        # an overlay repeats the bars of its voice: only what it adds itself counts
        yield from (
            found
            if voice in written
            else [p for p in found if "more" not in p.message and _is_longer(voice, voices)]
        )
        yield from _range(voice, places)
        yield from _marks(voice, places)
    yield from _together(written, read, places)
    yield from _drums(read, places)


def _is_longer(overlay: Voice, voices: tuple[Voice, ...]) -> bool:
    owner = next(v for v in voices if v.id == overlay.id.partition("&")[0])
    return overlay.duration > owner.duration


def _together(voices: list[Voice], read: Reading, places: Places) -> Iterator[Problem]:
    """Voices must be equally long and take the same way through the repeats."""
    longest = max(voices, key=lambda voice: voice.duration)
    way = play_order(longest.bars)
    for voice in voices:
        said = read.fields.voices.get(voice.id)
        place = places.of(
            voice.bars[-1].span[0] if voice.bars else said.span[0] if said else read.fields.body
        )
        if voice.duration != longest.duration:
            yield problem(
                "voice-length",
                f"voice {voice.id} is {_count(voice.duration)} quarter notes long, "
                f"voice {longest.id} {_count(longest.duration)}",
                place,
            )
        elif len(voice.bars) == len(longest.bars) and play_order(voice.bars) != way:
            yield problem(
                "voice-repeats", f"voice {voice.id} repeats other bars than voice {longest.id}", place
            )


def _count(value: object) -> str:
    return f"{float(value):.6g}"  # type: ignore[arg-type]


def _range(voice: Voice, places: Places) -> Iterator[Problem]:
    if voice.program is None or voice.percussion:
        return
    played = instrument(voice.program)
    outside = [note for note in voice.notes if not played.low <= note.pitch <= played.high]
    if outside:
        note = outside[0]
        more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        yield problem(
            "range",
            f"voice {voice.id}: {note.spelled}{more} outside the range of the {played.name.lower()} "
            f"(MIDI {played.low} to {played.high})",
            places.of(note.span[0]),
        )


def _marks(voice: Voice, places: Places) -> Iterator[Problem]:
    opened = sum(note.slur_start for note in voice.notes)
    closed = sum(note.slur_stop for note in voice.notes)
    if opened != closed:
        note = next(n for n in voice.notes if (n.slur_start if opened > closed else n.slur_stop))
        yield problem(
            "unclosed-slur", f"voice {voice.id}: {opened} slurs begin, {closed} end", places.of(note.span[0])
        )
    for note in _loose_ties(voice.notes):
        yield problem(
            "open-tie",
            f"voice {voice.id}: the tie from {note.spelled} reaches no {note.spelled}",
            places.of(note.span[0]),
        )
    for section in sections(voice.bars):
        bar = voice.bars[section.first] if section.first < len(voice.bars) else None
        if bar and bar.left in ("|:", "::") and not section.repeated and not section.endings:
            yield problem(
                "open-repeat",
                f"voice {voice.id}: the repeat at bar {bar.number} is never closed",
                places.of(bar.span[0]),
            )
    for note in voice.notes:
        sign = next((d for d in note.decorations if _UNPLAYED.match(d)), None)
        if sign:
            yield problem(
                "not-played", f"{sign} is not followed when the tune is played", places.of(note.span[0])
            )


def _loose_ties(notes: tuple[Note, ...]) -> list[Note]:
    """First few ties whose next note is of another pitch."""
    loose: list[Note] = []
    for index, note in enumerate(notes):
        if not note.tie_start or note.grace:
            continue
        end = note.onset + note.duration
        following = [n for n in notes[index + 1 : index + 24] if n.onset == end and not n.grace]
        if (following and not any(n.pitch == note.pitch for n in following)) or (
            not following and index == len(notes) - 1
        ):
            loose.append(note)
        if len(loose) == 5:
            break
    return loose


def _drums(read: Reading, places: Places) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for voice, position, key in read.unmapped:
        letter = next((c for c in read.text[position : position + 60] if c in "ABCDEFGabcdefg"), "?")
        if (voice, letter) in seen or (not read.drummap and key in _GM_DRUMS):
            continue
        seen.add((voice, letter))
        known = ", ".join(sorted(read.drummap)) or "none"
        yield problem(
            "drum-letter",
            f"voice {voice}: the letter {letter} is no drum here (mapped: {known[:60]})",
            places.of(position),
        )
