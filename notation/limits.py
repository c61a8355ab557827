"""How much ABC is read: bounds that no real score meets, so that no hostile text costs more than seconds."""

from __future__ import annotations

from chiaroscore import NotationError

#: Characters of one tune. A symphonic movement in ABC is about 100 kB, the longest of 4,248 corpus tunes 5
#: kB; the worst texts of this size that we could think of take abcjs about two seconds.
MAX_CHARACTERS = 131_072
#: Characters of one line. abcjs looks a whole line ahead at many places, so its time grows with the square of
#: a line.
MAX_LINE = 8_192
#: Nested or repeated opening brackets in a row that nothing musical needs.
MAX_OPEN_BRACKETS = 64
#: Voices with music in them, overlays (``&``) included.
MAX_VOICES = 64
#: Notes, rests and bar lines that a tune may write.
MAX_ELEMENTS = 40_000
#: Notes that a tune may play once its repeats are expanded: several hours of music.
MAX_PLAYED = 100_000
#: Times a passage may be repeated by its numbered endings.
MAX_PASSES = 32
#: Bars of all voices together, those of bar rests (``Z100``) included.
MAX_BARS = 20_000
#: Seconds that the engine may spend on one text.
MAX_SECONDS = 2.5
#: Bytes that the engine's heap may take.
MAX_HEAP = 128 * 1024 * 1024


def guard(text: str) -> None:
    """Refuse a text that is not worth starting the engine for.

    Raises
    ------
    NotationError
        If the text is empty, holds NUL or lone surrogate characters, or is longer or deeper than the limits.
    """
    if not isinstance(text, str):
        raise NotationError(
            f"ABC must be text (str), got {type(text).__name__}; decode bytes with .decode('utf-8') first"
        )
    if not text.strip():
        raise NotationError("the text is empty; give a tune in ABC notation, with at least X:, K: and notes")
    if len(text) > MAX_CHARACTERS:
        raise NotationError(
            f"the tune has {len(text):,} characters, the limit is {MAX_CHARACTERS:,}; "
            "split a book with notation.split"
        )
    if "\0" in text:
        raise NotationError(
            f"the text holds a NUL character at position {text.index(chr(0))}; "
            "it is not ABC, or it was read in the wrong encoding"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotationError(
            f"the text holds a character that is no Unicode text at position {error.start}; "
            "read the file as UTF-8 or Latin-1"
        ) from error
    if "[" * MAX_OPEN_BRACKETS in text or "{" * MAX_OPEN_BRACKETS in text or "(" * MAX_OPEN_BRACKETS in text:
        raise NotationError(f"more than {MAX_OPEN_BRACKETS} opening brackets in a row; this is not music")
    longest = max(len(line) for line in text.split("\n"))
    if longest > MAX_LINE:
        raise NotationError(
            f"a line has {longest:,} characters, the limit is {MAX_LINE:,}; write a few bars to a line"
        )
