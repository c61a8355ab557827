"""What every renderer accepts: a parsed tune, or the ABC text of one."""

from __future__ import annotations

from notation import Tune, parse


def tune_of(score: Tune | str) -> Tune:
    """Return the tune itself, or the parse of an ABC text.

    Raises
    ------
    NotationError
        If the text is not ABC.
    """
    return score if isinstance(score, Tune) else parse(score)


def one_line(text: str, limit: int = 120) -> str:
    """Return ``text`` on one line of at most ``limit`` printable characters, lines joined by a dash."""
    lines = [
        " ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in text.splitlines()
    ]
    return " - ".join(line for line in lines if line)[:limit]
