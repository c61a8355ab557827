"""Recognising the data of thesession.org, whose terms forbid its use with language models."""

from __future__ import annotations

import pathlib

from rag_store.ingest.item import Refused

#: Fields of its dumps (tunes.json, tunes.csv), and its address, which stands in the ABC that it hands out.
_FIELDS = ("tune_id", "setting_id")
_ADDRESS = "thesession.org"
_HEAD = 4096


def is_thesession_dump(path: pathlib.Path) -> bool:
    """Whether a JSON or CSV file is a dump of thesession.org's tunes."""
    if path.suffix.lower() not in (".json", ".jsonl", ".csv") or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "replace")
    return all(field in head for field in _FIELDS) or names_thesession(head)


def names_thesession(text: str) -> bool:
    """Whether a text says that it comes from thesession.org."""
    return _ADDRESS in text.lower()


def thesession_refused(what: str) -> Refused:
    """Return the reason to give for a file or tune."""
    return Refused(
        "licence", f"{what!r} is from thesession.org, whose terms forbid its use with language models"
    )
