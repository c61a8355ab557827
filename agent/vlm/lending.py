"""Exemplars for a prompt: a line on where each comes from, and its opening in the format of the answer.

Only notes, rests, lengths, ties, tuplets and chord symbols are lent: fields, comments, directives, words,
decorations, slurs and grace notes stay behind. So a prompt shows what an answer may hold, and nothing that
stands in an exemplar beside its music reaches a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from chiaroscore import NotationError
from notation import Bar, Tune, Voice, parse
from prompts import Plan
from rag_store import Exemplar, Hit

#: What is said where no exemplar is lent.
NOTHING_LENT = "none"
#: Bars of an opening, the most first, and whether all its voices are lent or the first alone.
_OPENINGS = ((8, True), (4, True), (8, False), (4, False))
_BARS_A_LINE = 4
_UNIT = re.compile(r"^L:|\[L:", re.MULTILINE)
_LINE = re.compile(r"^\s*(?:%.*|[A-Za-z+]:.*)$", re.MULTILINE)
_COMMENT = re.compile(r"%.*")
_QUOTED = re.compile(r"(\"[^\"]*\")")
_SYMBOL = re.compile(r"\"[A-G][#b]?[A-Za-z0-9+#]{0,8}(?:/[A-G][#b]?)?\"")
_MARKED = re.compile(r"![^!\s]*!|\+[a-z]+\+|\{[^}]*\}|\[[A-Za-z]:[^\]]*\]|\[[12]")
_VOICE = re.compile(r"\n\s*(?:V:|\[V:|&)")
_SLUR = re.compile(r"\((?!\d)|\)")
_NO_MUSIC = re.compile(r"[^A-Ga-gzxZ\d/^_=,'()\[\]<>\s-]")


def lent(
    hits: Sequence[Hit], plan: Plan, tokens: int, count: Callable[[str], int], most: int | None = None
) -> str:
    """Return openings of exemplars that fit a budget together, the best first.

    Those in the plan's meter go before others, since an answer takes up the lengths that it is shown. Each
    gives eight bars or, where there is less room, four, then its melody alone.

    Parameters
    ----------
    hits
        Best first, as the store finds them.
    tokens
        Most tokens of the whole text.
    count
        Returns the number of tokens of a text.
    most
        Most exemplars; None lends all that fit.

    Returns
    -------
    str
        ``"none"`` where nothing fits.

    Raises
    ------
    NotationError
        If an exemplar cannot be read.
    """
    chosen: list[str] = []
    for exemplar in _ordered(hits, plan.meter):
        if most is not None and len(chosen) >= most:
            break
        for entry in _entries(exemplar, len(chosen) + 1):
            if count("\n\n".join([*chosen, entry])) <= tokens:
                chosen.append(entry)
                break
    return "\n\n".join(chosen) or NOTHING_LENT


def _ordered(hits: Sequence[Hit], meter: str) -> list[Exemplar]:
    """Return the exemplars, those in a meter before others, else as they came."""
    return sorted((hit.exemplar for hit in hits), key=lambda one: one.meter != meter)


def _entries(exemplar: Exemplar, number: int) -> Iterator[str]:
    """Give an exemplar's entry, the longest first; none where its key, meter or unit changes on the way."""
    try:
        tune = parse(exemplar.abc)
    except NotationError as error:
        error.add_note(f"while lending exemplar {exemplar.id!r}")
        raise
    voices = [voice for voice in tune.voices if voice.notes and not voice.percussion]
    if not voices or not tune.meter.denominator or not tune.key.tonic or tune.key.mode == "none":
        return
    said = _caption(exemplar, number)
    for bars, whole in _OPENINGS:
        music = _opening(tune, voices if whole else voices[:1], bars)
        if music:
            yield f"{said}\n{_header(tune, number)}\n{music}"


def _caption(exemplar: Exemplar, number: int) -> str:
    """Return the line that says what an exemplar is and where it comes from."""
    title = " ".join(re.sub(r"[^\w\s',.&-]", " ", exemplar.title).split())[:80]
    kind = f"{exemplar.genre} in {exemplar.tonic} {exemplar.mode}, {exemplar.meter}"
    tempo = f"{exemplar.tempo:g} quarter notes a minute"
    return f"Exemplar {number}: {title}; {kind}, {tempo}; {exemplar.source}, {exemplar.licence}"


