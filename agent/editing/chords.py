"""Chords of a score: read from their symbols, named by Roman numerals, moved to another key or mode."""

from __future__ import annotations

import re

from agent.keys import Key
from agent.offline.writer.theory import (
    LETTERS,
    MINOR_MODES,
    QUALITIES,
    Chord,
    Tone,
    chord_scale,
    scale,
    tonic,
)
from notation import MODES

_SYMBOL = re.compile(r"^([A-G])([#b]*)([^/]*)(/.*)?$")
_WRITTEN = {"dim": "o", "dim7": "o7", "m7b5": "ø7", "aug": "+"}
_OTHER = {"min": "m", "-": "m", "o": "dim", "o7": "dim7", "ø": "m7b5", "ø7": "m7b5", "+": "aug", "M7": "maj7"}
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")


def chord_of_symbol(symbol: str, home: Tone) -> Chord | None:
    """Return the chord of a symbol such as ``F#m7`` or ``C/E`` over a tonic; None if it names none.

    A quality that is not known is read as the longest known one it begins with: ``C13`` as C major.
    """
    match = _SYMBOL.match(symbol.strip())
    if match is None:
        return None
    letter, signs, rest, over = match.groups()
    root = _tone(letter + signs)
    rest = _OTHER.get(rest, rest)
    known = max((quality for quality in QUALITIES if rest.startswith(quality)), key=len)
    bass = re.fullmatch(r"/([A-G][#b]*)", over or "")
    return built(root, known, home, _tone(bass.group(1)) if bass else None)


def _tone(name: str) -> Tone:
    return Tone(LETTERS.index(name[0]), name.count("#") - name[1:].count("b"))


def built(root: Tone, quality: str, home: Tone, bass: Tone | None = None) -> Chord:
    """Return a chord with its Roman numeral over a tonic; ``bass`` is what stands under it."""
    tones = tuple(root.above(letters, semitones) for letters, semitones in QUALITIES[quality])
    named = numeral(root, quality, home)
    below = _below(bass, tones, home)
    return Chord(named + below, root, quality, tones, bass if below else None)


def _below(bass: Tone | None, tones: tuple[Tone, ...], home: Tone) -> str:
    """Return what a numeral says of its bass: a member of the chord, or a pedal; nothing for the root."""
    if bass is None or bass == tones[0]:
        return ""
    if bass in tones[1:4]:
        return (":3", ":5", ":7")[tones.index(bass) - 1]
    return {home: ":i", home.above(4, 7): ":v"}.get(bass, "")


def numeral(root: Tone, quality: str, home: Tone) -> str:
    """Return the Roman numeral of a chord over a tonic, as `agent.offline.writer.theory.chord` reads it."""
    degree = (root.letter - home.letter) % 7
    off = (root.pc - home.pc - MODES["major"][degree] + 6) % 12 - 6
    sign = {-1: "b", 0: "", 1: "#"}.get(off, "")
    minor = quality.startswith("dim") or (quality.startswith("m") and not quality.startswith("maj"))
    suffix = _WRITTEN.get(quality, quality.removeprefix("m") if minor else quality)
    name = _NUMERALS[degree]
    return sign + (name.lower() if minor else name) + suffix


def transposed(one: Chord, letters: int, semitones: int, home: Tone) -> Chord:
    """Return a chord moved by an interval; ``home`` is the new tonic."""
    bass = None if one.bass is None else one.bass.above(letters, semitones)
    return built(one.root.above(letters, semitones), one.quality, home, bass)


def in_mode(one: Chord, old: Key, new: Key) -> Chord:
    """Return a chord of a key as it is in another mode on the same tonic, its bass with it."""
    moved = _upright(one, old, new)
    if one.bass is None:
        return moved
    over = next((tone for tone in moved.tones if tone.letter == one.bass.letter), None)
    return built(moved.root, moved.quality, tonic(new.tonic), over or _moved_root(one.bass, old, new))


def _upright(one: Chord, old: Key, new: Key) -> Chord:
    """Return the chord over its root.

    Diatonic chords take the new mode's tones on the same degree; a dominant keeps its leading note in minor;
    a chord that is chromatic and whose root both modes share is left alone.
    """
    home = tonic(new.tonic)
    if one.quality == "5":
        return built(_moved_root(one.root, old, new), "5", home)
    before = {tone.letter: tone for tone in scale(home, old.mode)}
    inside = all(before[tone.letter] == tone for tone in one.tones)
    root = _moved_root(one.root, old, new)
    dominant = (one.root.letter - home.letter) % 7 == 4 and len(one.tones) > 1 and _major_third(one)
    if dominant and (new.mode in ("minor", "major") or not inside):
        return built(root, one.quality if new.mode not in MINOR_MODES else _dark(one.quality), home)
    if not inside and root == one.root:
        minor_now = new.mode in MINOR_MODES and one.root == home
        return built(root, _stacked(one, root, new) if minor_now else one.quality, home)
    return built(root, _stacked(one, root, new), home)


def _moved_root(root: Tone, old: Key, new: Key) -> Tone:
    """Return the root on the same degree; a chromatic root stays."""
    home = tonic(new.tonic)
    if root not in scale(home, old.mode):
        return root
    return next(tone for tone in scale(home, new.mode) if tone.letter == root.letter)


def _major_third(one: Chord) -> bool:
    return (one.tones[1].pc - one.root.pc) % 12 == 4


def _dark(quality: str) -> str:
    """Dominant as it stands in minor: with a minor ninth."""
    return "7b9" if quality == "9" else quality


def _stacked(one: Chord, root: Tone, key: Key) -> str:
    """Return the quality that the key gives to a chord on a root, with the same steps above it."""
    degrees = {tone.letter: tone for tone in scale(tonic(key.tonic), key.mode)}
    letters = [letters for letters, _ in QUALITIES[one.quality]]
    wanted = {step: (degrees[(root.letter + step) % 7].pc - root.pc) % 12 for step in letters}
    for steps in (letters, letters[:4], letters[:3], [0, 2, 4]):
        for quality, tones in QUALITIES.items():
            if [step for step, _ in tones] == steps and all(
                wanted.get(s, x % 12) == x % 12 for s, x in tones
            ):
                return quality
    return one.quality


def mode_tone(step: int, alter: int, over: tuple[Chord, Chord], old: Key, new: Key) -> tuple[int, int]:
    """Return a tone that sounds over a chord as it is over that chord in another mode.

    Its letter stays. What it was altered against the scale of the old chord, it is against that of the new.
    """
    letter = step % 7
    before = chord_scale(tonic(old.tonic), old.mode, over[0])[letter]
    after = chord_scale(tonic(new.tonic), new.mode, over[1])[letter]
    return step, max(-2, min(2, after + alter - before))
