r"""From E_m to one plan: the nearest plans of the bank vote, the head has a say, one plan is taken whole.

The weight of a plan with cosine :math:`c_i` to E_m is :math:`w_i \propto \exp(c_i / \tau)` among the nearest.
The probability of an answer to a question (which mode, which meter ...) is a mixture of the votes and of the
head, :math:`P_q(a) = (1 - \lambda) \sum_i w_i [a_i = a] + \lambda H_q(a)`; :math:`\tau` and :math:`\lambda`
make the teacher's answers to validation pictures most likely (`calibrated`). The plan that is taken is the
neighbour with the largest :math:`\sum_q \log P_q(a_i)`, its own weight counting as one more question: so its
choices agree with each other, as a teacher made them, and with most of what the neighbours say.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mapper.bank import Bank, Reading
from mapper.choices import FIELDS, Choices

Floats = NDArray[np.float32]
#: Probability that an answer keeps though nobody gives it.
FLOOR = 1e-3
#: Values that `calibrated` tries.
TEMPERATURES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Neighbours that are named.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of the nearest plans."""

    title: str
    similarity: float  # cosine
    weight: float  # share of the votes


@dataclass(frozen=True, slots=True)
class Decision:
    """The plan that was taken, how sure each answer is, and by whom."""

    choices: Choices
    similarity: float  # cosine of the taken plan's E_m
    sure: dict[str, float]  # by question: calibrated probability that the teacher would answer so
    nearest: tuple[Neighbour, ...]  # the nearest first


def decide(
    bank: Bank, heard: Floats, told: Mapping[str, Floats], answers: Mapping[str, Sequence[str]]
) -> Decision:
    """Return the plan for E_m.

    Parameters
    ----------
    heard
        E_m, shape ``(length,)``.
    told
        By question what the plan head reads in it: probabilities, shape ``(answers,)``.
    answers
        By question the answers that these are for.
    """
    places, cosines, weights = nearest(bank, heard, bank.reading)
    score = np.log(weights + FLOOR)
    chances = {}
    for question, field in FIELDS.items():
        codes = bank.codes[field][places]
        mixed = _mixed(
            bank, field, codes, weights, told.get(question), answers.get(question, ()), bank.reading.head
        )
        chances[question] = mixed[codes]
        score = score + np.log(mixed[codes] + FLOOR)
    taken = int(score.argmax())
    return Decision(
        bank.plan(int(places[taken])),
        float(cosines[taken]),
        {question: float(values[taken]) for question, values in chances.items()},
        _named(bank, places, cosines, weights),
    )


def nearest(bank: Bank, heard: Floats, reading: Reading) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return places, cosines and weights of the plans nearest to E_m, the nearest first."""
    cosines = bank.heard @ heard
    count = min(reading.neighbours, len(bank))
    near = np.argpartition(-cosines, count - 1)[:count]
    places = near[np.lexsort((near, -cosines[near]))]
    raised = np.exp((cosines[places] - cosines[places[0]]) / reading.temperature)
    return places, cosines[places], np.asarray(raised / raised.sum(), dtype=np.float32)


def calibrated(
    bank: Bank,
    heard: Floats,
    told: Mapping[str, Floats],
    answers: Mapping[str, Sequence[str]],
    truth: Mapping[str, Sequence[str]],
) -> tuple[Bank, dict[str, float]]:
    """Return the bank with the reading under which the teacher's answers are most likely.

    Parameters
    ----------
    heard
        E_m that a mapper made for validation pictures, shape ``(n, length)``.
    told
        As for `decide`, with one row for each.
    truth
        By question what the teacher answered, ``n`` texts.

    Returns
    -------
    Bank
    dict
        ``"loss"``: negative log-likelihood of an answer in nats, ``"accuracy"`` and ``"sure"``: how often the
        likeliest answer was the teacher's, and how often it was said to be.
    """
    tried = [
        Reading(bank.reading.neighbours, temperature, head)
        for temperature, head in itertools.product(TEMPERATURES, SHARES)
    ]
    judged = [(_judged(bank, one, heard, told, answers, truth), one) for one in tried]
    found, best = min(judged, key=lambda pair: pair[0]["loss"])
    return dataclasses.replace(bank, reading=best), found


def _judged(
    bank: Bank,
    reading: Reading,
    heard: Floats,
    told: Mapping[str, Floats],
    answers: Mapping[str, Sequence[str]],
    truth: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    """Return what `calibrated` tells, for one reading."""
    found = []
    for row, vector in enumerate(heard):
        places, _, weights = nearest(bank, vector, reading)
        for question, field in FIELDS.items():
            own = told[question][row] if question in told else None
            codes = bank.codes[field][places]
            mixed = _mixed(bank, field, codes, weights, own, answers.get(question, ()), reading.head)
            table, said = bank.tables[field], truth[question][row]
            chance = mixed[table.index(said)] if said in table else 0.0
            best = int(mixed.argmax())
            found.append((-np.log(chance + FLOOR), table[best] == said, mixed[best]))
    loss, accuracy, sure = np.mean(found, axis=0)
    return {"loss": float(loss), "accuracy": float(accuracy), "sure": float(sure)}


def _mixed(
    bank: Bank,
    field: str,
    codes: NDArray[np.uint16],
    weights: Floats,
    told: Floats | None,
    answers: Sequence[str],
    share: float,
) -> Floats:
    """Return the probability of every answer in the bank's table."""
    table = bank.tables[field]
    votes = np.bincount(codes, weights=weights, minlength=len(table))
    if told is None or not len(answers):
        return np.asarray(votes, dtype=np.float32)
    by_name = dict(zip(answers, told.tolist(), strict=True))
    head = np.array([by_name.get(answer, 0.0) for answer in table])
    return np.asarray((1 - share) * votes + share * head, dtype=np.float32)


def _named(bank: Bank, places: NDArray[np.int64], cosines: Floats, weights: Floats) -> tuple[Neighbour, ...]:
    """Return the nearest plans, each title once."""
    found: dict[str, Neighbour] = {}
    for at, cosine, weight in zip(places.tolist(), cosines.tolist(), weights.tolist(), strict=True):
        title = bank.tables["title"][bank.codes["title"][at]]
        found.setdefault(title, Neighbour(title, cosine, weight))
        if len(found) == _NAMED:
            break
    return tuple(found.values())