def _header(tune: Tune, number: int) -> str:
    """Return the fields X, T, M, L and K of an opening; its title is its number."""
    unit = tune.unit / 4
    meter = f"{tune.meter.numerator}/{tune.meter.denominator}"
    key = tune.key.tonic + ("" if tune.key.mode == "major" else tune.key.mode[:3])
    length = f"{unit.numerator}/{unit.denominator}"
    return f"X:{number}\nT:Exemplar {number}\nM:{meter}\nL:{length}\nK:{key}"


def _opening(tune: Tune, voices: Sequence[Voice], most: int) -> str:
    """Return the first bars of voices in systems of four, "" if they cannot be taken out."""
    written = [_bars(tune, voice, most) for voice in voices]
    if any(not bars or bars.keys() != written[0].keys() for bars in written):
        return ""
    lines = []
    for last in range(_BARS_A_LINE, max(written[0]) + _BARS_A_LINE, _BARS_A_LINE):
        for voice, bars in zip(voices, written, strict=True):
            name = f"[V:{voice.id}] " if len(voices) > 1 else ""
            system = [text for number, text in bars.items() if _system(number) == last]
            lines.append(f"{name}{' | '.join(system)} |")
    return "\n".join(lines)


def _system(number: int) -> int:
    """Return the last bar of the system that a bar stands in; a pickup stands in the first."""
    return -(-max(number, 1) // _BARS_A_LINE) * _BARS_A_LINE


def _bars(tune: Tune, voice: Voice, most: int) -> dict[int, str]:
    """Return the music of a voice's first bars by number; empty if they are not plain to take out."""
    taken = [bar for bar in voice.bars if bar.number <= most]
    written = _written(tune.abc, taken)
    crossing = any(_VOICE.search(bar) for bar in written.values())
    if crossing or _changes(tune, voice, taken) or any(bar.ending for bar in taken) or not _full(taken):
        return {}
    return {number: _music(bar) for number, bar in written.items()}


def _changes(tune: Tune, voice: Voice, bars: Sequence[Bar]) -> bool:
    """Whether key, meter or unit of length are others in some bars than above the tune."""
    end = bars[-1].onset + bars[-1].duration
    key, meter = (tune.key.tonic, tune.key.mode), (tune.meter.numerator, tune.meter.denominator)
    keys = {(one.tonic, one.mode) for one in voice.keys if one.onset < end}
    meters = {(one.numerator, one.denominator) for one in voice.meters if one.onset < end}
    unit = _UNIT.search(tune.abc, max(bars[0].span[0], 0), bars[-1].span[1])
    return bool(keys - {key} or meters - {meter} or unit)


def _written(text: str, bars: Sequence[Bar]) -> dict[int, str]:
    """Return the text of bars by number, with what stands before the first note of each on its line."""
    found, before = {}, 0
    for bar in bars:
        start = max(before, text.rfind("\n", 0, max(bar.span[0], 0)) + 1)
        found[bar.number] = text[start : bar.span[1]]
        before = bar.span[1]
    return found


def _full(bars: Sequence[Bar]) -> bool:
    """Whether bars fill their meter, but for a pickup and a last bar that is shorter by as much."""
    short = [bar.number for bar in bars if bar.duration * bar.meter[1] != 4 * bar.meter[0]]
    if short == [0, bars[-1].number]:
        return (bars[0].duration + bars[-1].duration) * bars[-1].meter[1] == 4 * bars[-1].meter[0]
    return short in ([], [0])


def _music(text: str) -> str:
    """Return what of a bar is lent, without its bar lines."""
    text = _COMMENT.sub("", _LINE.sub("", text))
    pieces = []
    for piece in _QUOTED.split(text):
        if piece.startswith('"'):
            pieces.append(piece if _SYMBOL.fullmatch(piece) else "")
        else:
            pieces.append(_NO_MUSIC.sub("", _SLUR.sub("", _MARKED.sub("", piece))))
    return " ".join("".join(pieces).split())
