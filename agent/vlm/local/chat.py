"""Messages to what a model takes: the chat template of its processor, pictures first and not too large.

Text cannot pass for structure: where a message spells out a special token of the model, such as the mark of a
turn or of a picture, a blank is put inside, so that words seen in a picture or found in a title stay words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from chiaroscore import BackendError
from prompts import Message

Conversation = Sequence[Message]


class Chat:
    """Makes batches of conversations.

    Parameters
    ----------
    processor
        Of transformers, with tokenizer, image processor and chat template.
    max_side
        Pixels of a picture's longer side; larger ones are scaled down before the processor sees them.
    image_splitting
        Let a processor that can (SmolVLM, Idefics) cut a picture into tiles: finer, and ten times the tokens.
    """

    def __init__(self, processor: Any, max_side: int, image_splitting: bool) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._max_side = max_side
        self._options: dict[str, Any] = {"padding": True, "padding_side": "left", "return_tensors": "pt"}
        if hasattr(getattr(processor, "image_processor", None), "do_image_splitting"):
            self._options["do_image_splitting"] = image_splitting
        special = sorted(_special(processor), key=lambda name: (-len(name), name))
        self._special = re.compile("|".join(map(re.escape, special)) or r"(?!)")

    def batch(self, conversations: Sequence[Conversation]) -> Any:
        """Return the processor's batch: tensors by name, rows padded on the left.

        All conversations have the same number of pictures: processors differ in what they make of others.

        Raises
        ------
        BackendError
            If the template or the image processor refuses them.
        """
        texts = [self.render(conversation) for conversation in conversations]
        pictures = [
            [scaled(image, self._max_side) for message in conversation for image in message.images]
            for conversation in conversations
        ]
        options = dict(self._options)
        start = self.tokenizer.bos_token
        if start and texts[0].startswith(start):
            options["add_special_tokens"] = False  # the template has put it there already
        if any(pictures):
            options["images"] = pictures
        else:
            options.pop("do_image_splitting", None)
        try:
            return self.processor(text=texts, **options)
        except (ValueError, TypeError, IndexError) as error:
            sizes = ", ".join(f"{one.width}x{one.height}" for row in pictures for one in row) or "none"
            raise BackendError(
                f"the model's processor refuses the prompt (pictures: {sizes}): {error}"
            ) from None

    def render(self, conversation: Conversation) -> str:
        """Return a conversation as the model's chat template writes it, up to where the answer begins.

        Templates differ: some take text in parts, some only as a string, some know no system message. The
        first form that the template takes without losing a word is used.

        Raises
        ------
        BackendError
            If there is no template, or none of the forms keeps all the text.
        """
        plain = [replace(message, text=self._words(message.text)) for message in conversation]
        problem = "it leaves out text"
        for form in _forms(plain):
            try:
                text = self.processor.apply_chat_template(form, tokenize=False, add_generation_prompt=True)
            except Exception as error:  # a template is a program of its own and raises what it likes
                problem = str(error).partition("\n")[0]
                continue
            if all(message.text.strip() in text for message in plain):
                return str(text)
        raise BackendError(
            f"the model's chat template does not take the prompt ({problem}); take an instruct model"
        )

    def _words(self, text: str) -> str:
        """Return a text without the model's special tokens."""
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def scaled(image: Image.Image, longest: int) -> Image.Image:
    """Return a picture in RGB whose longer side has at most ``longest`` pixels."""
    image = image.convert("RGB")
    factor = longest / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _special(processor: Any) -> set[str]:
    """Return the texts of all special tokens, those of pictures among them."""
    added = processor.tokenizer.added_tokens_decoder.values()
    names = {str(token) for token in added if token.special} | set(processor.tokenizer.all_special_tokens)
    names |= {str(value) for name, value in vars(processor).items() if name.endswith("_token") and value}
    return {name for name in names if len(name) > 1}


def _forms(messages: Conversation) -> Iterator[list[dict[str, Any]]]:
    """Yield the forms in which a template may take messages."""
    yield [{"role": message.role, "content": _parts(message)} for message in messages]
    yield [
        {"role": message.role, "content": _parts(message) if message.images else message.text}
        for message in messages
    ]
    if len(messages) > 1 and messages[0].role == "system" and messages[1].role == "user":
        first = replace(messages[1], text=f"{messages[0].text}\n\n{messages[1].text}")
        yield [{"role": message.role, "content": _parts(message)} for message in (first, *messages[2:])]


def _parts(message: Message) -> list[dict[str, str]]:
    """Return the pictures' places and the text of a message."""
    return [{"type": "image"} for _ in message.images] + [{"type": "text", "text": message.text}]
