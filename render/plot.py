"""A picture of a performance: time to the right, pitch upwards, one colour a voice."""

from __future__ import annotations

import io
import os

from chiaroscore import MissingPartError, write_bytes
from notation import Tune
from render.source import one_line, tune_of


def piano_roll(tune: Tune | str, path: str | os.PathLike[str] | None = None) -> bytes:
    """Return a PNG of the notes of ``tune`` as they are played, and write it to ``path`` if one is given.

    Bars are as long as the notes sound, in seconds; a fainter bar is a softer note. Percussion keys are drawn
    at their General MIDI number, like pitches.

    Raises
    ------
    MissingPartError
        If matplotlib is not installed.
    InputError
        If the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingPartError("piano_roll needs matplotlib; pip install 'chiaroscore[plot]'") from error
    tune = tune_of(tune)
    played = tune.performance
    figure = Figure(figsize=(12, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for index, voice in enumerate(tune.voices):
        notes = [note for note in played.notes if note.voice == index]
        starts = [played.seconds(note.onset) for note in notes]
        lengths = [
            played.seconds(note.onset + note.duration) - start
            for note, start in zip(notes, starts, strict=True)
        ]
        axes.barh(
            [note.pitch for note in notes],
            lengths,
            left=starts,
            height=0.9,
            edgecolor="white",
            linewidth=0.6,
            color=[(f"C{index % 10}", 0.35 + 0.65 * note.velocity / 127) for note in notes],
            label=one_line(voice.name or voice.id, 30),
        )
    axes.set(title=one_line(tune.title, 80).replace("$", r"\$"), xlabel="seconds", ylabel="MIDI pitch")
    axes.grid(alpha=0.3)
    if tune.voices:
        axes.legend(loc="upper right", fontsize="small")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    if path is not None:
        write_bytes(path, drawn.getvalue())
    return drawn.getvalue()
