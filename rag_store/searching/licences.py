"""Which licences a search may use: families of licences, a user's list, and what is used by default.

By default exemplars of known licences that allow commercial use and adaptations are used; those that state no
licence, or an unknown one, are not. The built-in books and chorales, whose encoders stated none, are: their
terms were read (``data/sources.json``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import numpy as np

from chiaroscore import ControlError
from rag_store.columns import Columns
from rag_store.corpus import sources
from rag_store.searching.nearness import Mask

#: Family of licences that no pattern fits.
UNKNOWN = "unknown"
#: A user's word for no condition.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Allowed:
    """A set of licences: whole families, and single ones by their names (no matter the capitals)."""

    families: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    built_in: frozenset[str] = frozenset()  # families that are allowed to the built-in sources only
    everything: bool = False

    @property
    def said(self) -> str:
        """Return the families and names in words."""
        return ALL if self.everything else ", ".join([*sorted(self.families), *sorted(self.names)])

    def allows(self, licence: str, source: str = "") -> bool:
        """Whether an exemplar of a licence and of a source (its title) may be used."""
        found = family(licence)
        ours = found in self.built_in and source in _built_in()
        return self.everything or ours or found in self.families or licence.casefold() in self.names

    @classmethod
    def of(cls, licences: Collection[str] | None) -> Allowed:
        """Return exactly these licences; all for None."""
        if licences is None:
            return EVERYTHING
        return cls(names=frozenset(licence.casefold() for licence in licences))


@lru_cache(maxsize=4)
def licensed(columns: Columns, allowed: Allowed) -> Mask:
    """Return which rows may be used, shape (n,), not to be written to."""
    licence, source = columns.texts["licence"], columns.texts["source"]
    found = np.array([allowed.allows(name) for name in licence.names], np.bool_)[licence.codes]
    ours = np.array([family(name) in allowed.built_in for name in licence.names], np.bool_)
    if ours.any():
        known = np.array([name in _built_in() for name in source.names], np.bool_)
        found |= ours[licence.codes] & known[source.codes]
    found.flags.writeable = False
    return found


def allowed(text: str) -> Allowed:
    """Return what a user's list allows: families or whole names, parted by commas.

    Raises
    ------
    ControlError
        If the list is empty or holds a word that is neither.

    Examples
    --------
    >>> sorted(allowed("cc0, pd,CC-BY").families), allowed("CC-BY-SA-4.0").names
    (['cc-by', 'cc0', 'pd'], frozenset({'cc-by-sa-4.0'}))
    """
    words = [word.strip().casefold() for word in text.split(",") if word.strip()]
    if ALL in words:
        return EVERYTHING
    families = frozenset(word for word in words if word in (*families_table(), UNKNOWN))
    names = frozenset(words) - families
    strange = sorted(name for name in names if family(name) == UNKNOWN)
    if strange or not words:
        raise ControlError(
            f"no licence is called {', '.join(map(repr, strange)) or repr(text)}; give SPDX names such as "
            f"CC-BY-4.0, or some of: {', '.join(families_table())}, {UNKNOWN}, {ALL}"
        )
    return Allowed(families, names)


@cache
def family(licence: str) -> str:
    """Return the family of a licence by its name: ``"CC-BY-3.0"`` gives ``"cc-by"``; else ``"unknown"``."""
    name = " ".join(licence.split())
    for found, entry in families_table().items():
        if re.fullmatch("|".join(entry["names"]), name, re.IGNORECASE):
            return found
    return UNKNOWN


@cache
def families_table() -> dict[str, Any]:
    """Return the families of ``data/licences.json`` by name."""
    text = resources.files("rag_store").joinpath("data/licences.json").read_text("utf-8")
    return dict(json.loads(text)["families"])


def _standard() -> Allowed:
    chosen = {name: entry["standard"] for name, entry in families_table().items()}
    return Allowed(
        frozenset(name for name, use in chosen.items() if use == "yes"),
        built_in=frozenset(name for name, use in chosen.items() if use == "built-in"),
    )


@cache
def _built_in() -> frozenset[str]:
    """Return the titles of the built-in sources."""
    return frozenset(str(entry["title"]) for entry in sources().values())


#: No condition.
EVERYTHING = Allowed(everything=True)
#: What is used unless a search says otherwise.
STANDARD = _standard()
