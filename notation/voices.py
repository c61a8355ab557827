"""The voices of a tune from the lines of staves that abcjs found."""

from __future__ import annotations

from typing import Any

from chiaroscore import NotationError
from notation.fields import Fields
from notation.limits import MAX_VOICES
from notation.overlay import Overlay
from notation.reader import BAR, NOTE, VoiceReader
from notation.staff import Sources
from notation.tune import TempoChange, Voice


def read_voices(lines: list[Any], sources: Sources) -> tuple[list[Voice], list[TempoChange]]:
    """Build the voices of a tune, overlays after the voice they stand in, and its tempo changes.

    An overlay (``&``) becomes a voice of its own, ``1&2`` for the second layer of voice ``1``, with the bars
    of that voice; its silent bars hold invisible rests.
    """
    readers: dict[str, VoiceReader] = {}
    overlays: dict[tuple[str, int], Overlay] = {}
    for line in lines:
        for staff in line:
            layers: dict[str, int] = {}
            for elements in staff["voices"]:
                identity = _speaker(elements, sources.fields)
                if identity is None:
                    continue
                layer = layers[identity] = layers.get(identity, 0) + 1
                if identity not in readers:
                    _make_room(len(readers) + len(overlays))
                    readers[identity] = VoiceReader(identity, sources)
                if layer == 1:
                    readers[identity].line(staff, elements)
                    continue
                if (identity, layer) not in overlays:
                    _make_room(len(readers) + len(overlays))
                    overlays[identity, layer] = Overlay(layer)
                overlays[identity, layer].line(readers[identity], elements)
    voices, tempi = [], []
    for identity, reader in readers.items():
        reader.finish()
        voices.append(reader.voice())
        tempi += reader.tempi
        for (owner, _), overlay in sorted(overlays.items(), key=lambda item: item[0][1]):
            if owner == identity and overlay.segments:
                voices.append(overlay.voice(reader))
    return voices, tempi


def _make_room(voices: int) -> None:
    if voices >= MAX_VOICES:
        raise NotationError(f"the tune has more voices than the limit is, {MAX_VOICES}; leave some out")


def _speaker(elements: list[list[Any]], fields: Fields) -> str | None:
    for element in elements:
        if element[0] in (NOTE, BAR) and element[1] >= 0:
            return fields.voice_at(element[1]) or "1"
    return None
