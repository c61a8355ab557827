"""A model's answer read as a score: the music found, mended where that is sure, laid out, and checked.

Nothing of the answer reaches the score but notes, rests, chords, their lengths, ties, slurs, tuplets, grace
notes, chord symbols and the decorations of `agent.vlm.score.marks`; see `agent.vlm.score.elements`.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.draft import Repair
from agent.keys import parse_key
from agent.offline.writer.layout import Sheet
from agent.offline.writer.write import sheet_of
from agent.vlm.score import faults
from agent.vlm.score.elements import Bar, Element
from agent.vlm.score.hand import Hand
from agent.vlm.score.layout import bar_places, laid_out, symbols_sorted
from agent.vlm.score.measures import Frame, fitted
from agent.vlm.score.naming import Names
from agent.vlm.score.normal import music_in
from agent.vlm.score.passages import Answer, Passage, dealt, passages
from agent.vlm.score.repairs import Log
from agent.vlm.score.repeats import unfolded
from agent.vlm.score.spelling import in_range, on_kit
from agent.vlm.score.tidy import tidied
from chiaroscore import ControlError
from notation import Problem, check, instrument
from prompts import Part, Plan

#: Share of a voice that must be there for rests to stand for the rest of it.
MOST_OF_IT = 0.75


@dataclass(frozen=True)
class ScoreReading:
    """A model's score as it was read.

    Attributes
    ----------
    abc
        The whole tune, complete and readable whatever lacked; "" if there was no music.
    repairs
        What was mended, in the order it was done.
    problems
        Errors that only a new answer can mend, in order of place; their lines and columns are those of
        ``abc``.
    bars
        The bars of every voice as they stand in ``abc``.
    """

    abc: str
    repairs: tuple[Repair, ...]
    problems: tuple[Problem, ...]
    bars: dict[str, tuple[str, ...]]


def read_score(text: str, plan: Plan) -> ScoreReading:
    """Read a model's answer as the score of a plan.

    Any text may come; it takes well under a second for the longest that is read.

    Returns
    -------
    ScoreReading
    """
    log = Log()
    names = Names(plan.instruments)
    answer = passages(music_in(text, log), names, log)
    found, last = _voices(answer, names, plan, log)
    _differing(answer, plan, log)
    sheet = sheet_of(plan)
    voices, counts = {}, {}
    for name, part in names.named:
        voices[name] = _voice(found.get(name, []), name, part, sheet, log, broken_off=name == last)
        counts[name] = len(voices[name])
        _filled(voices[name], sheet)
    if all(bar.silent for bars in voices.values() for bar in bars):
        return ScoreReading("", log.repairs, (faults.no_music(text),), {})
    for name, count in symbols_sorted(voices, plan).items():
        log.note("chord-symbol", f"{count} chord symbols of {name} are left out: they stand elsewhere", name)
    return _judged(voices, counts, names, plan, log)


def _voices(answer: Answer, names: Names, plan: Plan, log: Log) -> tuple[dict[str, list[Bar]], str]:
    """Return the bars of every voice, repeats written out, and the voice in which the text ends."""
    pieces = dealt(answer, names, plan.bars, log)
    labels = list(dict.fromkeys(piece.label for piece in pieces))
    assigned = names.assigned(labels, answer.called)
    for label in labels:
        _named(label, assigned.get(label), log)
    hands = _written_down([piece for piece in pieces if piece.label in assigned], assigned, plan.bars, log)
    last = assigned.get(pieces[-1].label, "") if pieces else ""
    return unfolded({name: hand.bars for name, hand in hands.items()}, plan.bars, log), last


def _named(label: str, voice: str | None, log: Log) -> None:
    """Record what a name was taken for."""
    if voice is None:
        log.note("extra-voice", f"music for {label or 'no voice'!r} is left out: the plan has no such voice")
    elif label != voice:
        log.note(
            "voice-name",
            f"{f'voice {label!r}' if label else 'music without a name'} is taken as {voice}",
            voice,
        )


def _written_down(pieces: list[Passage], assigned: dict[str, str], bars: int, log: Log) -> dict[str, Hand]:
    """Return a hand for every voice, which has read all its passages."""
    hands: dict[str, Hand] = {}
    before: Hand | None = None
    for piece in pieces:
        voice = assigned[piece.label]
        hand = hands.setdefault(voice, Hand(voice, log, bars))
        if before is not None and before is not hand:
            before.stop()
        hand.feed(piece.text + "\n", piece.unit)
        before = hand
    for hand in hands.values():
        hand.stop()
    return hands


def _differing(answer: Answer, plan: Plan, log: Log) -> None:
    """Record a key or meter in the answer's header that is not the plan's."""
    if answer.key:
        try:
            key = parse_key(answer.key).name
        except ControlError:
            key = answer.key
        if key != plan.key:
            log.note("key", f"K:{answer.key} was written: the notes are read in {plan.key}")
    written = {"C": "4/4", "C|": "2/2"}.get(answer.meter, answer.meter.replace(" ", ""))
    if written and written != plan.meter:
        log.note("meter", f"M:{written} was written: the bars are read in {plan.meter}")


def _voice(bars: list[Bar], name: str, part: Part, sheet: Sheet, log: Log, *, broken_off: bool) -> list[Bar]:
    """Return the bars of one voice, mended and tidied."""
    drums = part.role == "percussion"
    frame = Frame.of(name, sheet.bars, sheet.bar, drums=drums)
    bars = fitted(bars, frame, log, broken_off=broken_off)
    if drums:
        on_kit(bars, name, log)
    else:
        in_range(bars, instrument(part.instrument), sheet.signature, name, log)
    tidied(bars, sheet.bar, name, log, drums=drums)
    return bars


def _filled(bars: list[Bar], sheet: Sheet) -> None:
    """Put a rest in place of every bar that lacks."""
    bars += [Bar([Element(sheet.bar.length * 2)], closed=True) for _ in range(sheet.bars - len(bars))]


def _judged(
    voices: dict[str, list[Bar]], counts: dict[str, int], names: Names, plan: Plan, log: Log
) -> ScoreReading:
    """Lay the voices out and say what is wrong with them."""
    abc, texts = laid_out(plan, voices)
    places = bar_places(abc)
    found: list[Problem] = []
    for nth, (name, _) in enumerate(names.named):
        count = counts[name]
        if count == plan.bars:
            continue
        if nth and count >= MOST_OF_IT * plan.bars:
            log.note("rests", f"rests fill the last {plan.bars - count} bars of {name}", name, count + 1)
        else:
            found.append(faults.missing(name, count, plan.bars, places))
    lead = names.ids[0]
    stuck = faults.loop(lead, voices[lead][: counts[lead]], places)
    found += [stuck] if stuck else []
    found += _errors(abc)
    found.sort(key=lambda one: (one.line, one.column))
    return ScoreReading(abc, log.repairs, tuple(found), texts)


def _errors(abc: str) -> list[Problem]:
    """Return the errors of a score; what only follows from wrong bars is left out."""
    found = [faults.hinted(one) for one in check(abc) if one.severity == "error"]
    if any(one.code in ("bar-length", "meter") for one in found):
        found = [one for one in found if one.code != "voice-length"]
    return found
