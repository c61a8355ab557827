"""Schemes: which figures fill the bars of a phrase, from statement to continuation.

The names are those of the theory of form: period and sentence (Schoenberg, *Fundamentals of Musical
Composition*; Caplin, *Classical Form*), Fortspinnung (Fischer), call and response, riff and hook. A scheme
gives the bars before the cadence; phrases of other lengths than four bars go on with extensions.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from agent.offline.writer import devices
from agent.offline.writer.endings import long_tone
from agent.offline.writer.meter import Meter
from agent.offline.writer.motif import Figure, choose, gesture
from agent.offline.writer.setting import Setting

#: Bars; sections give what is left over to their last phrase.
LONGEST_PHRASE = 8
#: Note lengths of the ideas of each letter against the first one's: a second theme moves otherwise.
_PACE = {"calm": (1.0, 1.5, 0.8), "lively": (1.0, 0.7, 1.35)}


@dataclass(frozen=True, slots=True)
class Idea:
    """Two bars of material: the motif and what answers it."""

    lead: Figure
    reply: Figure


Scheme = Callable[[Idea, Meter, random.Random], list[Figure]]


def ideas(letters: list[str], pool: list[Figure], setting: Setting, rng: random.Random) -> dict[str, Idea]:
    """Return the material of each letter: the first motif, and contrasting ones that stay related to it."""
    bar, habits, note_length = setting.bar, setting.habits, setting.note_length
    pace = _PACE[rng.choice(sorted(_PACE))]
    made: dict[str, Idea] = {}
    main: Figure | None = None
    for number, letter in enumerate(letters):
        contrast = pace[number % len(pace)] ** (1.0 - 0.8 * habits.even)
        length = min(note_length * habits.pace * contrast, 0.55 * float(bar.length))
        taken = [idea.lead.durations for idea in made.values()]
        fresh = [figure for figure in pool if figure.durations not in taken]
        lead = _shaped(choose(fresh, length, bar, rng, even=habits.even, least=setting.least), rng)
        if rng.random() < setting.style.seconds:
            lead = devices.expanded(lead)
        if main is not None and number == len(letters) - 1 and number > 1:
            lead = devices.inverted(main)
        others = [figure for figure in pool if figure.durations != lead.durations]
        reply = devices.freed(choose(others, length, bar, rng, even=habits.even, least=setting.least))
        if rng.random() < habits.syncopation:
            lead = devices.syncopated(lead, bar)
        if rng.random() < habits.syncopation:
            reply = devices.anticipated(reply) if rng.random() < 0.5 else devices.syncopated(reply, bar)
        made[letter] = Idea(lead, reply)
        main = main or lead
    return made


def _shaped(figure: Figure, rng: random.Random) -> Figure:
    """Return a borrowed figure as it is, upside down, or with its rhythm under another contour."""
    if figure.device == "invention":
        return figure
    kind = rng.choices(("own", "inverted", "other"), (0.5, 0.2, 0.3))[0]
    if kind == "own":
        return figure
    if kind == "inverted":
        return devices.inverted(figure)
    return devices.contoured(figure, gesture(figure.notes, rng))


def fill(name: str, idea: Idea, turn: int, setting: Setting, rng: random.Random) -> list[Figure]:
    """Return figures for the bars of a phrase, enough for the longest.

    Parameters
    ----------
    name
        A key of `SCHEMES`.
    idea
        The letter's material.
    turn
        Which idea of its section the phrase takes up: the first states, the others contrast.
    """
    if turn % 2:
        idea = Idea(devices.inverted(idea.lead), devices.freed(idea.lead))
    bars = SCHEMES[name](idea, setting.bar, rng)
    slowed = devices.freed(idea.lead)  # instead of what would be too quick to be played
    bars = [slowed if figure.shortest < setting.least else figure for figure in bars]
    while len(bars) < LONGEST_PHRASE:
        bars.append(devices.freed(idea.lead if len(bars) % 2 else idea.reply, "extension"))
    return bars


def _period(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Statement, answer, statement a step away."""
    return [idea.lead, idea.reply, devices.freed(idea.lead, "sequence") if rng.random() < 0.4 else idea.lead]


def _sequence(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Return the motif and its transpositions, down or up by the same step."""
    shift = rng.choice((-1, -1, 1, -2, 2))
    second = devices.sequenced(idea.lead, idea.lead, shift)
    third = devices.sequenced(idea.lead, idea.lead, shift)
    return [idea.lead, second, third if rng.random() < 0.5 else devices.freed(idea.reply, "answer")]


def _sentence(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Motif, its repetition on another degree, its first half twice."""
    shift = rng.choice((1, -1, 2))
    return [idea.lead, devices.sequenced(idea.lead, idea.lead, shift), devices.fragmented(idea.lead, bar)]


def _hook(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Return a hook that comes back unchanged after its answer."""
    return [idea.lead, idea.reply, idea.lead]


def _riff(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Return a riff, again, and varied."""
    again = devices.sequenced(idea.lead, idea.lead, 0)
    return [
        idea.lead,
        again,
        devices.varied(idea.lead, bar) if rng.random() < 0.5 else devices.freed(idea.reply),
    ]


def _call(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Call, long tone and silence, call on another degree."""
    call = idea.lead
    other = devices.inverted(call) if rng.random() < 0.4 else call
    return [call, long_tone(bar, call, breath=True), other]


def _broad(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Broad notes first, the motif itself as their consequence."""
    return [devices.augmented(idea.lead, bar), devices.freed(idea.lead), devices.augmented(idea.reply, bar)]


def _spun(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Fortspinnung: motion goes on in fragments and sequences."""
    run = devices.fragmented(idea.lead, bar, rng.choice((-1, 1)))
    return [idea.lead, run, devices.sequenced(run, run, rng.choice((-1, 1)))]


def _quickened(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Motif, answer, the motif in halved values."""
    return [idea.lead, idea.reply, devices.diminished(idea.lead, bar, rng.choice((-1, 1)))]


def _sustained(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Long tones with room around them."""
    tone = long_tone(bar, idea.lead, breath=rng.random() < 0.5)
    return [tone, devices.thinned(idea.lead, bar), long_tone(bar, idea.lead, breath=True)]


def _ostinato(idea: Idea, bar: Meter, rng: random.Random) -> list[Figure]:
    """Return one figure that stays, shifted by a step when it has been heard."""
    again = devices.sequenced(idea.lead, idea.lead, 0)
    return [idea.lead, again, devices.sequenced(idea.lead, idea.lead, rng.choice((1, -1, 2)))]


SCHEMES: dict[str, Scheme] = {
    "period": _period,
    "sequence": _sequence,
    "sentence": _sentence,
    "hook": _hook,
    "riff": _riff,
    "call": _call,
    "broad": _broad,
    "spun": _spun,
    "quickened": _quickened,
    "sustained": _sustained,
    "ostinato": _ostinato,
}
