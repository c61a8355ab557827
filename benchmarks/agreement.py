"""How well we read ABC: the notes of `notation.to_music21` against two other programs, tune by tune.

Run ``python benchmarks/agreement.py`` (``--tunes 1000 --reader 150 --show 0 --unswung``). It takes tunes
evenly from the ABC books in music21's own corpus (Ryan's Mammoth Collection, O'Neill's Music of Ireland,
Aird's Airs), builds the score, expands its repeats with music21, and compares every note-on (onset to 1/48
of a quarter note, and pitch) with abcjs's own sequencer (``setUpAudio``), with abc2midi 5.02 (the program
in the symusic wheel), and with our `Tune.performance`. Two readings of a tune agree only if no note-on
differs.

Exit code 1 if ours agrees with fewer than 99 % of the tunes on which abcjs and abc2midi agree with each
other. On a sample of the same tunes it also asks music21's own ABC reader.

Two forms of a text are compared, both sides always reading the same one:

plain
    Without grace notes, ornaments, quoted strings and tempo changes inside the tune, which programs sound
    (abcjs: time) in ways of their own.
clear
    Plain, and with what abcjs 6.7.2 is known to play wrongly put in words it plays rightly: an opening repeat
    sign that was left out is written (abcjs drops the bars before the endings of such a section; its next
    version does not), and a tie to a different pitch, really a slur, is taken away (abcjs swallows its second
    note).
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from notation import parse, split, to_music21
from notation.engine import call
from notation.repeats import sections

BOOKS = ("ryansMammoth", "oneills1850", "airdsAirs")
GOAL = 0.99
#: Steps a quarter note on which onsets are compared.
GRID = 48

NoteOns = Counter[tuple[int, int]]


def corpus_tunes(count: int) -> list[str]:
    """Return ``count`` tunes, taken evenly from the three books, in a fixed order."""
    import music21

    root = pathlib.Path(music21.__file__).parent / "corpus"
    tunes = [
        tune
        for book in BOOKS
        for path in sorted((root / book).glob("*.abc"))
        for tune in split(path.read_text(encoding="utf-8", errors="replace"))
        if "K:" in tune
    ]
    return [tunes[index * len(tunes) // count] for index in range(min(count, len(tunes)))]


def plain(abc: str) -> str:
    """Return the text without grace notes, ornaments, quotations, comments and tempo changes in the tune."""
    head, key, body = abc.partition("\nK:")
    first, _, rest = body.partition("\n")
    music = [_plain_line(line) for line in rest.split("\n") if not line.startswith("Q:")]
    return f"{head}{key}{first}\n" + "\n".join(music) + "\n"


def _plain_line(line: str) -> str:
    if re.match(r"^[A-Za-z]:|^%%", line):
        return line
    line = re.sub(r"%.*|\{[^}]*\}|\"[^\"]*\"|![^!\s]*!|\+[a-z0-9]+\+|\[Q:[^\]]*\]", "", line)
    return re.sub(r"[~.HLMOPSTuv]+(?=[\[(^_=A-Ga-g])", "", line)


def clear(abc: str) -> str:
    """Return the plain text with opening repeats written out, ties to other pitches taken away."""
    tune = parse(plain(abc))
    text, voice = tune.abc, tune.voices[0]
    tied = {(note.onset, note.pitch) for note in voice.notes if note.tie_stop}
    edits = [
        (note.span, text[slice(*note.span)].replace("-", ""))
        for note in voice.notes
        if note.tie_start and (note.onset + note.duration, note.pitch) not in tied
    ]
    for section in sections(voice.bars):
        first = voice.bars[section.first]
        if section.first and (section.repeated or section.endings) and not first.left.endswith(":"):
            edits.append(((first.span[0], first.span[0]), "|:"))
    for (start, stop), new in sorted(set(edits), reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def from_abcjs(abc: str) -> NoteOns:
    """Note-ons of abcjs's sequencer."""
    found: NoteOns = Counter()
    for track in call("chiaroscorePlayed", abc):
        found.update({(round(start * 4 * GRID), pitch) for start, _, pitch, *_ in track})
    return found


def from_abc2midi(abc: str) -> NoteOns:
    """Note-ons of abc2midi, chords not arpeggiated; none if it makes no MIDI file of the tune."""
    import mido
    import symusic  # noqa: F401  (it says where its abc2midi is)

    with tempfile.TemporaryDirectory() as folder:
        text, midi = pathlib.Path(folder, "tune.abc"), pathlib.Path(folder, "tune.mid")
        text.write_text(abc.replace("\nK:", "\n%%MIDI chordattack 0\nK:", 1), encoding="utf-8")
        program = os.environ["SYMUSIC_ABC2MIDI"]
        subprocess.run([program, text, "-o", midi, "-silent"], capture_output=True, timeout=30, check=False)
        found: NoteOns = Counter()
        if not midi.exists():
            return found
        played = mido.MidiFile(midi)
    for track in played.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity:
                found[round(ticks * GRID / played.ticks_per_beat), message.note] += 1
    return found


def unswung(abc: str) -> str:
    """Return the text without ``R:``, by which abc2midi swings hornpipes."""
    return re.sub(r"^R:.*\n", "", abc, flags=re.MULTILINE)


