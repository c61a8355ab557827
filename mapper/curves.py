"""The log of a training: rows as CSV, TensorBoard where it is installed, and the curves as a picture."""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from chiaroscore import write_bytes, write_text

Row = Mapping[str, Any]

#: Columns of the log; a stage leaves empty what it does not measure.
COLUMNS = ("stage", "step", "train", "loss", "distance", "cosine")


def write_log(path: str | os.PathLike[str], rows: Sequence[Row]) -> None:
    """Write the log as CSV, numbers with six digits."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: f"{row[name]:.6g}" if _real(row[name]) else row[name] for name in row})
    write_text(path, text.getvalue())


def write_tensorboard(folder: str | os.PathLike[str], rows: Sequence[Row]) -> bool:
    """Write the log for TensorBoard; returns False where that is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        return False
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for row in rows:
            for name in row:
                if _real(row[name]):
                    writer.add_scalar(f"{row['stage']}/{name}", row[name], row["step"])
    return True


def write_curves(path: str | os.PathLike[str], rows: Sequence[Row]) -> pathlib.Path | None:
    """Draw the curves, a panel a stage, as PNG; returns None without matplotlib (extra ``plot``)."""
    if importlib.util.find_spec("matplotlib") is None or not rows:
        return None
    from matplotlib.figure import Figure

    stages = list(dict.fromkeys(row["stage"] for row in rows))
    figure = Figure(figsize=(4.2 * len(stages), 3.2))
    for panel, stage in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages, strict=True):
        _draw(panel, stage, [row for row in rows if row["stage"] == stage])
    figure.subplots_adjust(left=0.06, right=0.94, bottom=0.16, wspace=0.55)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110, metadata={"Software": None})
    return write_bytes(path, image.getvalue())


def _draw(panel: Any, stage: str, rows: Sequence[Row]) -> None:
    """Draw the losses of one stage, and the cosine on an axis of its own."""
    steps = [row["step"] for row in rows]
    for name in ("train", "loss", "distance"):
        if name in rows[0]:
            panel.plot(steps, [row[name] for row in rows], label={"loss": "validation"}.get(name, name))
    panel.set(title=stage, xlabel="step", ylabel="loss")
    lines = panel.get_lines()
    if "cosine" in rows[0]:
        other = panel.twinx()
        lines = [*lines, *other.plot(steps, [row["cosine"] for row in rows], "k:", label="cosine")]
        other.set_ylabel("cosine on the validation part")
    panel.legend(lines, [line.get_label() for line in lines], fontsize="small")


def _real(value: Any) -> bool:
    return isinstance(value, float)
