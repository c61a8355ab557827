"""The ledger of a store on a server: what it is made of, how far its changes go, and what was removed.

Every row of the first space has the number of the change that wrote it; a removal leaves a row here. A writer
first reserves numbers, then writes, then settles them, so a reader knows which numbers may come still.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chiaroscore import StoreError
from rag_store.served.connection import Connection
from rag_store.served.rows import LONGEST, MOST_CHANGES

#: Collections of the ledger and of removals.
NAME, REMOVED = "chiaroscore.manifest", "chiaroscore.removed"
FORMAT = 1
#: Chroma's rows need a vector; these are never searched.
NOWHERE = [1.0]
#: Rows of one request.
PAGE = 1000
_PLAIN: dict[str, Any] = {"hnsw": {"space": "ip"}}


@dataclass(frozen=True, slots=True)
class State:
    """What is on a server."""

    store: str  # random name of the store, 32 hexadecimal digits
    spaces: dict[str, tuple[str, int]]  # name of the space -> id of its model, dimension
    origin: str  # "builtin" or "custom"
    sources: str  # digest of the built-in sources; "" for a custom store
    chiaroscore: str  # version that published it
    content: str  # digest of all exemplars when ``settled`` was written
    settled: int = 0  # all changes up to here are written
    reserved: int = 0  # changes up to here may be written; the same unless a writer is at work or was killed
    format: int = FORMAT


class Ledger:
    """The collections that say what is on a server."""

    def __init__(self, connection: Connection, *, make: bool = False) -> None:
        self._connection, self.where = connection, str(connection.address)
        self.rows = connection.collection(NAME, make=_PLAIN if make else None)
        self.removals = connection.collection(REMOVED, make=_PLAIN if make else None)

    def read(self) -> State | None:
        """Return the state, None if no store has been published.

        Raises
        ------
        StoreError
            If it is of another format, or cannot be.
        """
        if self.rows is None or self.removals is None:
            return None
        with self._connection.asking():
            found = self.rows.get(ids=["state"], include=["metadatas"])
        return _state(found["metadatas"][0]["state"], self.where) if found["ids"] else None

    def current(self, store: str = "") -> State:
        """Return the state of the store on the server, which must be ``store`` if that is given.

        Raises
        ------
        StoreError
            If there is none, or another.
        """
        state = self.read()
        if state is None:
            raise StoreError(
                f"there is no store at {self.where}; publish one with: chiaroscore store publish {self.where}"
            )
        if store and state.store != store:
            raise StoreError(f"the store at {self.where} was replaced by another meanwhile; open it again")
        return state

    def write(self, state: State) -> None:
        """Replace the state."""
        text = json.dumps(asdict(state), sort_keys=True)
        with self._connection.asking():
            self.rows.upsert(ids=["state"], embeddings=[NOWHERE], metadatas=[{"state": text}])

    def removed(self, after: int, up_to: int) -> dict[str, int]:
        """Return id -> change of the removals after a change.

        Raises
        ------
        StoreError
            If the server gives more than there were changes.
        """
        found: dict[str, int] = {}
        while len(found) <= up_to - after:
            with self._connection.asking():
                page = self.removals.get(
                    where={"change": {"$gt": after}}, limit=PAGE, offset=len(found), include=["metadatas"]
                )
                fresh = {
                    str(one)[: LONGEST["id"]]: int(row["change"])
                    for one, row in zip(page["ids"], page["metadatas"], strict=True)
                }
            if fresh.keys() <= found.keys():
                return found
            found |= fresh
        raise StoreError(f"the server at {self.where} gives more removals than changes; is it Chroma?")

    def bury(self, ids: Sequence[str], first: int) -> None:
        """Note removals, the first of which is change ``first``."""
        if ids:
            with self._connection.asking():
                self.removals.upsert(
                    ids=list(ids),
                    embeddings=[NOWHERE] * len(ids),
                    metadatas=[{"change": change} for change in range(first, first + len(ids))],
                )

    def unbury(self, ids: Sequence[str]) -> None:
        """Forget the removal of rows that are there again."""
        with self._connection.asking():
            if ids and self.removals.count():
                self.removals.delete(ids=list(ids))


def _state(text: Any, where: str) -> State:
    try:
        loaded: Mapping[str, Any] = json.loads(text)
        if loaded["format"] != FORMAT:
            raise StoreError(
                f"the store at {where} has format {str(loaded['format'])[:20]!r}, not {FORMAT}; "
                "update chiaroscore"
            )
        spaces = {str(name): (str(model), int(dim)) for name, (model, dim) in loaded["spaces"].items()}
        state = State(**{**loaded, "spaces": spaces})
        _check(state)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            f"the ledger of the store at {where} is broken ({str(error)[:100]}); publish it again"
        ) from error
    return state


def _check(state: State) -> None:
    texts = (state.store, state.origin, state.sources, state.chiaroscore, state.content)
    if not all(isinstance(text, str) and len(text) < 200 for text in texts):
        raise ValueError("a text is missing or too long")
    if not all(re.fullmatch("[0-9a-f]{32}", text) for text in (state.store, state.content)):
        raise ValueError("its name or digest is none")
    if not all(
        re.fullmatch("[a-z][a-z0-9_-]{0,30}", s) and 0 < d <= 16384 for s, (_, d) in state.spaces.items()
    ):
        raise ValueError("a space's name or dimension is none")
    if not (state.spaces and 0 <= state.settled <= state.reserved < MOST_CHANGES):
        raise ValueError("it has no spaces, or its numbers contradict each other")
