"""What a search asks: likeness to a text, music or a picture; conditions; wishes; how many and how varied."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from chiaroscore import ControlError
from rag_store.embed import Vectors
from rag_store.searching.filters import Filter, checked_filter
from rag_store.searching.wanted import Wanted, checked

#: Most results of one search.
MOST = 100
#: Weight of variety beside relevance.
DIVERSITY = 0.25
#: The tracks that candidates come from.
TRACKS = ("broad", "targeted")


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One question. It needs a text, a snippet, a vector, a wish or a condition.

    A scene without words is asked by the wishes ``valence`` and ``arousal``.
    """

    text: str = ""  # what the music is like; attributes that it names become wishes
    abc: str = ""  # music to find like music for; its key, meter, density and tempo become wishes
    image: Vectors | None = None  # CLIP vector of a picture, shape (dim,)
    wanted: Wanted = field(default_factory=Wanted)
    filter: Filter = field(default_factory=Filter)
    k: int = 5
    budget: int | None = None  # tokens that the ABC of all results may have together; None: no limit
    tracks: tuple[str, ...] = TRACKS
    diversity: float = DIVERSITY  # 0: the best; 1: each as unlike the others as can be

    def spaces(self) -> tuple[str, ...]:
        """Return the spaces of vectors that are asked: "text", "music", "image"."""
        asked = {
            "text": bool(self.text.strip()),
            "music": bool(self.abc.strip()),
            "image": self.image is not None,
        }
        return tuple(space for space, there in asked.items() if there)


def checked_query(query: Query) -> Query:
    """Return the same query if it can be asked.

    Raises
    ------
    ControlError
        If it asks nothing, or a number, an attribute or a track is not one that there is.
    """
    if not (query.spaces() or query.wanted.asked() or query.filter.asked()):
        raise ControlError("the search is empty; describe the music, such as 'slow sad waltz in minor'")
    if not 1 <= query.k <= MOST:
        raise ControlError(f"k={query.k} is out of range; ask for 1 to {MOST} exemplars")
    if query.budget is not None and query.budget < 1:
        raise ControlError(f"budget={query.budget} is out of range; give at least 1 token, or none")
    if not 0 <= query.diversity <= 1:
        raise ControlError(f"diversity={query.diversity} is out of range; give a number from 0 to 1")
    if not query.tracks or set(query.tracks) - set(TRACKS):
        raise ControlError(f"tracks={query.tracks!r} are unknown; use one or both of: {', '.join(TRACKS)}")
    if query.image is not None and not _direction(query.image):
        raise ControlError("the vector of the picture has no direction; give a CLIP vector, shape (dim,)")
    return replace(query, wanted=checked(query.wanted), filter=checked_filter(query.filter))


def _direction(vector: Vectors) -> bool:
    length = float((vector * vector).sum())
    return vector.ndim == 1 and length > 0 and math.isfinite(length)
