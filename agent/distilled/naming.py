"""Which mind a name stands for, where a mapper may have planned."""

from __future__ import annotations

#: What ids of mappers begin with (`mapper.files.Stored.id`).
PREFIX = "mapper-"
#: What the command line calls this mind.
DISTILLED = "distilled"
#: What names the mapper in the package (`mapper.inference.SHIPPED`).
SHIPPED = "shipped"


def is_mapper(mind: str) -> bool:
    """Whether a mind, as a piece names it, is a mapper.

    Examples
    --------
    >>> is_mapper("mapper-0123456789ab"), is_mapper("offline")
    (True, False)
    """
    return mind.startswith(PREFIX)
