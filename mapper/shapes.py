"""Names and shapes of a mapper's tensors, as they follow from its `ModelConfig`; needs no framework.

What is not a network is the frame: E_v is standardised by ``frame.seen_mean`` and ``frame.seen_scale``; a
latent ``z`` stands for the E_m ``frame.heard_mean + (z * frame.latent_scale) @ frame.basis``, made unit
length, and no coordinate of ``z`` is larger than ``frame.latent_limit``; ``frame.tempo`` holds mean,
deviation and rest deviation of the log tempo; ``frame.temperature`` divides the head's scores, by question,
then for the families.
"""

from __future__ import annotations

from collections.abc import Iterator

from mapper.config import ModelConfig

Shapes = dict[str, tuple[int, ...]]


def shapes(config: ModelConfig) -> Shapes:
    """Return the shape of every tensor by its name, in alphabetical order."""
    whole = dict(_frame(config))
    reasoner = (config.seen, config.reasoner_width, config.reasoner_blocks, config.why)
    whole |= _perceptron("reasoner", *reasoner)
    if config.variant == "mlp_mlp":
        whole |= _perceptron("composer", config.why, *reasoner[1:3], config.latent)
    else:
        whole |= _denoiser(config)
    whole |= _perceptron("head", config.heard, config.head_width, 0, scores(config))
    return dict(sorted(whole.items()))


def scores(config: ModelConfig) -> int:
    """Return how many numbers the head gives: a score an answer, one a family, and the log tempo."""
    return sum(len(answers) for _, answers in config.questions) + len(config.families) + 1


def parameters(config: ModelConfig) -> int:
    """Return how many numbers a mapper has."""
    count = 0
    for shape in shapes(config).values():
        size = 1
        for side in shape:
            size *= side
        count += size
    return count


def _frame(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name in ("seen_mean", "seen_scale"):
        yield f"frame.{name}", (config.seen,)
    yield "frame.heard_mean", (config.heard,)
    yield "frame.basis", (config.latent, config.heard)
    for name in ("latent_scale", "latent_limit"):
        yield f"frame.{name}", (config.latent,)
    yield "frame.tempo", (3,)
    yield "frame.temperature", (len(config.questions) + 1,)


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _perceptron(name: str, inputs: int, width: int, blocks: int, outputs: int) -> Shapes:
    found = _linear(f"{name}.first", inputs, width) | _linear(f"{name}.last", width, outputs)
    for at in range(blocks):
        block = f"{name}.blocks.{at}"
        found |= _linear(f"{block}.one", width, width) | _linear(f"{block}.two", width, width)
        found |= {f"{block}.norm.weight": (width,), f"{block}.norm.bias": (width,)}
    return found


def _denoiser(config: ModelConfig) -> Shapes:
    name, width = "composer", config.composer_width
    with_why = config.variant == "full"
    found = _linear(f"{name}.of_seen", config.seen, width)
    found |= _linear(f"{name}.of_why", config.why, width) if with_why else {}
    found |= _linear(f"{name}.join", width * (2 if with_why else 1), width) | {f"{name}.nothing": (width,)}
    found |= _linear(f"{name}.time_one", config.time_features, width) | _linear(
        f"{name}.time_two", width, width
    )
    found |= _linear(f"{name}.first", config.latent, width) | _linear(f"{name}.last", width, config.latent)
    found |= {f"{name}.norm.weight": (width,), f"{name}.norm.bias": (width,)}
    found |= _linear(f"{name}.steer", width, config.composer_blocks * 3 * width)
    for at in range(config.composer_blocks):
        block = f"{name}.blocks.{at}"
        found |= _linear(f"{block}.one", width, width) | _linear(f"{block}.two", width, width)
    return found
