"""Make the gallery: six pictures, each with its score, its first page, its piano roll and its reasons.

Usage: ``python scripts/gallery.py [--sound out/gallery]``. Pages go to ``docs/gallery``; the sound of
each piece goes to the other folder, which is not kept in the repository.
"""

from __future__ import annotations

import argparse
import csv
import pathlib
from html import escape

import agent
from chiaroscore import write_bytes, write_text
from render import piano_roll

#: Pictures of ``examples/images`` and the seed of each piece.
PICTURES = {
    "d02_dandelions_gold": 0,
    "d05_coffee_cup": 0,
    "d06_cat_closeup": 0,
    "d09_deep_space": 0,
    "d10_pagoda_lake": 0,
    "met-437191": 0,
}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> None:
    """Compose the six pieces and write the gallery."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sound", type=pathlib.Path, default=ROOT / "out" / "gallery")
    sound = parser.parse_args().sound
    sound.mkdir(parents=True, exist_ok=True)
    target = ROOT / "docs" / "gallery"
    target.mkdir(parents=True, exist_ok=True)
    credits = attribution()
    entries = []
    for name, seed in PICTURES.items():
        piece = agent.compose(ROOT / "examples" / "images" / f"{name}.jpg", seed=seed)
        write_text(target / f"{name}.page.svg", piece.svg[0])
        piano_roll(piece.tune, target / f"{name}.roll.png")
        write_text(target / f"{name}.abc", piece.abc)
        write_bytes(sound / f"{name}.wav", piece.sound.encoded("wav"))
        entries.append(_entry(name, seed, piece, credits[name]))
        print(f"{name}: {piece}")
    write_text(target / "README.md", "\n".join([_HEAD, *entries]))


_HEAD = """# Gallery

Six of the pictures in `examples/images`, as `chiaroscore compose` sets them to music with nothing asked for.
`make gallery` makes all of this again, and the sound of the pieces in `out/gallery/`.
"""


def attribution() -> dict[str, dict[str, str]]:
    """Return what is known of each example picture: licence, author, description."""
    with (ROOT / "examples" / "images" / "ATTRIBUTION.csv").open(encoding="utf-8", newline="") as file:
        return {pathlib.Path(row["file"]).stem: row for row in csv.DictReader(file)}


def _entry(name: str, seed: int, piece: agent.Piece, credit: dict[str, str]) -> str:
    """Return the section of one piece."""
    plan = piece.plan
    reasons = [
        f"- **{element}**: {causes[0].value}: {causes[0].effect}"
        for element, causes in plan.causes.items()
        if element in ("genre", "key", "tempo", "dynamics") and causes
    ]
    return "\n".join(
        [
            f"## {plan.title}",
            "",
            f'<img src="../../examples/images/{name}.jpg" width="360" alt="{escape(credit["description"])}">',
            "",
            f"*Picture: {credit['author']}, {credit['licence']}.*",
            "",
            f"{piece.scene.description}",
            "",
            f"{piece}; form {plan.form}, {plan.bars} bars, seed {seed}. Score: [{name}.abc]({name}.abc).",
            "",
            *reasons,
            "",
            f"![first page of the score]({name}.page.svg)",
            "",
            f"![piano roll]({name}.roll.png)",
            "",
        ]
    )


if __name__ == "__main__":
    main()
