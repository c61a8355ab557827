"""Which General MIDI program the name of a part or voice means."""

from __future__ import annotations

import re

from chiaroscore import ControlError
from notation import instrument

#: Names of singing voices; alone they would pass for saxophones and basses.
_SINGERS = re.compile(
    r"(mezzo[- ]?)?sopran[oe]|altus|alto|contralto|tenore?|bariton[oe]?|bass?us|basso|bass|cantus|canto"
    r"|superius|quint[ou]s?|sest[ou]|septim[ou]|voices?|vocals?|voce|chorus|choir|chor|s\.?a\.?t\.?b\.?",
    re.IGNORECASE,
)
CHOIR = 52
_NUMBER = re.compile(r"[\s.]*(?:\d+|[IVX]+)?[\s.]*$")


def program_of(name: str) -> int | None:
    """Return the program that a name such as "Violin II" or "Tenor" means, None if it means none."""
    plain = _NUMBER.sub("", name.strip())
    if _SINGERS.fullmatch(plain):
        return CHOIR
    try:
        return instrument(plain).program if len(plain) > 2 else None
    except ControlError:
        return None
