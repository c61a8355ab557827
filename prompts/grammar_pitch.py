"""Which notes may be written: letter, octave and accidental, for a range of pitches and a key signature.

A letter without an accidental sounds as the key signature says. An accidental never sounds like another
letter's note of the key, so that nobody writes E sharp in C major, and F sharp minor has its E sharp.
"""

from __future__ import annotations

from collections.abc import Iterator

from prompts.grammar_rules import OneOf, Rule, Rules, Sequence, Text

LETTERS = "CDEFGAB"
#: Semitones of the letters above C.
_NATURAL = (0, 2, 4, 5, 7, 9, 11)
_ACCIDENTALS = {"^": 1, "_": -1, "=": 0}
#: The MIDI octave that capital letters name; one above it small letters do.
_CAPITALS = 5

#: Letter as written, and how many octave marks follow it.
_Written = tuple[str, int]


def pitch_rule(rules: Rules, name: str, low: int, high: int, signature: tuple[int, ...]) -> Rule:
    """Write the rule for one note without its length; the next character always decides.

    Parameters
    ----------
    name
        Of the rule, and the beginning of the names of those it needs.
    low, high
        Lowest and highest MIDI pitch (middle C = 60).
    signature
        Alteration of each letter C..B in the key.

    Returns
    -------
    Rule
        Spells ``C``, ``^f'``, ``_B,,`` ...; all that it spells lies in the range.
    """
    ways = _letters(rules, _bare(low, high, signature))
    for nth, (sign, alteration) in enumerate(_ACCIDENTALS.items()):
        written = list(_altered(low, high, signature, alteration))
        if written:
            rest = rules.add(f"{name}s{nth}", *_letters(rules, written), word=True)
            ways.append((Text(sign), rest))
    return rules.add(name, *ways, word=True)


def has_pitches(low: int, high: int, signature: tuple[int, ...]) -> bool:
    """Return whether a range holds a note that can be written without an accidental."""
    return bool(_bare(low, high, signature))


def _bare(low: int, high: int, signature: tuple[int, ...]) -> list[_Written]:
    """Letters of a range without accidentals, as the key signature has them."""
    return [
        _written(letter, octave)
        for octave in range(11)
        for letter in range(7)
        if low <= 12 * octave + _NATURAL[letter] + signature[letter] <= high
    ]


def _altered(low: int, high: int, signature: tuple[int, ...], alteration: int) -> Iterator[_Written]:
    """Letters of a range that an accidental may stand before."""
    in_key = [(_NATURAL[letter] + signature[letter]) % 12 for letter in range(7)]
    for octave in range(11):
        for letter in range(7):
            pitch = 12 * octave + _NATURAL[letter] + alteration
            others = in_key[:letter] + in_key[letter + 1 :]
            if low <= pitch <= high and pitch % 12 not in others:
                yield _written(letter, octave)


def _written(letter: int, octave: int) -> _Written:
    """Return a letter of a MIDI octave as ABC writes it."""
    if octave <= _CAPITALS:
        return LETTERS[letter], _CAPITALS - octave
    return LETTERS[letter].lower(), octave - _CAPITALS - 1


def _letters(rules: Rules, written: list[_Written]) -> list[Sequence]:
    """Return alternatives for letters with their octave marks; letters with the same marks share one."""
    marks: dict[str, list[int]] = {}
    for letter, count in written:
        marks.setdefault(letter, []).append(count)
    shared: dict[tuple[str, int, int], str] = {}
    for letter, counts in marks.items():
        kind = ("," if letter.isupper() else "'", min(counts), max(counts))
        shared[kind] = shared.get(kind, "") + letter
    return [(OneOf(letters), *_marks(rules, *kind)) for kind, letters in shared.items()]


def _marks(rules: Rules, mark: str, fewest: int, most: int) -> Sequence:
    """Return what spells so many octave marks."""
    if most == 0:
        return ()
    name = f"{'commas' if mark == ',' else 'ticks'}{fewest}to{most}"
    return (rules.choice(name, {mark * count: () for count in range(fewest, most + 1)}, word=True),)
