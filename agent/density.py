"""Density: how many notes begin a second, as a word or as a number.

Conventions
-----------
Density is counted in onsets a second over all pitched voices for the whole piece: the notes and chords that
begin, a chord of one voice counting once, drums not at all. `RATIO` is how far a piece may be from a number
that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.values import is_number, number, shown
from chiaroscore import ControlError

#: Onsets a second that can be asked for.
DENSITY = (0.5, 20.0)
#: A number n is met between n / RATIO and n * RATIO.
RATIO = 1.25
#: Words -> lowest and highest onsets a second. The middle half of this project's pieces lies between 4 and 9.
WORDS = {"sparse": (0.0, 3.5), "medium": (3.5, 8.0), "dense": (8.0, 40.0)}
_SAME = {
    "thin": "sparse", "light": "sparse", "low": "sparse", "normal": "medium", "moderate": "medium",
    "middle": "medium", "thick": "dense", "busy": "dense", "full": "dense", "high": "dense",
}  # fmt: skip
#: Onsets a second that one player can be given, and onsets a quarter note; four sixteenths a beat.
_FASTEST, _FINEST = 6.0, 4.0
#: Onsets a bar under which a texture cannot be thinned: a bass note, and the melody's.
_FEWEST = 3.0


@dataclass(frozen=True, slots=True)
class Density:
    """A density that was asked for: ``low`` to ``high`` onsets a second meet it."""

    asked: str | float
    low: float
    high: float

    def aim(self, usual: float) -> float:
        """Return the density to write with: the number, or the usual one brought inside the word's range."""
        if isinstance(self.asked, float):
            return self.asked
        return min(max(usual, 1.12 * self.low), 0.86 * self.high)


def parse_density(value: object) -> Density:
    """Read a density: "sparse", "medium", "dense", or onsets a second.

    Raises
    ------
    ControlError
        If it is neither, or out of range.

    Examples
    --------
    >>> parse_density("dense").low, parse_density(4).high
    (8.0, 5.0)
    """
    if isinstance(value, Density):
        return value
    if isinstance(value, str) and not is_number(value):
        plain = value.strip().lower()[:40]
        word = _SAME.get(plain, plain)
        if word not in WORDS:
            raise ControlError(
                f"density {shown(value)} is unknown; give sparse, medium, dense, "
                f"or {DENSITY[0]:g} to {DENSITY[1]:g} notes a second"
            )
        return Density(word, *WORDS[word])
    count = number("density", value, *DENSITY, "notes a second")
    return Density(count, count / RATIO, count * RATIO)


def most_onsets(players: int, qpm: float) -> float:
    """Onsets a second that so many pitched parts can be given at a tempo."""
    return players * min(_FASTEST, _FINEST * qpm / 60) * 0.6


def fewest_onsets(players: int, qpm: float, bar_quarters: float) -> float:
    """Onsets a second under which so many pitched parts cannot be brought at a tempo."""
    return min(_FEWEST, 1.0 + players) * qpm / 60 / bar_quarters


def check_density(density: Density, players: int, qpm: float, bar_quarters: float) -> None:
    """Refuse a density that so many parts cannot have at a tempo.

    Raises
    ------
    ControlError
        If they cannot; the message says what would work.
    """
    most, fewest = most_onsets(players, qpm), fewest_onsets(players, qpm, bar_quarters)
    wanted = density.asked if isinstance(density.asked, str) else f"{density.asked:g} notes a second"
    if density.aim(density.low) > most:
        raise ControlError(
            f"density {wanted} cannot be met: {players} pitched parts at {qpm:.0f} quarter notes a minute "
            f"give at most {most:.1f} notes a second; ask for less, a faster tempo or more instruments"
        )
    if density.aim(density.high) < fewest:
        raise ControlError(
            f"density {wanted} cannot be met: at {qpm:.0f} quarter notes a minute bars are so short that "
            f"{players} pitched parts give at least {fewest:.1f} notes a second; ask for more or a slower "
            "tempo"
        )
