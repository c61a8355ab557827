"""A model's free text in, our ABC out: the music found in an answer, mended, laid out and checked."""

from agent.vlm.score.reading import ScoreReading, read_score
from agent.vlm.score.spec import bar_text, header_of, sections_text, spec_of, voices_text

__all__ = [
    "ScoreReading",
    "bar_text",
    "header_of",
    "read_score",
    "sections_text",
    "spec_of",
    "voices_text",
]
