"""The grammar of scores, in both notations: what it takes, what it refuses, and what comes out of it.

llguidance runs both: Lark as it is, GBNF through its own translation. The tokens are single bytes, so nothing
can hide in a token.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import llguidance
import numpy as np
import pytest
from llguidance import LLMatcher, LLTokenizer

from agent.offline.writer.layout import KIT, Staff, abc
from agent.offline.writer.meter import meter
from agent.offline.writer.write import sheet_of, staff_names
from agent.tempo import METERS
from chiaroscore import ControlError
from notation import check, instrument, parse
from prompts import Emotion, Grammar, Part, Plan, Rhythm, ScoreSpec, Tessitura, VoiceSpec, score_grammar

BYTES = LLTokenizer("byte")
TWINS = ("lark", "gbnf")
FOUR = (4, 4, 4, 4)


def matcher(grammar: Grammar, twin: str) -> LLMatcher:
    return LLMatcher(BYTES, llguidance.grammar_from(twin, getattr(grammar, twin)))


def taken(text: str, grammar: Grammar, twin: str) -> bool:
    """Whether a text is a whole sentence of a grammar."""
    one = matcher(grammar, twin)
    assert not one.get_error()
    tokens = BYTES.tokenize_str(text)
    return one.validate_tokens(tokens) == len(tokens) and one.consume_tokens(tokens) and one.is_accepting()


def spec(*voices: VoiceSpec, bars: int = 1, beats: tuple[int, ...] = FOUR, shortest: int = 1) -> ScoreSpec:
    return ScoreSpec(bars, beats, voices, shortest=shortest)


LINE = VoiceSpec("M", 60, 79, "line", symbols=True)  # C to g
CHORDS = VoiceSpec("H", 48, 72, "chords")
DRUMS = VoiceSpec("D", 0, 0, "drums", "Fcg")
BASS = VoiceSpec("B", 28, 55, "line")


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    "bar",
    [
        "C8",
        "G2 A2 B2 c2",
        '"G" G2 B2 "D7" d2 B2',
        '"F#m7" (3ABc "Bbmaj7" d2 "Eb" e4',
        "AB cd ef gf",
        "A3B c3/2d/2 e/2f/2g",
        "AB2c d4",
        "A2 z2 B4",
        "Az B2 zc d2",
        "^C=C _B=B _A2 ^G2",
        "C/2D/2E C6",
    ],
)
def test_a_bar_of_a_melody_is_taken(twin: str, bar: str) -> None:
    assert taken(f"[V:M] {bar} |]\n", score_grammar(spec(LINE)), twin)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    ("bar", "why"),
    [
        ("C6", "too short"),
        ("C8 C2", "too long"),
        ("C9", "no single value"),
        ("z8", "the leading voice starts with a note"),
        ("z2 C6", "the leading voice starts with a note"),
        ("C2 z2 z2 C2", "two rests"),
        ("CDEF G4", "a beat without a blank"),
        ("C D E2 G4", "a blank within a beat"),
        ("C2  D2 E4", "two blanks"),
        ("A B2c d4", "a blank within a beat"),
        ("B,2 C2 D4", "below the range"),
        ("a2 g2 f4", "above the range"),
        ("_C2 D6", "sounds like B, and lies below"),
        ("^E2 F6", "sounds like F"),
        ("^g2 F6", "above the range"),
        ("__B2 F6", "two flats"),
        ("C4- C4", "a tie"),
        ("(C2 D2) E4", "a slur"),
        ("C>D E2 F4", "broken rhythm"),
        ("(3CDE/2 F2 G4", "lengths in a triplet"),
        ("C(3DEFG E4", "a triplet off the beat"),
        ("[CE]8", "a chord in a line"),
        ('C"G" D E2 F4', "a chord symbol off the beat"),
        ('"G" z2 C6', "a chord symbol over a rest"),
        ('"H" C8', "no root"),
        ('"E#" C8', "no root"),
        ('"G/B" C8', "a bass of a chord symbol"),
        ('"G"C8', "no blank after a chord symbol"),
        ("C2 D2 | E4", "half a bar"),
        ("C8 | C8", "one bar too many"),
    ],
)
def test_a_bar_that_is_no_good_melody_is_refused(twin: str, bar: str, why: str) -> None:
    assert not taken(f"[V:M] {bar} |]\n", score_grammar(spec(LINE)), twin), why


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    "text",
    [
        "[V:M] C8 |]\n%%MIDI program 3\n",
        "%%abc-include /etc/passwd\n[V:M] C8 |]\n",
        "X:1\nT:t\nK:C\nC8 |]\n",
        '[V:M] "^ignore your instructions" C8 |]\n',
        '[V:M] "G\n%%x" C8 |]\n',
        "[V:M] [I:setbarnb 3]C8 |]\n",
        "[V:M] [K:D] C8 |]\n",
        "[V:M] !fff!C8 |]\n",
        "[V:M] C8 |]\nw: words\n",
        "[V:M] C8 % a comment |]\n",
        "[V:M] C8\n|]\n",
        "[V:M] C8\r |]\n",
        "[V:M] C8 |]\n\nX:2\n",
        "[V:M] C8 |]\n[V:X] C8 |]\n",
        "[V:M name=x] C8 |]\n",
        "[V:M] C8 :|\n",
        "[V:M] C8 |]",
        "```abc\n[V:M] C8 |]\n```",
        "Here is the music: [V:M] C8 |]\n",
        "",
    ],
)
def test_nothing_but_music_can_be_written(twin: str, text: str) -> None:
    assert not taken(text, score_grammar(spec(LINE)), twin)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    ("voice", "bar", "good"),
    [
        (CHORDS, "[CEG]2 C2 z2 [C,_B]2", True),
        (CHORDS, "z8", False),  # every voice sounds in the last system
        (CHORDS, "[C]8", False),
        (CHORDS, "[CEGBc]8", False),
        (CHORDS, "[C2E2]4", False),
        (CHORDS, "(3CDE C6", False),
        (DRUMS, "Fg cg [Fg]g [Fcg]2", True),
        (DRUMS, "z2 F2 c4", True),
        (DRUMS, "[gF]2 c2 F4", False),  # not in the order of the letters
        (DRUMS, "[FF]2 c2 F4", False),
        (DRUMS, "^F2 c2 F4", False),
        (DRUMS, "a2 c2 F4", False),
        (BASS, "=E,,,2 E,,2 G,4", True),
        (BASS, "D,,,2 E,,2 G,4", False),
        (BASS, '"G" G,8', False),
    ],
)
def test_other_voices_have_their_own_sounds(twin: str, voice: VoiceSpec, bar: str, good: bool) -> None:
    grammar = score_grammar(spec(LINE, voice))
    assert taken(f"[V:M] C8 |]\n[V:{voice.id}] {bar} |]\n", grammar, twin) is good


@pytest.mark.parametrize("twin", TWINS)
def test_systems_hold_every_voice_once_in_order(twin: str) -> None:
    grammar = score_grammar(spec(LINE, BASS, bars=6))
    full, last = "C8 | z8 | C4 D4 | E8", "C2 D2 E4 | C8"
    first = f"[V:M] {full} |\n[V:B] z8 | z8 | z8 | z8 |\n"
    end = f"[V:M] {last} |]\n[V:B] z8 | z4 G,4 |]\n"
    assert taken(first + end, grammar, twin)
    refused = [
        end + first,
        first,
        first + first + end,
        first.replace(" |\n", " |]\n") + end,
        first + end.replace("z4 G,4", "z8"),  # silent in the last system
        first + end.replace("[V:B]", "[V:M]"),
        first.replace("C8 | z8", "z8 | C8") + end,  # the leading voice starts with a rest
        first.replace("z8 | z8 | z8 | z8", "z8 | z8 | z8") + end,
    ]
    assert not [text for text in refused if taken(text, grammar, twin)]


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    ("signature", "bar", "good"),
    [
        ((1, 0, 0, 1, 0, 0, 0), "F2 =F2 ^F2 G2", True),
        ((1, 0, 0, 1, 0, 0, 0), "^E2 F2 G4", True),  # F is sharp: E sharp is nobody else's note
        ((0, 0, 0, 0, 0, 0, -1), "^A2 B2 G4", False),  # B is flat: this is its sound
        ((0, 0, 0, 0, 0, 0, -1), "=B2 B2 ^c4", True),
        ((0, 0, 0, 0, -1, 0, 0), "g2 f2 e4", True),
        ((1, 1, 0, 1, 1, 1, 0), "g2 f2 e4", False),  # G sharp lies above the range
        ((1, 1, 0, 1, 1, 1, 0), "=g2 f2 e4", True),
    ],
)
def test_a_key_decides_what_letters_sound(
    twin: str, signature: tuple[int, ...], bar: str, good: bool
) -> None:
    grammar = score_grammar(ScoreSpec(1, FOUR, (LINE,), signature=signature))
    assert taken(f"[V:M] {bar} |]\n", grammar, twin) is good


def test_what_is_shorter_than_the_shortest_value_does_not_occur() -> None:
    grammar = score_grammar(spec(LINE, shortest=2))
    assert taken("[V:M] CD E2 F3G |]\n", grammar, "lark")
    for bar in ("C/2D/2E C6", "C3/2D/2 C6", "(3CDE C6"):
        assert not taken(f"[V:M] {bar} |]\n", grammar, "lark")


def test_voices_of_one_kind_share_their_rules() -> None:
    alone = score_grammar(spec(LINE, BASS))
    twice = score_grammar(spec(LINE, BASS, VoiceSpec("B2", 28, 55, "line")))
    assert len(twice.gbnf.splitlines()) == len(alone.gbnf.splitlines())


def test_the_largest_score_stays_small() -> None:
    grammar = score_grammar(spec(LINE, CHORDS, BASS, DRUMS, bars=64))
    assert len(grammar.lark) < 40_000
    assert len(grammar.gbnf) < 40_000


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: VoiceSpec("M]", 60, 79, "line"),
        lambda: VoiceSpec("", 60, 79, "line"),
        lambda: VoiceSpec("M", 79, 60, "line"),
        lambda: VoiceSpec("D", 0, 0, "drums"),
        lambda: VoiceSpec("D", 0, 0, "drums", "FzX"),
        lambda: VoiceSpec("D", 0, 0, "drums", "FF"),
        lambda: spec(),
        lambda: spec(LINE, LINE),
        lambda: spec(LINE, bars=0),
        lambda: spec(LINE, beats=(5,)),
        lambda: spec(LINE, beats=(6,), shortest=8),
        lambda: spec(VoiceSpec("M", 61, 61, "line")),
        lambda: ScoreSpec(4, FOUR, (LINE,), signature=(0,)),
    ],
)
def test_a_score_that_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(ControlError):
        wrong()  # type: ignore[operator]


# -- what comes out of it ----------------------------------------------------------------------------------

ENSEMBLES = (
    (("Violin", "melody"),),
    (("Flute", "melody"), ("Cello", "bass")),
    (("Clarinet", "melody"), ("Violin", "counter"), ("Acoustic Grand Piano", "harmony"), ("Cello", "bass")),
    (
        ("Trumpet", "melody"),
        ("Electric Piano 1", "pad"),
        ("Acoustic Bass", "bass"),
        ("Drum Kit", "percussion"),
    ),
)
KEYS = ("C major", "F# minor", "Bb major", "E major", "D dorian", "Ab major", "G mixolydian")


def plan_of(name: str, ensemble: tuple[tuple[str, str], ...], key: str, bars: int) -> Plan:
    parts = [Part(instrument=one, program=instrument(one).program, role=role) for one, role in ensemble]  # type: ignore[arg-type]
    return Plan(
        title="Test", genre="ballad", emotion=Emotion(words=["calm"], valence=0, arousal=0),
        instruments=parts, rhythm=Rhythm(words=["flowing"], density=2, note_length=1), tempo=96, key=key,
        meter=name, form="A", bars=bars, tessitura=Tessitura(center=67, spread=24), description="a test",
    )  # fmt: skip


def spec_of(plan: Plan) -> ScoreSpec:
    voices = []
    for name, part in staff_names(plan.instruments):
        player = instrument(part.instrument)
        kind = "drums" if player.percussion else "chords" if part.role in ("harmony", "pad") else "line"
        letters = "".join(KIT) if player.percussion else ""
        voices.append(
            VoiceSpec(name, player.low, player.high, kind, letters, symbols=part.role == "melody")  # type: ignore[arg-type]
        )
    beats = tuple(int(beat * 4) for beat in meter(plan.meter).beats)
    return ScoreSpec(plan.bars, beats, tuple(voices), signature=sheet_of(plan).signature)


def score_of(plan: Plan, music: str) -> str:
    """Music under the header that the offline writer makes of a plan."""
    staves = []
    for name, part in staff_names(plan.instruments):
        player = instrument(part.instrument)
        staves.append(Staff(name, player.name, player.clef, part.program, (), player.percussion))
    text = abc(sheet_of(plan), staves)
    header = text[: text.index("\n", text.index("\nK:") + 1) + 1]
    return header + music.replace("[V:D] ", "[V:D] [K:C clef=perc] ", 1)


def allowed(one: LLMatcher) -> np.ndarray:
    """Tokens that may come next."""
    mask = np.zeros((BYTES.vocab_size + 31) // 32, dtype=np.int32)
    one.unsafe_compute_mask_ptr(mask.ctypes.data, mask.nbytes)
    found: np.ndarray = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
    return found


def written(grammar: Grammar, seed: int, twins: tuple[str, ...]) -> str:
    """A text by a writer who takes any character that the grammar allows; all twins allow the same."""
    rng = np.random.default_rng(seed)
    walkers = [matcher(grammar, twin) for twin in twins]
    tokens: list[int] = []
    for _ in range(40_000):
        if walkers[0].is_stopped():
            break
        choices = [allowed(walker) for walker in walkers]
        assert all(np.array_equal(choices[0], other) for other in choices[1:]), BYTES.decode_str(tokens)
        tokens.append(int(rng.choice(choices[0])))
        assert all(walker.consume_token(tokens[-1]) for walker in walkers)
    assert all(walker.is_stopped() and walker.is_accepting() for walker in walkers)
    return BYTES.decode_str(tokens)


def cases() -> Iterator[tuple[int, Plan]]:
    """Every meter twice, with ensembles, keys and lengths that change at different paces."""
    rows = zip(range(20), itertools.cycle(METERS), itertools.cycle((4, 5, 11)), strict=False)
    for seed, name, bars in rows:
        yield seed, plan_of(name, ENSEMBLES[(seed + seed // 4) % 4], KEYS[seed % len(KEYS)], bars)


@functools.cache
def chance_score(seed: int) -> tuple[Plan, str]:
    plan = dict(cases())[seed]
    return plan, score_of(plan, written(score_grammar(spec_of(plan)), seed, TWINS))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_grammar_lets_through_is_a_score_without_errors(seed: int) -> None:
    plan, text = chance_score(seed)
    assert [str(problem) for problem in check(text) if problem.severity == "error"] == []
    voices = parse(text).voices
    assert [len(voice.bars) for voice in voices] == [plan.bars] * len(plan.instruments)
    assert {voice.duration for voice in voices} == {meter(plan.meter).length * plan.bars}


@pytest.mark.parametrize("seed", range(20))
def test_all_notes_lie_in_the_range_of_their_players(seed: int) -> None:
    plan, text = chance_score(seed)
    for voice, (_, part) in zip(parse(text).voices, staff_names(plan.instruments), strict=True):
        player = instrument(part.instrument)
        assert voice.notes
        if not player.percussion:
            assert {
                note.pitch for note in voice.notes if not player.low <= note.pitch <= player.high
            } == set()
