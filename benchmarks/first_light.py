"""Compose cold and warm, read ABC, metrics against music21 and MusPy, sound against real time."""

from __future__ import annotations

import itertools
import pathlib
import tempfile
import warnings
from typing import Any

from benchmarks.timing import Row, median_seconds, process_seconds

_PICTURE = pathlib.Path(__file__).parent.parent / "examples" / "images" / "d01_sunset_hills.jpg"
_TUNES = 200


def rows() -> list[Row]:
    """Measure everything; takes about two minutes on two cores."""
    return [*_compose(), *_notation(), *_metrics(), *_sound()]


def _compose() -> list[Row]:
    import agent

    composer = agent.Agent()
    composer.compose(_PICTURE)
    warm = median_seconds(lambda: composer.compose(_PICTURE).midi, runs=5, warmup=0)
    piece = composer.compose(_PICTURE)
    sound = median_seconds(lambda: composer.compose(_PICTURE).sound.ogg, runs=3, warmup=0) - warm
    _ = piece.sound.ogg
    page = median_seconds(lambda: piece.explain().to_html(), runs=3)
    with tempfile.TemporaryDirectory() as out:
        command = [
            "-m",
            "agent.cli",
            "compose",
            str(_PICTURE),
            "--output",
            out,
            "--formats",
            "abc,mid",
            "--json",
        ]
        cold, memory = process_seconds(command)
    return [
        Row("compose", "warm: picture to ABC, MIDI and metrics", warm, "s"),
        Row("compose", "cold process, store built", cold, "s", "warm", cold / warm),
        Row("compose", "peak memory of the cold process", memory, "MiB"),
        Row("explain", "sound of the piece, encoded (baseline)", sound, "s"),
        Row("explain", "maps, checks, links and page, sound there", page, "s", "sound", page / sound),
    ]


def _tunes() -> list[str]:
    """Return the first tunes of Ryan's Mammoth Collection in music21's corpus."""
    import music21

    from notation import split

    folder = pathlib.Path(music21.__file__).parent / "corpus" / "ryansMammoth"
    books = (path.read_text("utf-8", errors="replace") for path in sorted(folder.glob("*.abc")))
    return list(itertools.islice((tune for book in books for tune in split(book)), _TUNES))


def _notation() -> list[Row]:
    import music21

    from notation import check, parse

    tunes = _tunes()
    ours = median_seconds(lambda: [parse(tune) for tune in tunes], runs=3) / len(tunes)
    checked = median_seconds(lambda: [check(tune) for tune in tunes], runs=3) / len(tunes)
    few = tunes[:20]

    def theirs() -> None:
        for tune in few:
            try:
                music21.converter.parse(tune, format="abc", forceSource=True)
            except music21.exceptions21.Music21Exception:
                continue

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = median_seconds(theirs, runs=1) / len(few)
    return [
        Row("notation", "music21's ABC reader (baseline)", 1 / reference, "tunes/s"),
        Row("notation", "parse", 1 / ours, "tunes/s", "music21", reference / ours),
        Row("notation", "check", 1 / checked, "tunes/s", "music21", reference / checked),
    ]


def _metrics() -> list[Row]:
    """All our metrics after the parse, against ten features of music21 and ten metrics of MusPy."""
    from evaluation import METRICS, measure
    from notation import parse, to_music21

    tunes = [parse(abc) for abc in _tunes()[:40]]
    ours = median_seconds(lambda: [measure(tune) for tune in tunes], runs=3) / len(tunes)
    streams = [to_music21(tune) for tune in tunes[:5]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slow = median_seconds(lambda: [_music21_features(stream) for stream in streams], runs=1) / len(
            streams
        )
        muspy = _muspy_seconds(tunes[:20])
    return [
        Row("metrics", "music21: 10 jSymbolic features (baseline)", slow * 1000, "ms/tune"),
        Row("metrics", "MusPy: 10 metrics", muspy * 1000, "ms/tune", "music21", slow / muspy),
        Row("metrics", f"measure: {len(METRICS)} metrics", ours * 1000, "ms/tune", "music21", slow / ours),
    ]


def _music21_features(stream: Any) -> list[Any]:
    from music21.features import DataInstance, jSymbolic

    data = DataInstance(stream)
    names = (
        "AverageMelodicIntervalFeature", "MostCommonPitchFeature", "PitchVarietyFeature", "RangeFeature",
        "PitchClassVarietyFeature", "NoteDensityFeature", "AverageNoteDurationFeature",
        "StepwiseMotionFeature",
        "RepeatedNotesFeature", "DirectionOfMotionFeature",
    )  # fmt: skip
    return [getattr(jSymbolic, name)(data).extract().vector for name in names]


def _muspy_seconds(tunes: list[Any]) -> float:
    """Return the seconds MusPy needs for ten metrics of a tune it has read from our MIDI."""
    import muspy

    from render import midi

    with tempfile.TemporaryDirectory() as folder:
        music = []
        for number, tune in enumerate(tunes):
            path = pathlib.Path(folder, f"{number}.mid")
            path.write_bytes(midi(tune))
            music.append(muspy.read_midi(path))
    metrics = (
        muspy.pitch_range, muspy.n_pitches_used, muspy.n_pitch_classes_used, muspy.polyphony,
        muspy.polyphony_rate,
        muspy.scale_consistency, muspy.pitch_entropy, muspy.pitch_class_entropy, muspy.empty_beat_rate,
    )  # fmt: skip

    def work() -> None:
        for piece in music:
            for metric in metrics:
                metric(piece)
            muspy.groove_consistency(piece, 4 * piece.resolution)

    return median_seconds(work, runs=3) / len(music)


def _sound() -> list[Row]:
    import agent
    from render import midi, synthesise

    piece = agent.Agent().compose(_PICTURE)
    seconds = len(piece.audio()) / 44_100
    taken = median_seconds(lambda: synthesise(piece.midi), runs=3)
    plain = midi(_three_voices())
    length = len(synthesise(plain)) / 44_100
    quick = median_seconds(lambda: synthesise(plain), runs=3)
    pages = median_seconds(lambda: type(piece).svg.func(piece), runs=3)  # type: ignore[attr-defined]
    return [
        Row("render", f"sound of {length:.0f} s, 3 voices", quick, "s", "real time", length / quick),
        Row("render", f"sound of the example, {seconds:.0f} s", taken, "s", "real time", seconds / taken),
        Row("render", f"{len(piece.svg)} engraved pages", pages, "s"),
    ]


def _three_voices() -> str:
    """Return a minute of flute, piano and cello, 480 notes."""
    head = "X:1\nT:Minute\nM:4/4\nL:1/8\nQ:1/4=120\nK:G\n"
    flute = "V:1\n%%MIDI program 73\n" + "GABc dcBA | GBdB cAFA | " * 15
    piano = "V:2\n%%MIDI program 0\n" + "G,2B,2D2B,2 | C2E2D2F2 | " * 15
    cello = "V:3\n%%MIDI program 42\n" + "G,,2D,2G,,2D,2 | C,2G,2D,2A,2 | " * 15
    return head + "\n".join(voice.rstrip(" |") + " |]" for voice in (flute, piano, cello)) + "\n"
