"""The bars of exemplars that lent a figure, cut out as small tunes of their own, with their terms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chiaroscore import ChiaroscoreError
from explain import Element, Snippet
from notation import Tune, Voice, parse

if TYPE_CHECKING:
    from agent.offline.writer.melody import Use
    from rag_store import Hit

#: Most bars of an exemplar that are shown.
MOST = 4
_HAIRPIN = re.compile(r"!(?:crescendo|diminuendo|[<>])[()]!")
_VOICE = re.compile(r"\[V:[^\]]*\]|^V:.*$", re.MULTILINE)


def snippets_of(hits: Sequence[Hit], uses: Sequence[Use]) -> tuple[Snippet, ...]:
    """Return the exemplars of a piece, those that lent most bars first, with the bars they lent.

    An exemplar that lent no figure has no bars; what it told the writer beside figures stands in ``why``.
    """
    found = []
    for hit in hits:
        own = [use for use in uses if use.source == hit.exemplar.id]
        bars = tuple(sorted({use.bar + 1 for use in own}))
        lent = sorted({use.source_bar for use in own})[:MOST]
        one = hit.exemplar
        abc = cut(one.abc, lent) if lent else ""
        found.append(Snippet(one.id, one.title, one.source, one.licence, tuple(hit.why), abc, bars))
    return tuple(sorted(found, key=lambda snippet: -len(snippet.bars)))


def exemplar_items(hits: Sequence[Hit], uses: Sequence[Use]) -> tuple[Element, ...]:
    """Return the exemplars as elements; one that a figure names and the store has lost keeps its id."""
    absent = "an exemplar comes from the store; the plan, not a place in the picture, called for it"
    found = {
        hit.exemplar.id: Element(
            f"exemplar.{hit.exemplar.id}", "exemplar", hit.exemplar.title,
            f"{hit.exemplar.source}; licence: {hit.exemplar.licence}", "; ".join(hit.why), absent=absent,
        )
        for hit in hits
    }  # fmt: skip
    for use in uses:
        if use.source and use.source not in found:
            text = "this store does not hold it any more"
            found[use.source] = Element(
                f"exemplar.{use.source}", "exemplar", use.source, "", text, absent=absent
            )
    return tuple(found.values())


def cut(abc: str, numbers: Sequence[int]) -> str:
    """Return some bars of a tune's melody as a tune of its own; empty if they cannot be cut out.

    Parameters
    ----------
    abc
        A whole tune; its first pitched voice is the melody.
    numbers
        Of its bars, in order; they need not follow on each other.
    """
    try:
        tune = parse(abc)
        voice = next((one for one in tune.voices if one.notes and not one.percussion), None)
        text = _text(tune, voice, numbers) if voice is not None else ""
        return text if text and voice is not None and _same(parse(text), voice, numbers) else ""
    except ChiaroscoreError:
        return ""


def _text(tune: Tune, voice: Voice, numbers: Sequence[int]) -> str:
    """Return the ABC of some bars of a voice; empty if one of them is not there."""
    bars = {bar.number: bar for bar in voice.bars}
    if not all(number in bars for number in numbers):
        return ""
    first = bars[numbers[0]]
    inside = [_inside(tune.abc[bars[number].span[0] : bars[number].span[1]]) for number in numbers]
    over, under = first.meter
    key = [change for change in voice.keys if change.onset <= first.onset]
    named = key[-1] if key else tune.key
    fields = [
        "X:1",
        f"T:{tune.title.splitlines()[0] if tune.title else 'Exemplar'}",
        f"M:{over}/{under}" if under else "M:none",
        f"L:{tune.unit / 4}",
        f"K:{named.tonic}{named.mode[:3]} clef={voice.clef.split()[0]}" if named.tonic else "K:none",
    ]
    return "\n".join([*fields, " | ".join(inside) + " |]"]) + "\n"


def _inside(bar: str) -> str:
    """Return the music of a bar: no bar lines, voices, line ends or hairpins, and no tie that leads out."""
    text = " ".join(_HAIRPIN.sub("", _VOICE.sub(" ", bar)).split())
    text = re.sub(r"^[|:\[\]\d]*\|[:\]]?\s*", "", text)
    return re.sub(r"\s*:?\|[|:\]]*\s*$", "", text).strip().rstrip("-")


def _same(found: Tune, voice: Voice, numbers: Sequence[int]) -> bool:
    """Whether the bars that were cut out hold the notes that they held in the tune."""
    wanted = [(note.pitch, note.duration) for number in numbers for note in voice.notes if note.bar == number]
    held = [(note.pitch, note.duration) for voice in found.voices for note in voice.notes]
    return held == wanted
