"""From a found piece to an exemplar: read, cut, check, describe; or the reason why not.

`prepare` is a pure function of the file and the item, for worker processes. Nothing that a file holds raises
out of it; the time it takes is bounded by the limits of the readers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from chiaroscore import ChiaroscoreError, MissingPartError
from notation import Tune, check, parse
from rag_store.corpus import source_file
from rag_store.describe_item import Known, describe_item, title_of_file
from rag_store.fingerprint import fingerprint
from rag_store.ingest.abc_book import read_tune
from rag_store.ingest.item import Item, Prepared, Refused
from rag_store.licensing import UNSTATED, licence_of
from rag_store.lines import tune_lines
from rag_store.reading.abc_clean import CleanTune, cleaned
from rag_store.reading.abc_text import to_abc
from rag_store.reading.excerpt import excerpt
from rag_store.reading.from_tune import from_tune
from rag_store.reading.midi import read_midi
from rag_store.reading.score import read_score
from rag_store.reading.transcript import Transcript
from rag_store.reading.wad import midi_lumps
from rag_store.trim import trim

#: Characters of an exemplar's ABC: about 900 tokens of a model's prompt.
MOST_CHARACTERS = 2500
#: Bars that a piece has to have, of an excerpt of several voices, and of a tune of one voice, tried in turn.
SHORTEST, LONGEST, LENGTHS = 8, 16, (64, 32, 16)
#: A tune with less of its sounding time inside the scale of its K: is taken to be mis-typed.
LEAST_FIT = 0.8
_LONGEST_REASON = 300
#: Kinds of refusal by codes of `check`; all others are errors of the notation.
_OF_CODE = {"limits": "too large", "unreadable": "unreadable", "prose": "unreadable", "empty": "no notes"}


class _Unfit(Exception):
    """Inner signal: the piece is not taken; arguments are kind and reason."""


def prepare(item: Item, *, most_characters: int = MOST_CHARACTERS) -> Prepared | Refused:
    """Return the piece as an exemplar with its print and lines, or why it is refused (`reasons.REASONS`).

    Parameters
    ----------
    item : Item
        What `sources.find` found.
    most_characters : int
        Of the exemplar's ABC. Longer pieces are cut to their most telling passage.

    Raises
    ------
    MissingPartError
        If a part of the installation that reads ABC or scores is missing.
    """
    try:
        return _READERS[item.kind](item, most_characters)
    except _Unfit as unfit:
        return Refused(unfit.args[0], _short(unfit.args[1]))
    except MissingPartError:
        raise
    except (ChiaroscoreError, OSError) as error:
        return Refused(_kind_of(str(error)), _short(str(error)))
    except Exception as error:  # one file that a reader stumbles over must not end an ingest
        return Refused("unreadable", _short(f"{item.id}: {type(error).__name__}: {error}"))


def _kind_of(said: str) -> str:
    return (
        "too large"
        if "limit is" in said or "split it" in said
        else "free rhythm"
        if "without relation to its beats" in said
        else "no notes"
        if "no notes" in said or "no pitched notes" in said
        else "unreadable"
    )


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


# -- readers by kind ------------------------------------------------------------------------------------


def _from_abc(item: Item, most: int) -> Prepared:
    written = cleaned(read_tune(item.path, item.part))
    tune = _fitting(_checked(written.abc), most)
    known = _known(item, tune.abc, written.title, written.stated.get("licence", ""), written.year, written)
    return _prepared(tune, known, strict=len([v for v in tune.voices if v.notes]) == 1)


def _from_midi(item: Item, most: int) -> Prepared:
    return _from_transcript(item, read_midi(item.path), most)


def _from_score(item: Item, most: int) -> Prepared:
    return _from_transcript(item, read_score(item.path, item.kind), most)


def _from_wad(item: Item, most: int) -> Prepared:
    found = next((data for name, data in midi_lumps(item.path) if name == item.part), None)
    if found is None:
        raise _Unfit("missing", f"{item.path.name!r} has no MIDI lump {item.part!r}")
    return _from_transcript(item, read_midi(found), most)


_READERS: dict[str, Callable[[Item, int], Prepared]] = {
    "abc": _from_abc, "midi": _from_midi, "musicxml": _from_score, "kern": _from_score, "wad": _from_wad,
}  # fmt: skip


def _from_transcript(item: Item, transcript: Transcript, most: int) -> Prepared:
    tune = _checked(_cut(transcript, most))
    title = item.facts.title or _title(transcript.title, item)
    known = _known(item, tune.abc, title, licence_of(transcript.rights), transcript.year)
    return _prepared(tune, known)


def _title(title: str, item: Item) -> str:
    return title or title_of_file(item.part.removeprefix("D_") if item.kind == "wad" else item.path.stem)


# -- cutting and checking ---------------------------------------------------------------------------------


def _cut(transcript: Transcript, most: int) -> str:
    abc = to_abc(excerpt(transcript, most_bars=LONGEST, most_characters=most))
    if len(abc) > most:
        raise _Unfit(
            "too long", f"the shortest passage takes {len(abc):,} characters, an exemplar has {most:,}"
        )
    return abc


def _fitting(tune: Tune, most: int) -> Tune:
    """Return a tune of the right length: one voice is cut at the end of a part, several to an excerpt."""
    if sum(1 for voice in tune.voices if voice.notes) > 1:
        return tune if len(tune.abc) <= most else _checked(_cut(from_tune(tune), most))
    for bars in LENGTHS:
        cut = trim(tune, bars)
        if len(cut) <= most:
            return tune if cut == tune.abc else _checked(cut)
    raise _Unfit("too long", f"{LENGTHS[-1]} bars take {len(cut):,} characters, an exemplar has {most:,}")


def _checked(abc: str) -> Tune:
    error = next((problem for problem in check(abc) if problem.severity == "error"), None)
    if error is not None:
        raise _Unfit(_OF_CODE.get(error.code, "notation"), str(error))
    return parse(abc)


# -- describing ------------------------------------------------------------------------------------------


def _known(
    item: Item, abc: str, title: str, licence: str, year: int, written: CleanTune | None = None
) -> Known:
    """Put together what the file and its source say; terms that a file states for itself come first."""
    facts, stated = item.facts, written.stated if written else {}
    return Known(
        id=item.id, abc=abc, title=facts.title or title, source=facts.source,
        licence=licence if licence not in ("", UNSTATED) else facts.licence or UNSTATED,
        year=facts.year or year, rhythm=written.rhythm if written else "",
        genre=stated.get("genre", facts.genre), mood=stated.get("mood", facts.mood),
        caption=facts.caption or stated.get("caption", ""),
        name="" if item.kind == "wad" or written else title_of_file(item.path.stem),
    )  # fmt: skip


def _prepared(tune: Tune, known: Known, *, strict: bool = False) -> Prepared:
    if re.search(source_file()["left_out_titles"], f"{known.title} {known.rhythm}", re.IGNORECASE):
        raise _Unfit("title", f"{known.title!r} has words that the store leaves out")
    exemplar, fit = describe_item(tune, known)
    if exemplar.bars < SHORTEST:
        raise _Unfit("too short", f"{exemplar.bars} bars; an exemplar has at least {SHORTEST}")
    if strict and fit < LEAST_FIT:
        raise _Unfit("off key", f"only {fit:.2f} of the notes fit K:{tune.key.tonic} {tune.key.mode}")
    return Prepared(exemplar, fingerprint(tune), tuple(tune_lines(tune)))
