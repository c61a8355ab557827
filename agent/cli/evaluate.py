"""``chiaroscore evaluate``: a folder of scores against real music."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import console
from chiaroscore import check_writable, write_text

if TYPE_CHECKING:
    from agent.assess import Assessed, Assessment
    from evaluation import Comparison


def evaluate(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Scores: ABC, MIDI, MusicXML, Humdrum.")],
    reference: Annotated[
        str,
        typer.Option(
            "--reference", metavar="corpus|FOLDER", help="Real music of each genre group, or scores."
        ),
    ] = "corpus",
    group: Annotated[
        str,
        typer.Option(
            "--group", metavar="NAME", help="Genre group of pieces that do not say theirs: folk ..."
        ),
    ] = "",
    html: Annotated[
        pathlib.Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")
    ] = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Measure scores, and compare them with real music of their kind.

    Pieces are cut to 32 bars and, where the real music is tunes alone, to their melody. A mean within one
    standard deviation of real music is as close as the metric can tell. Manifests of Chiaroscore beside the
    scores say genre, planned emotion and requests.
    """
    from agent.assess import assess

    if html is not None:
        check_writable(html.parent)
    found = assess(folder, reference, group=group)
    if html is not None:
        from agent.assess_page import assessment_page

        write_text(html, assessment_page(found))
    if as_json:
        console.emit(as_record(found))
    else:
        _print(found)
        if html is not None:
            console.show(str(html))


def as_record(found: Assessment) -> dict[str, Any]:
    """Return an assessment as plain values."""
    met, asked = found.requests
    return {
        "folder": found.folder,
        "pieces": [_piece_record(one) for one in found.pieces],
        "groups": [_comparison_record(one) for one in found.groups],
        "whole": _comparison_record(found.whole) if found.whole else None,
        "emotion_agreement": found.emotion_agreement,
        "requests": {"met": met, "asked": asked},
        "melodic_similarity": {"different_pictures": found.likeness[0], "same_picture": found.likeness[1]},
        "unreadable": [{"file": one.path, "reason": one.reason} for one in found.unread],
        "notes": found.notes,
    }


def _piece_record(one: Assessed) -> dict[str, Any]:
    return {
        "file": str(one.path),
        "title": one.title,
        "genre": one.genre,
        "group": one.group,
        "emotion": one.emotion,
        "planned_emotion": one.planned,
        "requests": [
            {"name": r.name, "asked": r.asked, "measured": r.measured, "met": r.met} for r in one.obeyed
        ],
        "longest_match": {"notes": one.match.notes, "exemplar": one.match.exemplar_id} if one.match else None,
        "unusual": one.unusual,
        "metrics": one.metrics,
    }


def _comparison_record(one: Comparison) -> dict[str, Any]:
    return {
        "reference": one.name,
        "pieces": one.pieces,
        "within_one_sd": one.within,
        "frechet": one.frechet,
        "frechet_halves": one.frechet_halves,
        "frechet_ratio": one.ratio,
        "frechet_pieces": one.frechet_size,
        "metrics": {
            m.name: {
                "mean": m.mean, "sd": m.sd,
                "reference_mean": m.reference_mean, "reference_sd": m.reference_sd,
                "difference_in_sd": m.difference, "within_one_sd": m.within, "overlap": m.overlap,
                "kl_divergence": m.divergence,
            }
            for m in one.metrics
        },
    }  # fmt: skip


def _print(found: Assessment) -> None:
    """Print the tables for people."""
    console.table(
        ["piece", "genre", "bars", "notes", "valence, arousal", "requests", "longest copy", "unusual"],
        [_row(one, found.folder) for one in found.pieces],
    )
    console.show("")
    every = [*found.groups, *([found.whole] if found.whole and len(found.groups) > 1 else [])]
    if every:
        console.table(
            ["against", "pieces", "within 1 sd", "Fréchet", "between halves", "ratio"],
            [_set(c) for c in every],
        )
        console.show("")
    if found.whole:
        console.table(
            ["all pieces, metric", "difference in sd", "within", "overlap", "KL"],
            [
                [
                    m.name,
                    f"{m.difference:+.2f}",
                    "yes" if m.within else "no",
                    f"{m.overlap:.2f}",
                    f"{m.divergence:.2f}",
                ]
                for m in found.whole.metrics
            ],
        )
    for line in summary(found):
        console.show(line)
    for one in found.unread:
        console.say(f"warning: not read: {one.path}: {one.reason}")
    for note in found.notes:
        console.say(f"note: {note}")


def summary(found: Assessment) -> list[str]:
    """Return what is known of the set besides its closeness, in sentences."""
    lines = []
    met, asked = found.requests
    if asked:
        lines.append(f"requests met: {met} of {asked}")
    if found.emotion_agreement:
        valence, arousal = found.emotion_agreement
        lines.append(f"planned emotion and the score's: r = {valence:.2f} (valence), {arousal:.2f} (arousal)")
    matches = [one.match.notes for one in found.pieces if one.match]
    if matches:
        lines.append(f"longest stretch shared with an exemplar: {max(matches)} notes")
    for what, value in zip(("different pictures", "one picture"), found.likeness, strict=True):
        if value == value:
            lines.append(f"median similarity of two melodies for {what}: {value:.2f} (1 is the same)")
    return lines


def _row(one: Assessed, folder: str) -> list[str]:
    feeling = f"{one.emotion[0]:+.2f}, {one.emotion[1]:+.2f}" if one.emotion else ""
    asked = f"{sum(r.met for r in one.obeyed)} of {len(one.obeyed)}" if one.obeyed else ""
    place = one.path.relative_to(folder)
    return [
        str(place), one.genre or one.group, f"{one.metrics['n_bars']:.0f}", f"{one.metrics['n_notes']:.0f}",
        feeling, asked, f"{one.match.notes} notes" if one.match else "", ", ".join(one.unusual),
    ]  # fmt: skip


def _set(one: Comparison) -> list[str]:
    numbers = [f"{value:.2f}" if value == value else "too few" for value in (one.frechet, one.frechet_halves)]
    ratio = f"{one.ratio:.2f}" if one.ratio == one.ratio else ""
    return [one.name, str(one.pieces), f"{one.within} of {len(one.metrics)}", *numbers, ratio]
