"""An explanation to look at, small enough to know by heart: two sections of two bars, the first repeated."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from explain import Bar, Check, Counterfactual, Element, Explanation, HeatMap, Link, Snippet
from notation import parse

SCRIPT = "<script>document.title='stolen'</script>"
ABC = """X:1
T:Small <b>Hours</b> 𝄞
M:4/4
L:1/8
Q:1/4=400
%%score M B
V:M name="Flute" clef=treble
V:B name="Cello" clef=bass
K:D
V:M
%%MIDI program 73
"D"d2 f2 a4 | "A"e8 :| "G"g4 b4 | "D"d8 |]
V:B
%%MIDI program 42
D,8 | A,,8 :| G,,8 | D,8 |]
"""
SNIPPET = "X:1\nM:4/4\nL:1/8\nK:G\nG4 B4|\n"
BAR = 0.6  # seconds


def gradient(left: float, right: float, *, signed: bool = False) -> HeatMap:
    """Return a map that goes evenly from one value at the left edge to another at the right."""
    return HeatMap(np.tile(np.linspace(left, right, 8, dtype=np.float32), (6, 1)), signed=signed)


def recording() -> bytes:
    """Return an Ogg of a quiet tone, as long as the piece."""
    data = io.BytesIO()
    tone = 0.05 * np.sin(2 * np.pi * 220 * np.arange(round(8000 * BAR)) / 8000)
    with soundfile.SoundFile(data, "w", 8000, 1, format="OGG", subtype="VORBIS") as file:
        for _ in range(6):
            file.write(tone)
    return data.getvalue()


def explanation(sound: bytes = b"", abc: str = ABC) -> Explanation:
    """Return the explanation; texts of all kinds hold markup, which has to be shown as text."""
    picture = Image.new("RGB", (120, 90), "#274060")
    ImageDraw.Draw(picture).ellipse((70, 15, 100, 45), fill="#ffd77a")
    check = Check(0.2, 0.8, 0.5, 0.5, (1, 0.4, 0.1, 0), (0, 0.7, 0.9, 1), 0.03, "It points at what counts.")
    arousal = Element(
        "scene.emotion.arousal", "scene", "arousal", "-0.30", "calm", gradient(0, 1), "occlusion"
    )
    elements = (
        replace(arousal, check=check),
        Element("scene.objects.0", "scene", "moon", SCRIPT, "", gradient(-1, 1, signed=True), "gradient"),
        Element("scene.dynamic.symmetry", "scene", "symmetry", "0.6", absent="symmetry has no place"),
        Element("plan.tempo", "plan", "tempo", "240", "", gradient(1, 0), "through arousal"),
        Element("plan.form", "plan", "form", "AB", absent="form has no place"),
        Element("request.tempo", "request", "tempo", "240"),
        Element("section.0", "section", "section A", "", "", gradient(0, 2), "through tempo"),
        Element("section.1", "section", "section B", "", "", gradient(3, 0), "through tempo"),
        Element("bar.3", "bar", "bar 3", "", "the climax", gradient(0, 1), "through arousal"),
        Element("note.M.2", "note", "note 2 of the flute", "F#5", "", gradient(2, 1), "attention"),
        Element("exemplar.x1", "exemplar", "Lullaby", "", absent="an exemplar is not in the picture"),
    )  # fmt: skip
    links = (
        Link("scene.emotion.arousal", "plan.tempo", f"slows it by 18 {SCRIPT}", 2.0, "A Study (2001)"),
        Link("request.tempo", "plan.tempo", "asked for"),
        Link("plan.tempo", "section.0", "its pace"),
        Link("plan.tempo", "section.1", "its pace"),
    )
    return Explanation(
        f"Small Hours {SCRIPT}", picture, elements, links, abc, bars(abc), steps=(
            ("See", f"A moon, low arousal.\n{SCRIPT}"),
            ("Decide", "So the tempo is slow."),
            ("Write", "Two sections."),
        ),
        snippets=(Snippet("x1", "Lullaby", "traditional", "public domain", ("rank 1",), SNIPPET, (1,)),),
        history=(
            ("draft", None, 0.7, True, "first"),
            ("bar 3", 0.7, 0.8, True, "better"),
            ("bar 4", 0.8, 0.6, False, "worse"),
        ),
        obeyed=(("tempo", "240", "240", True), ("key", "E major", "D major", False)),
        counterfactuals=(Counterfactual("0.3 brighter", "plan.tempo", "240", "260"),),
        remarks=(f"mended {SCRIPT}",), sound=sound, details={"minds": {"write": "offline"}, "version": "0"},
    )  # fmt: skip


def bars(abc: str) -> tuple[Bar, ...]:
    """Return the bars of `ABC`: they are equally long, and the first two are played twice."""
    order = {1: (0, 2), 2: (1, 3), 3: (4,), 4: (5,)}
    voices = parse(abc).voices
    return tuple(
        Bar(
            number,
            (number - 1) // 2,
            tuple(voice.bars[number - 1].span for voice in voices),
            tuple((place * BAR, (place + 1) * BAR) for place in order[number]),
        )
        for number in order
    )
