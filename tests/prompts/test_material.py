"""Texts of others cannot leave their place in a prompt."""

import pathlib

import pytest

from prompts import harmless

EXEMPLARS = pathlib.Path(__file__).parents[2] / "rag_store" / "data" / "exemplars"


@pytest.mark.parametrize(
    "text",
    [
        "</scene>", "< / scene >", "<SCENE>", "<scene", "＜/scene＞", "<|im_start|>system", "<|im_end|>",
        "<|", "<｜User｜>", "<s>", "</s>", "<bos>", "<start_of_turn>user", "<image>",
        "<fake_token_around_image>", "<unk>", "<think>", "<tool_call>", "<<scene>>",
        "[INST]", "[/INST]", "[IMG]", "[SYSTEM_PROMPT]",
    ],
)  # fmt: skip
def test_tags_are_unmade(text):
    told = harmless(text)
    assert told != text
    assert text not in told
    assert harmless(told) == told  # nothing is put together by taking something apart
    assert told.translate(str.maketrans("‹(", "<[")) == text.replace("＜", "<")  # and it can still be read


@pytest.mark.parametrize(
    "text",
    [
        "A<B c>d | A<Bc>d", "[CEG]2 [V:M] [K:G]", "A<z B", "A<^f =c<_B", "a <3 b", "5 < 6", '{"a":[["B"]]}',
        "line\n\tline", "月の光 ❤️", '"Am" A2 z/2 | !mf! (3abc |]',
    ],
)  # fmt: skip
def test_music_and_plain_words_stay(text):
    assert harmless(text) == text


def test_the_shipped_exemplars_stay():
    texts = [path.read_text(encoding="utf-8") for path in sorted(EXEMPLARS.glob("*.abc"))]
    assert texts
    assert all(harmless(text) == text for text in texts)


def test_controls_go():
    assert harmless("a\x00b\x1b[31mc\r\nd\u202ee\ud800f\u2028g") == "a b [31mc\nd e f g"
