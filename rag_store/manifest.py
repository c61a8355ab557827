"""The small file that says which folder holds the store now, of which model and content.

A store's place holds ``manifest.json`` and one ``generation-...`` folder with the catalogue and the index. A
build fills a new generation and then replaces the manifest in one step, so an interrupted build leaves the
old store, or none, but never half of one; what it left behind is swept by the next build.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from chiaroscore import StoreError, write_text

FORMAT = 2
GENERATION = "generation-"
REBUILD = "rebuild it with: chiaroscore store build"


class StoreBusyError(StoreError):
    """Another process writes the store."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a store is made of."""

    generation: str  # folder name
    spaces: dict[str, tuple[str, int]]  # name of the space -> id of its model, dimension
    origin: str  # "builtin" or "custom"
    sources: str  # digest of the built-in sources; "" for a custom store
    chiaroscore: str  # version that built it
    format: int = FORMAT


def read_manifest(place: pathlib.Path) -> Manifest | None:
    """Return the manifest, None if there is no store.

    Raises
    ------
    StoreError
        If the manifest cannot be read or is of another format.
    """
    path = place / "manifest.json"
    try:
        loaded = json.loads(path.read_text("utf-8"))
        if loaded.get("format") != FORMAT:
            raise StoreError(
                f"the store at {str(place)!r} has format {loaded.get('format')!r}, not {FORMAT}; {REBUILD}"
            )
        loaded["spaces"] = {name: (str(model), int(dim)) for name, (model, dim) in loaded["spaces"].items()}
        return Manifest(**loaded)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise StoreError(f"the store's manifest {str(path)!r} cannot be read ({error}); {REBUILD}") from error


def write_manifest(place: pathlib.Path, manifest: Manifest) -> None:
    """Replace the manifest, whole or not at all."""
    write_text(place / "manifest.json", json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n")


def sweep(place: pathlib.Path, keep: str) -> None:
    """Remove all generations but one: leftovers of interrupted builds and of the store before."""
    for folder in place.glob(GENERATION + "*"):
        if folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def writer_lock(place: pathlib.Path, wait: float) -> Iterator[None]:
    """Hold the one writer's lock of a store.

    Raises
    ------
    StoreBusyError
        If another process holds it for longer than ``wait`` seconds.
    StoreError
        If the folder cannot be made.
    """
    from filelock import FileLock, Timeout

    path = place / "writer.lock"
    elsewhere = "choose another place with CHIAROSCORE_CACHE"
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise StoreBusyError(
            f"the store at {str(place)!r} is being written by another process (waited {wait:g} s); "
            f"wait for it to end, or {elsewhere}"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"cannot write the store at {str(place)!r}: {reason}; {elsewhere}") from error
    try:
        yield
    finally:
        lock.release()
