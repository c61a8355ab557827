"""The tunes of an ABC file, found without holding the book in memory.

An item names its tune by the number in X: and its place in bytes, ``"17@10240+512"``, so that another
process reads just that tune.
"""

from __future__ import annotations

import pathlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from notation.limits import MAX_CHARACTERS
from rag_store.ingest.item import Facts, Item, Refused
from rag_store.ingest.thesession import names_thesession, thesession_refused
from rag_store.licensing import licence_of

_NUMBER = re.compile(rb"X:\s*(\d{1,9})")
_PLACE = re.compile(r"\d*@(\d+)\+(\d+)")
_RIGHTS = re.compile(
    r"^(?:%%abc-copyright|%%copyright|Z:\s*abc-copyright|%\s*licen[cs]e\s*:)(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
#: Bytes of a line that are looked at at once.
_LONGEST_LINE = 65_536


def tunes_in(
    path: pathlib.Path, identity: str, facts: Facts
) -> Iterator[Item | tuple[pathlib.Path, Refused]]:
    """Yield the tunes of a book; a file of one tune has no part in its id."""
    taken: Counter[str] = Counter()
    head, count = "", 0
    held: Item | None = None
    for number, start, data in _tunes(path):
        if number is None:
            head = _text(data)
            continue
        text, count = head + _text(data), count + 1
        if names_thesession(text):
            yield path, thesession_refused(f"{path.name}, X:{number}")
            continue
        if len(data) > MAX_CHARACTERS:
            yield path, Refused("too large", f"X:{number} of {path.name!r} has {len(data):,} bytes")
            continue
        if held is not None:
            yield held
        taken[number] += 1
        again = f".{taken[number]}" if taken[number] > 1 else ""
        held = Item(
            f"{identity}#{number}{again}", path, "abc", f"{number}@{start}+{len(data)}",
            replace(facts, licence=licence_of(" ".join(_RIGHTS.findall(text)))),
        )  # fmt: skip
    if held is None:
        if not count:
            yield path, Refused("no notes", f"{path.name!r} has no tune that begins with X:")
        return
    yield replace(held, id=identity) if count == 1 else held


def read_tune(path: pathlib.Path, part: str) -> str:
    """Return the text of a tune that `tunes_in` found; the whole file if ``part`` names no place."""
    place = _PLACE.fullmatch(part)
    if place is None:
        with path.open("rb") as file:
            return _text(file.read(MAX_CHARACTERS + 1))
    with path.open("rb") as file:
        file.seek(int(place[1]))
        return _text(file.read(int(place[2])))


def _tunes(path: pathlib.Path) -> Iterator[tuple[str | None, int, bytes]]:
    """Yield number, first byte and bytes of each tune; number None for what stands above the first.

    Of a tune beyond the limit as many bytes are held as show that.
    """
    number: str | None = None
    start, data = 0, bytearray()
    at = 0
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            found = _NUMBER.match(line)
            if found:
                if data or number is not None:
                    yield number, start, bytes(data)
                number, start, data = found[1].decode(), at, bytearray()
            if len(data) <= MAX_CHARACTERS:
                data += line
            at += len(line)
    if data:
        yield number, start, bytes(data)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # old books are Latin-1
        return data.decode("latin-1")
