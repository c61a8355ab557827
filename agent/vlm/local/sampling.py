"""Which token comes next: a draw of its own for every row, so that a batch answers as its rows would alone.

A logits processor chooses the token and leaves only that one; `generate` then takes the likeliest. Nothing is
drawn from torch's global random state.

References
----------
.. [#gumbel] Maddison, Tarlow & Minka (2014), A* sampling, NeurIPS: the largest of log p + Gumbel noise is a
   draw from p.
.. [#nucleus] Holtzman et al. (2020), The curious case of neural text degeneration, ICLR (top-p).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agent.vlm.local.guidance import Hold
from agent.vlm.protocol import Request
from chiaroscore import BackendError

if TYPE_CHECKING:
    import torch

#: Natural logarithm of the odds against the likeliest token below which a token is not looked at: 1 in 1e13.
_NEGLIGIBLE = 30.0


class Chooser:
    """Chooses the tokens of one answer.

    Parameters
    ----------
    request
        Seed, temperature and top-p.
    hold
        What the answer is held to, if it is.
    """

    def __init__(self, request: Request, hold: Hold | None) -> None:
        self._random = np.random.default_rng(request.seed)
        self._temperature = request.temperature
        self._top_p = request.top_p
        self._hold = hold

    def next(self, scores: NDArray[np.float32], speakable: NDArray[np.bool_]) -> int:
        """Return the next token and go on by it.

        Raises
        ------
        BackendError
            If the scores are no numbers, or no token may come next.
        """
        may = speakable if self._hold is None else self._hold.allowed()
        open_to = np.where(may, scores, np.float32(-np.inf))
        if not np.isfinite(open_to.max()):
            raise BackendError("the model's scores are not numbers; choose dtype='bfloat16' or 'float32'")
        noise = self._random.random(scores.size) if self._temperature > 0 else None
        token = draw(open_to, self._temperature, self._top_p, noise)
        if self._hold is not None:
            self._hold.take(token)
        return token


def draw(
    scores: NDArray[np.float32], temperature: float, top_p: float, noise: NDArray[np.float64] | None
) -> int:
    """Return the index of the score that is drawn.

    Parameters
    ----------
    scores
        Logits; minus infinity where a token may not come.
    temperature
        0 takes the largest.
    top_p
        Only the likeliest that together have this probability are drawn from.
    noise
        Numbers in [0, 1), one a score; None where the temperature is 0.
    """
    if temperature <= 0 or noise is None:
        return int(scores.argmax())
    top = scores.max()
    kept = np.flatnonzero(scores > top - _NEGLIGIBLE * temperature)
    heated = (scores[kept].astype(np.float64) - top) / temperature
    inside = _nucleus(heated, top_p)
    gumbel = -np.log(-np.log(np.maximum(noise[kept[inside]], np.finfo(np.float64).tiny)))
    return int(kept[inside[(heated[inside] + gumbel).argmax()]])


def _nucleus(logs: NDArray[np.float64], top_p: float) -> NDArray[np.intp]:
    """Return the indices of the fewest likeliest that have a probability of ``top_p`` together.

    Those with less than an equal share of what is left out cannot be inside, all of them together not filling
    it; they are dropped before the rest is sorted.
    """
    if top_p >= 1:
        return np.arange(logs.size)
    chances = np.exp(logs)
    chances /= chances.sum()
    able = np.flatnonzero(chances >= (1 - top_p) / chances.size)
    order = able[np.argsort(-chances[able], kind="stable")]
    return order[: int(np.searchsorted(np.cumsum(chances[order]), top_p)) + 1]


class RowSampler:
    """A logits processor for `generate`: row i of the scores is chosen from by chooser i.

    Parameters
    ----------
    choosers
        One for every row.
    speakable
        For every token whether free text may have it.
    finished
        For every row whether its answer has ended; changed from outside.
    """

    def __init__(
        self, choosers: Sequence[Chooser], speakable: NDArray[np.bool_], finished: NDArray[np.bool_]
    ) -> None:
        self._choosers = choosers
        self._speakable = speakable
        self._finished = finished

    def __call__(self, input_ids: Any, scores: torch.Tensor) -> torch.Tensor:
        """Return scores that leave one token in each row."""
        seen = scores.float().cpu().numpy()
        only = scores.new_full(scores.shape, float("-inf"))
        for row, chooser in enumerate(self._choosers):
            only[row, 0 if self._finished[row] else chooser.next(seen[row], self._speakable)] = 0
        return only
