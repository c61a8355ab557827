"""Giving a trained mapper its plan bank: plans it was trained on, read as validation asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chiaroscore import InputError
from mapper.bank import PLANS, RATIONALES, Bank, bank_of, load_bank
from mapper.choices import FIELDS
from mapper.config import TrainConfig
from mapper.deciding import calibrated
from mapper.inference import Mapper
from mapper.lessons import split
from mapper.sampling import GUIDANCE, VISITS, noise
from mapper.traits import traits_of
from prompts import Plan

if TYPE_CHECKING:
    from mapper.example import Example

#: Most validation examples that the reading is fitted on.
MOST = 400


def add_bank(
    folder: str | os.PathLike[str],
    examples: Sequence[Example],
    groups: Mapping[str, str] | None = None,
    *,
    plans: int = PLANS,
    rationales: int = RATIONALES,
    seed: int = 0,
) -> tuple[Bank, dict[str, float]]:
    """Write the plan bank of a mapper that was trained on some examples.

    Parameters
    ----------
    folder
        Of the mapper; ``bank.safetensors`` is put there.
    examples
        All of its data: they are split as in its training, plans come from the training part, and the
        validation part says how the bank is read.
    groups
        Genre -> genre group, as in its training.
    plans, rationales
        Most of each.

    Returns
    -------
    Bank
    dict
        See `mapper.deciding.calibrated`.

    Raises
    ------
    InputError
        If the examples are not those of the mapper.
    """
    mapper = Mapper.load(folder)
    if {row.encoder for row in examples} != {mapper.config.encoder}:
        raise InputError(
            f"the examples were not seen by {mapper.config.encoder}; give the data of {mapper.id}"
        )
    settings = TrainConfig.from_dict(mapper.stored.about["training"])
    parts = split([row.kin for row in examples], settings.validation, settings.test, settings.split_seed)
    bank = bank_of(
        [examples[at] for at in parts["train"]], groups, most=plans, rationales=rationales, seed=seed
    )
    chosen = np.random.default_rng(seed).permutation(parts["validation"])[:MOST]
    found, judged = _fitted(mapper, bank, [examples[at] for at in np.sort(chosen)], groups, seed)
    found.save(folder)
    return load_bank(folder, mapper.config.heard, mapper.config.why), judged


def _fitted(
    mapper: Mapper, bank: Bank, rows: Sequence[Example], groups: Mapping[str, str] | None, seed: int
) -> tuple[Bank, dict[str, float]]:
    """Return the bank read as it suits what the mapper makes of validation pictures."""
    seen = np.stack([row.seen for row in rows])
    # noise of its own for every row: what is judged is the spread over pictures, not one sample of each
    start = noise(seed, 1, mapper.config.latent, len(rows)).reshape(len(rows), 1, -1)
    why = mapper.networks.reason(seen)
    heard = mapper.networks.compose(seen, why, start, VISITS, GUIDANCE, "dpm")[:, 0]
    traits = [traits_of(Plan.model_validate_json(row.plan), groups) for row in rows]
    truth: dict[str, Any] = {question: [getattr(one, question) for one in traits] for question in FIELDS}
    return calibrated(bank, heard, mapper.tell(heard), dict(mapper.config.questions), truth)
