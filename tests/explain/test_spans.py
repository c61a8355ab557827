"""Spans of values, bars, notes and words, and the tokens that stand there."""

from __future__ import annotations

import json
import random

import pytest
import tiny

from explain.second_pass import tokens_of
from explain.spans import bar_spans, content, json_spans, note_spans, object_spans, word_spans
from notation import parse

ANSWER = (
    '{"genre": {"because": "still, \\"wide\\"", "value": "waltz"},\n'
    ' "emotion": {"words": ["calm", "é"]}, "n": -1.5e3}'
)
ABC = 'X:1\nM:3/4\nL:1/8\n%%score M B\nV:M\nV:B\nK:D\n[V:M] "D"d2 [fa]2 z2 | A6 |]\n[V:B] D,6 | {E,}D,6 |]\n'


def _walked(value, path=""):
    """Every value of a JSON document by its path."""
    yield path, value
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, one in members:
        yield from _walked(one, f"{path}.{name}" if path else str(name))


def _some_value(rng, depth=0):
    kinds = ["text", "number", "plain"] + ["list", "object"] * (depth < 4)
    kind = rng.choice(kinds)
    if kind == "text":
        return "".join(rng.choice('aé𝄞"\\/\n\t {}[],:') for _ in range(rng.randrange(6)))
    if kind == "number":
        return rng.choice([0, -3, 2.5, 1e-7, -1e22])
    if kind == "plain":
        return rng.choice([True, False, None])
    count = rng.randrange(4)
    if kind == "list":
        return [_some_value(rng, depth + 1) for _ in range(count)]
    return {f"k{at}": _some_value(rng, depth + 1) for at in range(count)}


def test_every_value_stands_at_its_span():
    for seed in range(300):
        rng = random.Random(seed)
        value = _some_value(rng)
        text = json.dumps(value, indent=rng.choice([None, 1]), ensure_ascii=rng.random() < 0.5)
        text = f"{' ' * rng.randrange(3)}{text}{chr(10) * rng.randrange(3)}"
        spans = json_spans(text)
        assert {path: json.loads(text[low:high]) for path, (low, high) in spans.items()} == dict(
            _walked(value)
        )


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1,]", '{"a":1,}', '{"a" 1}', "{a: 1}", "[1 2]", "01", "+1", "nan", '"a\nb"', '"\\x"', "{} {}",
     "tru",     '{"a": 1, "a": 2}', "[" * 200 + "]" * 200],
)  # fmt: skip
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match="character"):
        json_spans(text)


def test_an_answer_is_found_among_prose():
    text = f'<think>{{"genre": 1, "emotion": 2, "n": 3}}</think> Sure: {{"x": 1}} ```json\n{ANSWER}\n``` {{'
    spans = object_spans(text, ["genre", "emotion", "n"])
    said = {path: text[slice(*content(text, span))] for path, span in spans.items()}
    assert said["genre.value"] == "waltz" and said["emotion.words.0"] == "calm" and said["n"] == "-1.5e3"
    assert text[slice(*spans[""])] == ANSWER
    with pytest.raises(ValueError, match="no JSON object with any of the fields tempo"):
        object_spans(text, ["tempo"])


def test_bars_and_notes_of_every_voice():
    tune = parse(ABC)
    bars = {number: [ABC[low:high] for low, high in spans] for number, spans in bar_spans(tune).items()}
    assert list(bars) == [1, 2]
    assert [text.split()[0] for text in bars[1]] == ['"D"d2', "D,6"]
    notes = {name: ABC[low:high] for name, (low, high) in note_spans(tune).items()}
    assert list(notes) == ["M.1", "M.2", "M.3", "M.4", "B.1", "B.2", "B.3"]
    assert notes["M.2"] == notes["M.3"] == "[fa]2" and "E," in notes["B.2"] and notes["B.1"] == "D,6"


def test_words():
    text = "Half-light, l'été — 72 bars; (still)"
    assert [text[low:high] for low, high in word_spans(text)] == [
        "Half-light",
        "l'été",
        "72",
        "bars",
        "still",
    ]


@pytest.fixture(scope="module", params=tiny.FAMILIES)
def tokenizer(request):
    return tiny.build(request.param)[1].tokenizer


def test_tokens_stand_where_their_letters_do(tokenizer):
    text = f"é音𝄞 {ANSWER} <image><|image_pad|><|im_end|>"
    made = tokens_of(tokenizer, text)
    assert not set(made.ids) & set(tokenizer.all_special_ids)  # what is spelled out is text
    for path, span in json_spans(ANSWER).items():
        low, high = (place + 4 for place in span)
        rows = made.rows([(low, high)])
        assert rows == list(range(rows[0], rows[-1] + 1)), path
        covered = text[made.spans[rows[0]][0] : made.spans[rows[-1]][1]]
        assert text[low:high] in covered and len(covered) <= high - low + 8
    assert made.rows([(1, 2)]) == made.rows([(1, 2), (1, 2)])  # all three bytes of one letter
    assert len(made.rows([(1, 2)])) == 3
    assert made.rows([(5, 5)]) == [] and made.rows([(10_000, 10_010)]) == []
    assert tokenizer("<|im_end|>")["input_ids"] == [tokenizer.eos_token_id]  # the tokenizer is as it was


def test_known_tokens_are_kept_though_the_text_comes_apart_otherwise(tokenizer):
    text = "pastoral é音 d2"
    letters = [one for letter in text for one in tokenizer(letter, add_special_tokens=False)["input_ids"]]
    made = tokens_of(tokenizer, text)
    assert letters != list(made.ids)  # one token a letter or byte: the trap
    kept = tokens_of(tokenizer, text, letters)
    assert list(kept.ids) == letters
    assert [text[low:high] for low, high in kept.spans[:8]] == list("pastoral")
    assert kept.rows([(9, 10)]) == [9, 10] and kept.rows([(10, 11)]) == [11, 12, 13]
    assert tokens_of(tokenizer, text, [*letters, letters[0]]) == made  # of another text: not used
