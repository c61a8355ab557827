"""What a fresh mapper is measured by on examples that it has not seen: a first look, for the card."""

from __future__ import annotations

import numpy as np
import torch

from mapper.calibration import sampled
from mapper.lessons import Lessons
from mapper.model import Networks
from mapper.sampling import GUIDANCE
from mapper.traits import Vocabulary, answers

#: Most examples that are looked at.
MOST = 2000


def measured(
    networks: Networks, examples: Lessons, guidance: float = GUIDANCE, seed: int = 1
) -> dict[str, float]:
    """Return mean cosines of E_r and E_m, and how often the head's first answer is the teacher's.

    ``families`` is the F1 score over all examples and families, at a probability of one half.
    """
    some = examples.take(
        np.unique(np.linspace(0, len(examples) - 1, min(len(examples), MOST)).astype(np.int64))
    )
    device = networks.frame.seen_mean.device
    with torch.no_grad():
        why = networks.reason(torch.from_numpy(some.seen).to(device)).cpu().numpy()
        heard = sampled(networks, some, 1, guidance, seed)[:, 0]
        told = {name: one.cpu().numpy() for name, one in networks.tell(heard).items()}
    config = networks.config
    known = answers(some.traits, Vocabulary(config.questions, config.families))
    found = {
        "examples": float(len(some)),
        "cosine_why": float((why * some.why).sum(axis=1).mean()),
        "cosine_heard": float((heard.cpu().numpy() * some.heard).sum(axis=1).mean()),
    }
    for name, choices in config.questions:
        if choices:
            found[name] = float((told[name].argmax(axis=1) == known[name]).mean())
    chosen, played = told["families"] >= 0.5, known["families"] > 0
    found["families"] = 2 * float((chosen & played).sum()) / max(float(chosen.sum() + played.sum()), 1.0)
    found["tempo_ratio"] = float(2 ** np.abs(told["log_tempo"] - known["log_tempo"]).mean())
    return {name: round(value, 6) for name, value in found.items()}
