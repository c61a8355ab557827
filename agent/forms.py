"""Forms: letters for sections, "intro" before and "coda" after them, and the names musicians use.

A form is written ``"AABA"``, ``"ABA'"`` or ``"intro ABACA coda"``. A letter that returns brings its music
back; a prime asks for the return to be varied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chiaroscore import ControlError

#: Most sections between intro and coda.
MOST_SECTIONS = 12

_LETTERS = re.compile(r"(?:[A-Z]'*)+")
_LETTER = re.compile(r"([A-Z])('*)")

#: Names of forms -> letters. "layers" has no themes: voices join and leave over one ground.
NAMED = {
    "binary": "AB",
    "rounded binary": "ABA'",
    "ternary": "ABA'",
    "da capo": "ABA",
    "bar form": "AAB",
    "song form": "AABA",
    "strophic": "AA'A''",
    "verse and chorus": "ABAB",
    "rondo": "ABACA",
    "arch": "ABCBA",
    "variations": "AA'A''A'''",
    "through-composed": "ABCD",
    "layers": "AA'A''A'''",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A form as read."""

    letters: tuple[tuple[str, int], ...]  # letter of a section, number of its primes
    intro: bool = False
    coda: bool = False
    layers: bool = False

    @property
    def name(self) -> str:
        """Canonical text: `parse_form` of it gives the same form."""
        body = "layers" if self.layers else "".join(letter + "'" * primes for letter, primes in self.letters)
        return " ".join(word for word in ("intro" * self.intro, body, "coda" * self.coda) if word)

    @property
    def sections(self) -> int:
        """Number of sections between intro and coda."""
        return len(self.letters)


def parse_form(text: str) -> Form:
    """Read a form: letters with primes, or a name, with "intro" before and "coda" after if wanted.

    Raises
    ------
    ControlError
        If the text is no form, or has more than `MOST_SECTIONS` sections.

    Examples
    --------
    >>> parse_form("intro rondo").name
    'intro ABACA'
    """
    plain = " ".join(text.replace("’", "'").replace("-", " ").split())[:80]
    words = plain.split()
    intro = bool(words) and words[0].lower() == "intro"
    coda = len(words) > 1 and words[-1].lower() in ("coda", "outro")
    middle = " ".join(words[intro : len(words) - coda])
    letters = _named().get(middle.lower()) or middle.replace(" ", "")
    if not _LETTERS.fullmatch(letters):
        raise ControlError(
            f"form {text[:40]!r} is unknown; write letters such as AABA or ABA', or one of "
            f"{', '.join(NAMED)}; 'intro' may stand before it and 'coda' after it"
        )
    found = tuple((letter, len(primes)) for letter, primes in _LETTER.findall(letters))
    if len(found) > MOST_SECTIONS:
        raise ControlError(f"form {text[:40]!r} has {len(found)} sections; give at most {MOST_SECTIONS}")
    return Form(found, intro, coda, middle.lower() == "layers")


def _named() -> dict[str, str]:
    """Names without hyphens -> letters."""
    return {name.replace("-", " "): letters for name, letters in NAMED.items()}
