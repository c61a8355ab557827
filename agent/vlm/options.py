"""How a model mind works: limits of tries, rounds, tokens and time."""

from __future__ import annotations

from dataclasses import dataclass, fields

from chiaroscore import ControlError

#: Lowest and highest value of each option.
_LIMITS = {
    "tries": (1, 10),
    "rounds": (0, 10),
    "tokens": (500, 10_000_000),
    "seconds": (1.0, 86_400.0),
    "exemplar_tokens": (0, 100_000),
    "temperature": (0.0, 2.0),
    "max_side": (64, 4096),
}


@dataclass(frozen=True, slots=True)
class Options:
    """Limits of one composition by a model.

    Raises
    ------
    ControlError
        If a value lies outside its limits.
    """

    tries: int = 3  # answers that a step may take until it is given up
    rounds: int = 2  # revisions after the score is valid
    tokens: int = 60_000  # prompt and answer tokens of a piece, all calls together
    seconds: float = 900.0  # time of a piece, all calls together
    exemplar_tokens: int = 1200  # room for exemplars in a prompt
    temperature: float | None = None  # of every step; None takes each prompt's own
    max_side: int = 1024  # pixels of the longer side of the picture the model sees

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            low, high = _LIMITS[one.name]
            if value is not None and not low <= value <= high:
                raise ControlError(f"{one.name}={value!r} is out of range; choose {low:g} to {high:g}")
