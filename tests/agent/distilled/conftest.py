"""A small mapper, trained for a few steps: on painted pictures and on what the offline mind plans for them.

It has learnt next to nothing; what is tested with it is the way from a picture to a piece.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from agent import Agent
from agent.controls import Controls
from agent.distilling.encoder import label_groups, measured
from agent.genres import genres
from agent.offline.affect import feel
from agent.offline.perceive import analyse, scene_of
from agent.offline.plan import OfflinePlanner
from mapper.config import TrainConfig
from mapper.encoders import Measured, fit
from mapper.example import Example
from mapper.lessons import lessons
from mapper.planning import add_bank
from mapper.training import train

#: Painted pictures, and plans for each.
PICTURES, PLANS = 10, 6
SMALL = TrainConfig(
    batch=16, latent=12, reasoner_width=32, reasoner_blocks=1, composer_width=32, composer_blocks=2,
    head_width=16, reasoner_steps=4, composer_steps=4, head_steps=4, validation=0.2, test=0.1,
    check_every=4,
)  # fmt: skip


def painted(at: int) -> Image.Image:
    """Return a picture of some hue, with a disc somewhere."""
    image = Image.new("HSV", (96, 72), (25 * at % 256, 40 + 20 * at, 255 - 22 * at))
    ImageDraw.Draw(image).ellipse((5 * at, 10, 5 * at + 30, 40), fill=(200 - 18 * at, 180, 240))
    return image.convert("RGB")


@functools.cache
def word(text: str) -> NDArray[np.float32]:
    """Return a direction for a word, the same in every process."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(48).astype(np.float32)


def vector(text: str) -> NDArray[np.float32]:
    """Return a text as the sum of its words, unit length."""
    total = np.sum([word(one) for one in text.lower().replace(",", " ").split()], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


@pytest.fixture(scope="session")
def schooled(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a mapper with bank and encoder."""
    folder = tmp_path_factory.mktemp("mapper")
    looks = [analyse(painted(at)) for at in range(PICTURES)]
    felt = [feel(look.sight, look.measures) for look in looks]
    rows = [measured(look, one) for look, one in zip(looks, felt, strict=True)]
    names = ("features", "probabilities", "measures", "affect")
    encoder = fit(
        Measured(*(np.concatenate([getattr(row, name) for row in rows]) for name in names)), label_groups()
    )
    encoder.save(folder / "encoder.safetensors")
    examples = []
    for at, (look, one, row) in enumerate(zip(looks, felt, rows, strict=True)):
        scene = scene_of(look, one)
        for seed in range(PLANS):
            plan = OfflinePlanner().plan(scene, Controls.parse(), seed)
            why = f"{scene.description} so {plan.genre} {plan.key}"
            examples.append(
                Example(
                    f"p{at}#{seed}", f"p{at}", "picture", encoder.id, "offline mind", "painted here", why,
                    plan.description, plan.model_copy(update={"causes": {}}).model_dump_json(),
                    encoder.encode(row)[0], vector(why), vector(plan.description),
                )
            )  # fmt: skip
    groups = {genre.name: genre.group for genre in genres()}
    train(lessons(examples, groups), folder, SMALL, embedder="bag of words", curves=False)
    add_bank(folder, examples, groups)
    return folder


@pytest.fixture(scope="session")
def distilled(schooled: pathlib.Path, built_store: pathlib.Path) -> Iterator[Agent]:
    """An agent with the mapper in the planner's chair."""
    chosen = Agent(mapper=schooled)
    yield chosen
    chosen.store.close()
