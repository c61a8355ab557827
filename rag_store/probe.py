"""Test an index in a process of its own: ``python -m rag_store.probe FOLDER SPACE...`` ends with 0 or 1.

Every settled row has to be there and to be found by its own vector (of large stores a sample), and nothing
that the catalogue does not know. A corrupt Chroma folder can end the process that opens it; this one may.
"""

from __future__ import annotations

import contextlib
import pathlib
import sys
from collections.abc import Iterator

from chiaroscore import StoreError
from rag_store.catalogue import Catalogue
from rag_store.census import census
from rag_store.chroma import Index
from rag_store.writing import INDEX

#: Rows that are asked for by their own vector at most, evenly chosen.
SAMPLE = 4000


def faults(folder: pathlib.Path, spaces: list[str]) -> Iterator[str]:
    """Yield what is wrong with an index, in words.

    Raises
    ------
    StoreError
        If it cannot be opened.
    """
    with (
        contextlib.closing(Catalogue(folder)) as catalogue,
        contextlib.closing(Index.embedded(folder / INDEX, spaces)) as index,
    ):
        yield from compare(catalogue, index)


def compare(catalogue: Catalogue, index: Index, sample: int = SAMPLE) -> Iterator[str]:
    """Yield how an index differs from its catalogue: rows that lack, are too many, or are not found."""
    for one in census(catalogue, index, sample):
        yield from one.faults()


def main(arguments: list[str]) -> int:
    """Print the faults; returns 1 if there are any."""
    try:
        found = list(faults(pathlib.Path(arguments[0]), arguments[1:]))
    except StoreError as error:
        found = [str(error)]
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
