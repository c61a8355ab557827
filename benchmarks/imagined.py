"""How far textual scenes lie from pictures in the encoder's eyes: figures for `agent.distilling.imagined`.

    python -m benchmarks.imagined DATA [--pictures DIR --words FILE.csv] [--most N]

DATA is a folder of teacher data. Three questions:

* do imagined vectors vary as real ones do (mean and deviation, block by block), and can a linear rule tell
them
  apart (area under the curve of a ridge rule on kins it was not fitted on; 0.5 would be no gap);
* is a scene in words seen like the picture it was taken from: the offline mind's own scene of a picture, read
as
  words, against all pictures of DIR (share where the right one is among the first ten of all);
* the same for words that people chose (columns "file" and "theme" of FILE.csv), any picture of the theme
being right.

The pictures of DIR shall not be those that the encoder was fitted on.
"""

from __future__ import annotations

import argparse
import csv
import pathlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.distilling.bulk import BulkMiniLM
from agent.distilling.captions import telling_of
from agent.distilling.encoder import imagination_of, stacked
from agent.distilling.imagined import Imagination
from agent.distilling.looks import look_at, read_looks
from agent.distilling.pictures import Base
from agent.distilling.textual import told
from mapper.encoders import FILE, Encoder
from mapper.scenes import Telling
from mapper.shards import arrays
from prompts import Scene

Vectors = NDArray[np.float32]
#: Rank up to which the right picture counts as found.
FOUND = 10


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", type=pathlib.Path)
    options.add_argument("--pictures", type=pathlib.Path, help="pictures that the encoder was not fitted on")
    options.add_argument("--words", type=pathlib.Path, help="CSV with the columns file and theme")
    options.add_argument("--most", type=int, default=120, help="look at so many of them")
    given = options.parse_args()
    encoder = Encoder.load(given.data / FILE)
    _spread(encoder, given.data)
    if given.pictures is not None:
        looks = [read_looks(path) for path in sorted((given.data / "looks").glob("*.npz"))]
        _retrieved(encoder, imagination_of(looks, encoder), given)


def _spread(encoder: Encoder, folder: pathlib.Path) -> None:
    """Print how alike the two kinds of vectors are."""
    columns = arrays(folder)
    text = columns["kind"] == "text"
    seen = columns["seen"]
    print(f"{(~text).sum()} examples of pictures, {text.sum()} of texts")
    print("block      dims  |mean difference|  deviation, text / picture   told apart (AUC)")
    for name, block in [*encoder.blocks.items(), ("all", slice(0, encoder.dim))]:
        one, other = seen[~text][:, block], seen[text][:, block]
        shift = float(np.abs(one.mean(0) - other.mean(0)).mean())
        ratio = float(other.std(0).mean() / one.std(0).mean())
        auc = told_apart(seen[:, block], text, columns["kin"])
        print(f"{name:10} {one.shape[1]:4}  {shift:17.2f}  {ratio:25.2f}   {auc:.3f}")


def told_apart(vectors: Vectors, text: NDArray[np.bool_], kin: Sequence[str]) -> float:
    """Return the area under the curve of a rule that tells texts from pictures, on kins it has not seen."""
    kins = sorted(set(kin))
    half = set(np.random.default_rng(0).permutation(np.array(kins, dtype=object))[: len(kins) // 2])
    train = np.array([one in half for one in kin])
    design = np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float64)
    inner = design[train].T @ design[train] + 10 * np.eye(design.shape[1])
    weights = np.linalg.solve(inner, design[train].T @ (2.0 * text[train] - 1))
    scores, right = design[~train] @ weights, text[~train]
    ranks = scores.argsort().argsort() + 1.0
    above, below = int(right.sum()), int((~right).sum())
    return float((ranks[right].sum() - above * (above + 1) / 2) / (above * below))


def _retrieved(encoder: Encoder, imagination: Imagination, given: argparse.Namespace) -> None:
    """Print how often words find their picture."""
    themes = _themes(given.words)
    paths = [path for path in sorted(given.pictures.iterdir()) if not themes or path.name in themes]
    chosen = [paths[i] for i in np.random.default_rng(0).permutation(len(paths))[: given.most]]
    found = [Base(path.stem, path, path.stem, "") for path in chosen]
    looks = look_at(found, 1, given.data / "looks-elsewhere")
    real = encoder.encode(stacked(looks))
    scenes = [Scene.model_validate_json(one.scenes[0]) for one in looks]
    own = [_in_words(scene) for scene in scenes]
    _print_found("its own scene in words", encoder, imagination, own, real, np.eye(len(real), dtype=bool))
    said = [telling_of(themes.get(path.name, "")) for path in chosen]
    places = [i for i, one in enumerate(said) if one is not None]
    named = [themes.get(path.name, "") for path in chosen]
    right = np.array([[named[i] == name for name in named] for i in places])
    if places:
        texts = [one for one in said if one is not None]
        _print_found("people's words", encoder, imagination, texts, real, right)


def _print_found(
    name: str,
    encoder: Encoder,
    imagination: Imagination,
    texts: list[Telling],
    real: Vectors,
    right: NDArray[np.bool_],
) -> None:
    imagined = imagination.seen([told(one) for one in texts], 0, embedder=BulkMiniLM())
    print(f"{name}: {len(texts)} texts, {len(real)} pictures, chance {_by_chance(right):.2f}")
    for block_name, block in [*encoder.blocks.items(), ("all", slice(0, encoder.dim))]:
        cosine = _unit(imagined[:, block]) @ _unit(real[:, block]).T
        best = np.argsort(-cosine, axis=1)[:, :FOUND]
        hit = float(np.mean([right[i, row].any() for i, row in enumerate(best)]))
        alike, others = cosine[right].mean(), cosine[~right].mean()
        print(f"  {block_name:10} cosine {alike:+.2f} (others {others:+.2f}), found {hit:.2f}")


def _by_chance(right: NDArray[np.bool_]) -> float:
    """Return how often one of `FOUND` pictures drawn blindly is right."""
    wrong = (~right).sum(1)
    draws = np.arange(FOUND)
    missed = np.prod([(wrong - i) / (right.shape[1] - i) for i in draws], axis=0)
    return float(np.mean(1 - missed))


def _in_words(scene: Scene) -> Telling:
    """Return a picture's scene as words: names only, no numbers but the feeling's."""
    things, colours = (one.name for one in scene.objects), (one.name for one in scene.colour.swatches)
    text = (
        f"{', '.join(one.name for one in scene.objects) or scene.setting}; {', '.join(scene.emotion.words)}"
    )
    return Telling(
        text, "", "", tuple(things), scene.setting, tuple(colours), tuple(scene.emotion.words),
        scene.emotion.valence, scene.emotion.arousal, 0.0, scene.dynamic.busyness, scene.dynamic.openness,
    )  # fmt: skip


def _themes(path: pathlib.Path | None) -> dict[str, str]:
    """Return the theme of each file, its number left out."""
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: re.sub(r"\s*\d+$", "", row["theme"]).lower() for row in csv.DictReader(file)}


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9), dtype=np.float32)


if __name__ == "__main__":
    main()
