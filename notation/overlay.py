"""Voice overlays: music after ``&`` that starts again at the beginning of the bar."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from notation.tune import Voice

if TYPE_CHECKING:
    from notation.reader import VoiceReader


class Overlay:
    """One layer of overlays of a voice, gathered line by line, placed when the bars are known."""

    def __init__(self, layer: int) -> None:
        self.layer = layer
        self.segments: dict[int, list[list[Any]]] = {}

    def line(self, owner: VoiceReader, elements: list[list[Any]]) -> None:
        """Keep what stands in each bar of one line; ``owner`` has already read its own part of that line."""
        waiting: list[list[Any]] = []
        for element in elements:
            if element[0] == 1:
                self._keep(owner.closed_at.get(element[1], -1), waiting)
                waiting = []
            elif element[0] == 0:
                waiting.append(element)
        self._keep(len(owner.bars), waiting)

    def _keep(self, bar: int, elements: list[list[Any]]) -> None:
        sounding = [e for e in elements if e[4] is not None or (e[5] and e[5][0] == "rest")]
        if sounding and bar >= 0:
            self.segments.setdefault(bar, elements)

    def voice(self, owner: VoiceReader) -> Voice:
        """Return the layer as a voice with the bars of its owner."""
        from notation.reader import VoiceReader

        reader = VoiceReader(owner.id, owner.sources)
        owner.sources.count_bars(len(owner.bars))
        for name in (
            "clef",
            "clef_transpose",
            "percussive_clef",
            "program",
            "channel",
            "shift",
            "meters",
            "keys",
        ):
            setattr(reader, name, getattr(owner, name))
        reader.hear()
        for bar in owner.bars:
            reader.at = reader.bar_start = bar.onset
            reader.accidentals = {}
            reader.alterations = (
                owner.bar_alterations[bar.number]
                if bar.number < len(owner.bar_alterations)
                else owner.alterations
            )
            for element in self.segments.get(bar.number, ()):
                reader.note(element)
            gap = bar.onset + bar.duration - reader.at
            if gap > 0:
                reader.rests.append((reader.at, gap, bar.number, False, None, (0, 0)))
            last = max(reader.at, bar.onset) - bar.onset if gap < 0 else bar.duration
            reader.bars.append(replace(bar, duration=Fraction(last)))
        return replace(reader.voice(), id=f"{owner.id}&{self.layer}")
