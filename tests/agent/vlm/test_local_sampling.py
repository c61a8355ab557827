"""Drawing a token, and telling text as tokens come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from agent.vlm.local.sampling import Chooser, draw
from agent.vlm.local.spelling import Answer
from agent.vlm.protocol import Request
from chiaroscore import BackendError
from tests.agent.vlm.tiny import tokenizer

SCORES = np.array([2.0, 1.0, 0.5, -1.0, -4.0], dtype=np.float32)


def counts(temperature: float, top_p: float, draws: int = 2_000) -> np.ndarray:
    random = np.random.default_rng(0)
    found = [draw(SCORES, temperature, top_p, random.random(SCORES.size)) for _ in range(draws)]
    return np.bincount(found, minlength=SCORES.size)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax(temperature: float) -> None:
    chances = np.exp(SCORES.astype(float) / temperature)
    expected = 20_000 * chances / chances.sum()
    seen = counts(temperature, 1.0, 20_000)
    enough = expected >= 5  # what the chi-squared test asks for
    assert (
        stats.chisquare(seen[enough], expected[enough] * seen[enough].sum() / expected[enough].sum()).pvalue
        > 0.01
    )


def test_top_p_keeps_the_fewest_that_suffice() -> None:
    """Softmax of the scores: .60 .22 .13 .03 .00."""
    assert (counts(1.0, 0.59) > 0).tolist() == [True, False, False, False, False]
    assert (counts(1.0, 0.61) > 0).tolist() == [True, True, False, False, False]
    assert (counts(1.0, 0.9) > 0).tolist() == [True, True, True, False, False]


def test_without_heat_the_likeliest_is_taken() -> None:
    assert draw(SCORES, 0.0, 0.1, None) == 0


@pytest.mark.parametrize("scores", [[np.nan] * 3, [-np.inf] * 3, [np.inf, 0, 0]])
def test_scores_that_are_no_numbers_are_told(scores: list[float]) -> None:
    with pytest.raises(BackendError, match="float32"):
        Chooser(Request(()), None).next(np.array(scores, dtype=np.float32), np.ones(3, dtype=bool))


def test_free_text_has_no_special_tokens() -> None:
    scores = np.array([0, 50, 0], dtype=np.float32)
    chooser = Chooser(Request((), temperature=1.0), None)
    speakable = np.array([True, False, True])
    assert {chooser.next(scores, speakable) for _ in range(50)} == {0, 2}


def metaspace() -> object:
    """A tokenizer that marks words by a leading sign, as those of Llama do, and drops the first blank."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    words = ["▁the", "▁sea", "s", "▁", "é", "<0xC3>", "<0xA9>"]
    made = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, [], byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return made


@pytest.mark.parametrize("most", [3, 100])
def test_pieces_are_the_text_of_the_whole(most: int) -> None:
    """Words with leading blanks, and a letter of two tokens."""
    made = metaspace()
    ids = [0, 1, 2, 1, 5, 6, 0]

    def decode(some: Sequence[int]) -> str:
        return made.decode(list(some))  # type: ignore[attr-defined, no-any-return]

    pieces: list[str] = []
    answer = Answer(decode, ends=[99], most=most, on_text=pieces.append)
    for token in [*ids, 99]:
        if answer.take(token):
            break
    assert "".join(pieces) == answer.text == decode(ids[:most])
    assert answer.finish == ("length" if most == 3 else "stop")
    if most > 3:
        assert answer.text == "the seas seaé the"
        assert "é" in "".join(pieces)
        assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


def test_letters_of_several_bytes_wait_for_the_last() -> None:
    tokens = tokenizer([])
    ids = tokens("A♭ – 海", add_special_tokens=False)["input_ids"]
    assert len(ids) > 6
    pieces: list[str] = []
    answer = Answer(tokens.decode, ends=[tokens.eos_token_id], most=99, on_text=pieces.append)
    for token in [*ids, tokens.eos_token_id]:
        answer.take(token)
    assert "".join(pieces) == "A♭ – 海"
    assert "♭" in pieces
    assert list(answer.ids) == ids


@pytest.mark.parametrize("top_p", [0.05, 0.5, 0.9, 0.999, 1.0])
def test_the_nucleus_is_that_of_the_definition(top_p: float) -> None:
    """Every token is let win once by its noise; those that do are the likeliest up to ``top_p``."""
    scores = (np.random.default_rng(3).standard_normal(60) * 2).astype(np.float32)
    chances = np.exp(scores.astype(float)) / np.exp(scores.astype(float)).sum()
    order = np.argsort(-chances)
    expected = {int(token) for token in order[: int((np.cumsum(chances[order]) < top_p).sum()) + 1]}
    almost = np.nextafter(1.0, 0.0)
    found = {draw(scores, 1.0, top_p, np.where(np.arange(60) == one, almost, 1e-9)) for one in range(60)}
    assert found == expected
