"""Publishing: bringing the store on a server to what a store of this machine holds.

What the server has already is compared by content, vectors included, and only what differs is sent; so an
interrupted publication is continued by publishing again.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import chiaroscore
from chiaroscore import StoreError
from rag_store.builtin import Progress
from rag_store.catalogue import Catalogue, Entry
from rag_store.chroma import PREFIX
from rag_store.lines import to_bytes
from rag_store.manifest import Manifest
from rag_store.records import content_digest
from rag_store.served.address import read_address
from rag_store.served.connection import Connection
from rag_store.served.index import ServedIndex
from rag_store.served.lease import leased
from rag_store.served.ledger import PAGE, Ledger, State
from rag_store.served.mirror import folder_of
from rag_store.served.writing import ServedWriter, locked_writing

STAGE = "publishing"


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did, in exemplars."""

    written: int  # new on the server, or replaced
    same: int  # there already
    removed: int  # on the server only, and removed
    others: int  # on the server only, and left


def publish(
    catalogue: Catalogue,
    manifest: Manifest,
    url: str,
    *,
    prune: bool = False,
    wait: float = 0.0,
    progress: Progress | None = None,
) -> Published:
    """Send what a catalogue holds to a server, whose store is made if there is none.

    Parameters
    ----------
    prune : bool
        Also remove what only the server has.
    wait : float
        Seconds to wait for another writer.

    Raises
    ------
    ControlError
        If the URL is none.
    StoreError
        If the server does not answer, holds a store of other models or collections of another program, or is
        being written by another process.
    """
    with contextlib.closing(Connection(read_address(url))) as connection:
        _mind_strangers(connection)
        ledger = Ledger(connection, make=True)
        with leased(connection, ledger, wait) as lease:
            state = ledger.read() or _new(ledger, manifest)
            _mind_models(ledger.where, state, manifest)
            index = ServedIndex(connection, state.spaces, make=True)
            with locked_writing(ledger, index, folder_of(connection, state), lease, progress) as writer:
                done = _send(catalogue, writer, prune, progress)
                writer.describe(manifest.origin, manifest.sources, manifest.chiaroscore)
            return done


def _send(catalogue: Catalogue, writer: ServedWriter, prune: bool, progress: Progress | None) -> Published:
    there, here = _digests(writer.catalogue), _digests(catalogue)
    wanted = [identity for identity, digest in here.items() if there.get(identity) != digest]
    for start, part in _pages(wanted):
        writer.put(list(catalogue.entries(part)))
        if progress:
            progress(STAGE, start + len(part), len(wanted))
    others = sorted(there.keys() - here.keys())
    removed = writer.remove(others) if prune else 0
    return Published(len(wanted), len(here) - len(wanted), removed, len(others) - removed)


def _digests(catalogue: Catalogue) -> dict[str, bytes]:
    """Return id -> digest of all that a server keeps of an exemplar, by id."""
    return {
        entry.exemplar.id: _digest(entry)
        for _, part in _pages(catalogue.ids())
        for entry in catalogue.entries(part)
    }


def _digest(entry: Entry) -> bytes:
    digest = hashlib.sha256(content_digest([entry.exemplar]).encode())
    for space, vector in sorted(entry.vectors.items()):
        digest.update(space.encode() + vector.tobytes())
    digest.update(entry.print.encode() + to_bytes(entry.lines))
    return digest.digest()[:16]


def _pages(ids: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    return ((start, ids[start : start + PAGE]) for start in range(0, len(ids), PAGE))


def _new(ledger: Ledger, manifest: Manifest) -> State:
    state = State(
        uuid.uuid4().hex,
        manifest.spaces,
        manifest.origin,
        manifest.sources,
        chiaroscore.__version__,
        "0" * 32,
    )
    ledger.write(state)
    return state


def _mind_models(where: str, state: State, manifest: Manifest) -> None:
    if state.spaces != manifest.spaces:
        raise StoreError(
            f"the store at {where} has the vectors {_named(state.spaces)}, this one "
            f"{_named(manifest.spaces)}; publish to an empty server"
        )


def _mind_strangers(connection: Connection) -> None:
    """Refuse a server whose collections of our names were not made by a publication."""
    if Ledger(connection).read() is None:
        with connection.asking():
            known = [found for found in connection.client.list_collections() if found.name.startswith(PREFIX)]
            strange = [found.name for found in known if found.count()]
        if strange:
            raise StoreError(
                f"the server at {connection.address} holds {strange[0]!r} of no published store; "
                "publish to an empty server"
            )


def _named(spaces: dict[str, tuple[str, int]]) -> str:
    return ", ".join(f"{space} by {model} ({dim}-d)" for space, (model, dim) in sorted(spaces.items()))
