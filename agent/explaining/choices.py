"""Elements of a piece as multiple-choice questions about its picture, and what the first token answers.

A server that keeps the model's inside may still tell how likely each next token is. Of a whole answer it
tells nothing once a picture is in the prompt, so that each element is asked for anew, for one letter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chiaroscore import BackendError
from explain import Element

if TYPE_CHECKING:
    from agent.piece import Piece

_LETTERS = "ABC"
#: Where low and high begin: thirds of the usual range, in [-1, 1] and in quarter notes a minute.
_FEELING = (-0.2, 0.2)
_TEMPO = (80.0, 112.0)
_BRIGHT = ("major", "lydian", "mixolydian")
#: Probability below which it makes no difference how unlikely something is.
_NEVER = 1e-9
#: Least part of the probability that the letters must have together; else the model answers something else.
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a picture, and which of its options the piece holds."""

    element: Element
    text: str
    options: tuple[str, ...]
    chosen: int

    @property
    def prompt(self) -> str:
        """The question with its options, a letter each."""
        listed = "\n".join(f"{letter}) {one}" for letter, one in zip(_LETTERS, self.options, strict=False))
        return f"{self.text}\n{listed}\nAnswer with one letter and nothing else."

    @property
    def answer(self) -> str:
        """The option that the piece holds, with its letter."""
        return f"{_LETTERS[self.chosen]}, {self.options[self.chosen]}"

    def log_odds(self, tokens: Mapping[str, float]) -> float:
        """Return the log-odds in nats of the piece's option against the others.

        Parameters
        ----------
        tokens
            Likeliest first tokens of the answer -> log-probability. A letter that is not among them is taken
            to be as likely as the last of them, which it is at most.

        Raises
        ------
        BackendError
            If the letters have less than `LEAST` of the probability together.
        """
        floor = max(math.exp(min(tokens.values(), default=0.0)), _NEVER)
        shares = [_share(letter, tokens) for letter in _LETTERS[: len(self.options)]]
        if sum(shares) < LEAST:
            raise BackendError(
                f"the model does not answer with a letter ({sum(shares):.0%} of its first token); "
                "take a reader instead"
            )
        shares = [max(one, floor) for one in shares]
        own = shares.pop(self.chosen)
        return math.log(own) - math.log(sum(shares))


def questions(piece: Piece) -> tuple[Question, ...]:
    """Return the questions about a piece: valence and arousal of the picture, tempo and mode of the music."""
    feeling, plan = piece.scene.emotion, piece.plan
    mode = plan.key.split()[-1]
    return (
        Question(
            Element("scene.emotion.valence", "scene", "valence", f"{feeling.valence:+.2f}"),
            "How does this picture feel?",
            ("sad or unpleasant", "neutral", "happy or pleasant"),
            _third(feeling.valence, _FEELING),
        ),
        Question(
            Element("scene.emotion.arousal", "scene", "arousal", f"{feeling.arousal:+.2f}"),
            "How stirring is this picture?",
            ("calm", "neither calm nor exciting", "exciting"),
            _third(feeling.arousal, _FEELING),
        ),
        Question(
            Element("plan.tempo", "plan", "tempo", f"{plan.tempo:g}"),
            "How fast should music for this picture be?",
            ("slow", "moderate", "fast"),
            _third(plan.tempo, _TEMPO),
        ),
        Question(
            Element("plan.key", "plan", "key", plan.key),
            "Should music for this picture be in a major or a minor key?",
            ("major", "minor"),
            int(mode not in _BRIGHT),
        ),
    )


def _third(value: float, bounds: tuple[float, float]) -> int:
    """Return 0, 1 or 2: below, between, above."""
    return sum(value > bound for bound in bounds)


def _share(letter: str, tokens: Mapping[str, float]) -> float:
    """Return the probability of a letter: that of all tokens that spell it."""
    return sum(math.exp(value) for token, value in tokens.items() if token.strip(" \n\t(\"'*.):▁Ġ") == letter)
