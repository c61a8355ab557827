"""Looking at pictures for teaching: what the encoder needs of each variant, kept to be used again.

Conventions
-----------
Looking takes most of the time of making teacher data, and an encoder can only be fitted when all pictures
have been looked at; so the looks are kept, one ``.npz`` a base picture, with the scenes as JSON.
"""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import pathlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.distilling.pictures import SIDE, Base, variants
from chiaroscore import InputError, write_bytes

#: Told how many of how many base pictures have been looked at.
Progress = Callable[[int, int], None]
Task = TypeVar("Task")
Result = TypeVar("Result")
_FORMAT = 1
_ARRAYS = ("features", "probabilities", "measures", "affect", "scenes")


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What was measured of the variants of one picture, one row a variant, and the offline mind's scenes.

    ``features`` (n, 1280) and ``probabilities`` (n, 1000) of the image network, ``measures`` (n, 31) of
    colour and composition, ``affect`` (n, 6): valence, arousal and the four kinds of
    `agent.offline.affect.Affect`.
    """

    features: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    measures: NDArray[np.float32]
    affect: NDArray[np.float32]
    scenes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.scenes)

    def first(self, count: int) -> Looks:
        """Return the first ``count`` rows."""
        numbers = (
            self.features[:count],
            self.probabilities[:count],
            self.measures[:count],
            self.affect[:count],
        )
        return Looks(*numbers, self.scenes[:count])


def look_at(
    found: Sequence[Base],
    count: int,
    folder: pathlib.Path,
    *,
    seed: int = 0,
    processes: int = 1,
    progress: Progress | None = None,
) -> list[Looks]:
    """Return the looks of ``count`` variants of each base picture, in their order.

    What lies in ``folder`` from an earlier run with the same seed is not looked at again; where there are
    fewer variants than asked for, the missing ones are added.

    Raises
    ------
    InputError
        If a picture cannot be opened, or a file in the folder is damaged.
    MissingPartError
        If the image network is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{_key(base, seed)}.npz" for base in found]
    todo = [
        (base, count, seed, path)
        for base, path in zip(found, paths, strict=True)
        if not path.is_file() or len(read_looks(path)) < count
    ]
    done = len(found) - len(todo)
    for _ in mapped(_look, todo, processes):
        done += 1
        if progress is not None:
            progress(done, len(found))
    return [read_looks(path).first(count) for path in paths]


def read_looks(path: pathlib.Path) -> Looks:
    """Return looks that were kept.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            features, probabilities, measures, affect, scenes = (arrays[name] for name in _ARRAYS)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"cannot read the looks in {str(path)!r}: {error}; remove the file and run again"
        ) from error
    return Looks(features, probabilities, measures, affect, tuple(str(scene) for scene in scenes))


def _look(task: tuple[Base, int, int, pathlib.Path]) -> None:
    """Look at the variants of one picture and keep what was seen."""
    from agent.offline.affect import feel
    from agent.offline.perceive import analyse, scene_of

    base, count, seed, path = task
    before = read_looks(path) if path.is_file() else None
    rows: dict[str, list[Any]] = {name: list(getattr(before, name, ())) for name in _ARRAYS}
    for picture in variants(base, count, seed, start=len(rows["scenes"])):
        found = analyse(picture)
        felt = feel(found.sight, found.measures)
        values = (
            found.sight.features,
            found.sight.probabilities,
            list(found.measures.values()),
            [felt.valence, felt.arousal, *felt.kinds.values()],
            scene_of(found, felt).model_dump_json(),
        )
        for name, value in zip(_ARRAYS, values, strict=True):
            rows[name].append(value)
    arrays: dict[str, Any] = {name: np.array(rows[name], dtype=np.float32) for name in _ARRAYS[:-1]}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays, scenes=np.array(rows["scenes"], dtype=np.str_))
    write_bytes(path, buffer.getvalue())


def mapped(work: Callable[[Task], Result], tasks: Sequence[Task], processes: int) -> Iterator[Result]:
    """Yield the results in the order of the tasks, from fresh processes where more than one is asked for."""
    if processes <= 1 or len(tasks) <= 1:
        yield from map(work, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(min(processes, len(tasks))) as pool:
        yield from pool.imap(work, tasks)


def _key(base: Base, seed: int) -> str:
    """Return a name for the looks at a picture: another file, partner or seed gives another name."""
    said = hashlib.sha256(f"{_FORMAT}|{SIDE}|{base.name}|{seed}".encode())
    for path in (base.path, base.partner):
        said.update(path.read_bytes() if path is not None else b"")
    return f"{base.path.stem[:40]}-{said.hexdigest()[:16]}"
