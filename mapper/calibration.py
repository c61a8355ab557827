"""Making the head's probabilities honest: one temperature a question, fitted on what the composer makes.

The head reads E_m well; how well the plan that it reads agrees with the teacher's depends on the whole chain.
So scores are divided by the temperature that makes the teacher's answers most likely (Guo et al. 2017) for
E_m sampled from validation pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional

from mapper.lessons import Lessons
from mapper.model import Networks, split_scores
from mapper.sampling import GUIDANCE, VISITS, noise
from mapper.stages import told_answers

#: Samples for each validation example.
SAMPLES = 2
#: Range of the natural logarithm of a temperature.
RANGE = (-3.0, 3.0)


def calibrate(
    networks: Networks, validation: Lessons, guidance: float = GUIDANCE, seed: int = 0
) -> dict[str, float]:
    """Set the frame's temperatures and the rest deviation of the tempo; returns them by question."""
    heard = sampled(networks, validation, SAMPLES, guidance, seed).reshape(-1, networks.config.heard)
    with torch.no_grad():
        told = split_scores(networks.config, networks.head(heard * networks.config.heard**0.5))
    known = {
        name: one.repeat_interleave(SAMPLES, dim=0).to(heard.device)
        for name, one in told_answers(networks, validation).items()
    }
    found = {name: _of_question(told[name], known[name]) for name, _ in networks.config.questions}
    found["families"] = _of_families(told["families"], known["families"])
    with torch.no_grad():
        networks.frame.temperature.copy_(torch.tensor(list(found.values())))
        rest = (told["log_tempo"] - known["log_tempo"]).square().mean().sqrt() * networks.frame.tempo[1]
        networks.frame.tempo[2] = rest
    return found | {"log_tempo": float(rest)}


def sampled(networks: Networks, examples: Lessons, samples: int, guidance: float, seed: int) -> Tensor:
    """Return E_m for the E_v of examples, shape ``(n, samples, heard)``, on the networks' device."""
    device = networks.frame.seen_mean.device
    with torch.no_grad():
        seen = torch.from_numpy(examples.seen).to(device)
        # apart for every example: here the spread over examples counts, not one picture's samples
        drawn = noise(seed, 1, networks.config.latent, len(examples) * samples)
        start = torch.from_numpy(drawn.reshape(len(examples), samples, -1)).to(device)
        return networks.compose(seen, networks.reason(seen), start, VISITS, guidance)


def _of_question(scores: Tensor, known: Tensor) -> float:
    """Return the temperature for one question; 1 where nothing can be learnt."""
    rows = known >= 0
    if scores.shape[1] < 2 or not bool(rows.any()):
        return 1.0
    scores, known = scores[rows].double(), known[rows].long()
    return _best(lambda heat: float(functional.cross_entropy(scores / heat, known)))


def _of_families(scores: Tensor, known: Tensor) -> float:
    if not scores.numel():
        return 1.0
    scores, known = scores.double(), known.double()
    return _best(lambda heat: float(functional.binary_cross_entropy_with_logits(scores / heat, known)))


def _best(loss: Callable[[float], float]) -> float:
    found = minimize_scalar(lambda at: loss(float(np.exp(at))), bounds=RANGE, method="bounded")
    return float(np.exp(found.x))
