"""Searching an open store: the part of `rag_store.Store` that asks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_store.embed import Vectors
from rag_store.embedders import SpaceModel
from rag_store.hit import Hit
from rag_store.searching import STANDARD, Allowed, Filter, Query, Wanted, demanded, search
from rag_store.searching.nearness import Rows
from rag_store.searching.query import TRACKS

if TYPE_CHECKING:
    from rag_store.catalogue import Catalogue
    from rag_store.chroma import Index
    from rag_store.resident import Resident


class Searched:
    """What searches; the store gives it catalogue, index and models."""

    _models: dict[str, SpaceModel]

    if TYPE_CHECKING:

        @property
        def resident(self) -> Resident: ...  # noqa: D102
        @property
        def _read(self) -> Catalogue: ...
        @property
        def _index(self) -> Index: ...

    def search(
        self,
        text: str = "",
        *,
        k: int = 5,
        genre: str | None = None,
        mood: str | None = None,
        meter: str | None = None,
        mode: str | None = None,
        tempo_class: str | None = None,
        abc: str = "",
        licences: Collection[str] | Allowed | None = STANDARD,
        strict: bool = False,
        tracks: Sequence[str] = TRACKS,
    ) -> list[Hit]:
        """Return the ``k`` best exemplars for a description of music, best first.

        The rule is in `rag_store.searching`.

        Parameters
        ----------
        text : str
            What the music should be like. Attributes that it names and that are not given are read from it.
        k : int
            How many, 1 to 100. Fewer come back if the store has no more that fit.
        genre, mood, meter, mode, tempo_class : str, optional
            Attributes wanted: they lead the targeted track. They are wishes, not conditions, unless
            ``strict``.
        abc : str
            Music to find like music for, beside the text or instead of it.
        licences : Allowed, collection of str, or None
            Licences allowed, by name or as `rag_store.searching.allowed` reads a list of families; None
            allows all. The default leaves out non-commercial, unknown and unstated ones.
        strict : bool
            Leave out what does not meet every attribute given.
        tracks : sequence of str
            "broad" (by likeness), "targeted" (by attributes), or both.

        Raises
        ------
        ControlError
            If nothing is asked, ``k`` is out of range, or an attribute is unknown.
        NotationError
            If ``abc`` is no tune.

        See Also
        --------
        find : Everything a search can ask: ranges, instruments, pictures, budgets.
        """
        wanted = Wanted(genre, mood, meter, mode, tempo_class)
        allowed = licences if isinstance(licences, Allowed) else Allowed.of(licences)
        conditions = Filter(licences=allowed)
        if strict:
            conditions = demanded(wanted, conditions)
        return self.find(
            Query(text=text, abc=abc, wanted=wanted, filter=conditions, k=k, tracks=tuple(tracks))
        )

    def find(self, query: Query) -> list[Hit]:
        """Return the best exemplars for a query, best first; fewer than asked if no more meet its conditions.

        Raises
        ------
        ControlError
            If the query asks nothing, or something that there is not.
        NotationError
            If its snippet cannot be read.
        MissingPartError
            If the store has no vectors of a space that is asked.
        """
        held, models = self.resident, self._models

        embedders: dict[str, Callable[[str], Vectors]] = {
            space: lambda asked, model=models[space]: model.of_query(asked)  # type: ignore[misc]
            for space in ("text", "music")
            if space in models
        }
        chosen = search(query, held.columns, held.vectors.__getitem__, self._nearest, embedders)
        ids = [held.columns.ids[one.row] for one in chosen]
        found = self._read.exemplars(ids)
        return [
            Hit(found[identity], round(one.score, 6), list(one.why))
            for identity, one in zip(ids, chosen, strict=True)
        ]

    def _nearest(self, space: str, query: Vectors, n: int) -> tuple[Rows, Vectors]:
        """Return rows of the resident columns and their cosines, from the index."""
        place = self.resident.columns.place
        ids, cosines = self._index.nearest(space, query[None], n)[0]
        there = [(place[i], cosine) for i, cosine in zip(ids, cosines, strict=True) if i in place]
        rows, found = zip(*there, strict=True) if there else ((), ())
        return np.array(rows, np.int64), np.array(found, np.float32)