def from_performance(abc: str) -> NoteOns:
    """Note-ons of our own performance."""
    return Counter((round(note.onset * GRID), note.pitch) for note in parse(abc).performance.notes)


def through_score(abc: str) -> NoteOns:
    """Note-ons of our parse, made a music21 score."""
    return from_score(to_music21(parse(abc)))


def from_score(score: Any) -> NoteOns:
    """Note-ons of a music21 score, repeats expanded by music21, tied notes and chord symbols not counted."""
    from music21 import harmony

    found: NoteOns = Counter()
    for part in score.parts:
        for element in part.expandRepeats().flatten().notes:
            if isinstance(element, harmony.Harmony) or element.duration.isGrace:
                continue
            for note in getattr(element, "notes", (element,)):
                if note.tie is None or note.tie.type == "start":
                    drum = getattr(note, "storedInstrument", None)
                    pitch = note.pitch.midi if hasattr(note, "pitch") else drum.percMapPitch
                    found[round(element.offset * GRID), pitch] += 1
    return found


def with_music21_reader(abc: str) -> NoteOns:
    """Note-ons of music21's own ABC reader."""
    from music21 import converter

    return from_score(converter.parse(abc, format="abc"))


def agreement(
    tunes: Iterable[str], ours: Callable[[str], NoteOns], theirs: Callable[[str], NoteOns]
) -> tuple[float, list[tuple[str, str]]]:
    """Return the share of tunes on which two readings agree, and the others with the reason."""
    from music21.exceptions21 import Music21Exception

    count, odd = 0, []
    for abc in tunes:
        count += 1
        try:
            found = ours(abc)
        except (Music21Exception, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
            odd.append((abc, f"{type(error).__name__}: {error}"))
            continue
        wanted = theirs(abc)
        if found != wanted:
            missing, added = wanted - found, found - wanted
            odd.append((abc, f"{missing.total()} of {wanted.total()} note-ons missing, {added.total()} more"))
    return 1.0 - len(odd) / max(count, 1), odd


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 0 if the goal is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tunes", type=int, default=1000, help="tunes for our own reader")
    parser.add_argument("--reader", type=int, default=150, help="tunes for music21's own reader, 0 for none")
    parser.add_argument("--show", type=int, default=0, help="print so many tunes that differ in each row")
    parser.add_argument(
        "--unswung", action="store_true", help="without R:, by which abc2midi swings hornpipes"
    )
    options = parser.parse_args(arguments)
    tunes = [plain(abc) for abc in corpus_tunes(options.tunes)]
    tunes = [unswung(abc) for abc in tunes] if options.unswung else tunes
    abcjs, abc2midi = ({abc: read(abc) for abc in tunes} for read in (from_abcjs, from_abc2midi))
    ours = {abc: _or_none(through_score, abc) for abc in tunes}
    settled = [abc for abc in tunes if abcjs[abc] == abc2midi[abc]]
    few = [settled[i * len(settled) // options.reader] for i in range(min(options.reader, len(settled)))]
    clears = [clear(abc) for abc in corpus_tunes(options.tunes)]
    print(f"{'compared':58} {'tunes':>6} {'agree':>6} {'share':>7}")
    _row("abcjs and abc2midi with each other", tunes, lambda abc: abcjs[abc] == abc2midi[abc], options.show)
    print("where abcjs and abc2midi agree:")
    share = _row("  to_music21 with both", settled, lambda abc: ours[abc] == abcjs[abc], options.show)
    if few:
        _row(
            "  music21's own ABC reader with both (a sample)",
            few,
            lambda abc: _or_none(with_music21_reader, abc) == abcjs[abc],
            options.show,
        )
    print("on all tunes:")
    _row(
        "  to_music21 with at least one of the two",
        tunes,
        lambda abc: ours[abc] in (abcjs[abc], abc2midi[abc]),
        options.show,
    )
    _row("  to_music21 with abc2midi", tunes, lambda abc: ours[abc] == abc2midi[abc], options.show)
    _row("  to_music21 with abcjs", tunes, lambda abc: ours[abc] == abcjs[abc], options.show)
    _row(
        "  to_music21 with abcjs, its known faults avoided (clear)",
        clears,
        lambda abc: _or_none(through_score, abc) == from_abcjs(abc),
        options.show,
    )
    _row(
        "  to_music21 with our own performance",
        tunes,
        lambda abc: ours[abc] == from_performance(abc),
        options.show,
    )
    return 0 if share >= GOAL else 1


def _or_none(read: Callable[[str], NoteOns], abc: str) -> NoteOns | None:
    """Return the note-ons, None where music21 gives up."""
    from music21.exceptions21 import Music21Exception

    try:
        return read(abc)
    except (Music21Exception, ValueError, TypeError, AttributeError, IndexError, KeyError):
        return None


def _row(name: str, tunes: list[str], same: Callable[[str], bool], show: int) -> float:
    """Print how many tunes agree, then some of the others, and return the share."""
    odd = [abc for abc in tunes if not same(abc)]
    share = 1.0 - len(odd) / max(len(tunes), 1)
    print(f"{name:58} {len(tunes):6} {len(tunes) - len(odd):6} {share:7.1%}", flush=True)
    for abc in odd[:show]:
        print(f"---\n{abc}")
    return share


if __name__ == "__main__":
    sys.exit(main())
