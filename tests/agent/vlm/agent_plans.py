"""Small plans to read answers by."""

from prompts import Emotion, Part, Plan, Rhythm, Tessitura

FLUTE = Part(instrument="Flute", program=73, role="melody")
PIANO = Part(instrument="Acoustic Grand Piano", program=0, role="harmony")
CELLO = Part(instrument="Cello", program=42, role="bass")
DRUMS = Part(instrument="Drum Kit", program=0, role="percussion")


def plan_of(*parts, meter="4/4", bars=4, key="C major"):
    return Plan(
        title="Dawn", genre="ballad", emotion=Emotion(words=["calm"], valence=0.2, arousal=0.0),
        instruments=list(parts), rhythm=Rhythm(words=["even"], density=3.0, note_length=1.0), tempo=90.0,
        key=key, meter=meter, form="A", bars=bars, tessitura=Tessitura(center=74, spread=40),
        description="calm",
    )  # fmt: skip


FOUR = plan_of(FLUTE, CELLO)
