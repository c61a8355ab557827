"""A picture as a search: what the offline mind sees in it becomes a text and wishes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.scene_query import SceneQuery
    from rag_store.searching import Query, Wanted


def seen(picture: str) -> SceneQuery:
    """Return what to look for, for a picture.

    Raises
    ------
    InputError
        If it cannot be read.
    MissingPartError
        If the network's weights are not installed.
    """
    from agent.offline.perceive import OfflinePerceiver
    from agent.picture import open_picture
    from agent.scene_query import scene_query

    return scene_query(OfflinePerceiver().perceive(open_picture(picture)))


def with_picture(query: Query, found: SceneQuery) -> Query:
    """Return a query that also asks for what was seen; what was asked outright stays as it is."""
    text = f"{query.text.strip()}. {found.text}" if query.text.strip() else found.text
    return replace(query, text=text, wanted=_filled(query.wanted, found))


def _filled(wanted: Wanted, found: SceneQuery) -> Wanted:
    """Fill the wishes that are open; they count as read, as those from a text do."""
    from rag_store.searching.wanted import with_read

    tempo = math.sqrt(found.tempo[0] * found.tempo[1])
    read = {
        "mood": found.mood, "mode": found.mode, "valence": found.valence, "arousal": found.arousal,
        "tempo": round(tempo, 1), "density": round(found.density * 60 / tempo, 3),
    }  # fmt: skip
    return with_read(wanted, read)
