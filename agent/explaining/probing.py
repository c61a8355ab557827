"""A piece explained by a server: places of the picture are hidden, and a question is asked each time.

No server tells the probability of a given text after a picture over chat completions, but many tell that of
the first token of an answer. So what a map shows is what the model says of the picture now, when it is asked
for one element in one letter; that is not the answer it once gave, and `Element.text` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agent.explaining.choices import Question, questions
from agent.explaining.model import NO_PICTURE
from agent.vlm.protocol import Request
from chiaroscore import BackendError, ControlError
from explain import Element
from explain.occlusion import occlusion_maps
from prompts import Message

if TYPE_CHECKING:
    from PIL import Image

    from agent.piece import Piece
    from agent.vlm.protocol import Backend
    from agent.vlm.remote import OpenAIBackend

#: Likeliest tokens that are asked for: the most that OpenAI and vLLM give.
TOP = 20
#: Most calls of one explanation.
MOST_CALLS = 256
_PARALLEL = 4
#: Greatest log-probability, as servers round.
_ROUNDED = 1e-3
_ABSENT = "not available, because {}; give reader='transformers:...'"
_AGAIN = "asked anew: {} The piece holds {}."


def explain_by_occlusion(
    piece: Piece, backend: Backend, regions: tuple[int, int] = (3, 3)
) -> tuple[Element, ...]:
    """Return what in the picture a server's model leans on for feeling, tempo and mode.

    Parameters
    ----------
    piece
        Composed by anybody.
    backend
        A server (`agent.vlm.remote.OpenAIBackend`) that sees pictures and tells log-probabilities.
    regions
        Rows and columns of the places that are hidden one after the other, in overlapping windows; there is
        one call more than places for each of the four elements.

    Returns
    -------
    tuple of Element
        Signed maps in nats of log-odds: by how much it speaks for what the piece holds; or ``absent`` says
        why there is none.

    Raises
    ------
    ControlError
        If that would be more than `MOST_CALLS` calls.
    """
    asked = questions(piece)
    rows, columns = regions
    calls = len(asked) * (rows * columns + 1)
    if min(regions) < 1 or calls > MOST_CALLS:
        raise ControlError(f"regions={regions} needs {calls} calls; 1 to {MOST_CALLS} are made, give (3, 3)")
    try:
        why = _unable(piece, backend)
    except BackendError as error:
        why = _ABSENT.format(error)
    if why or piece.picture is None:
        return tuple(replace(one.element, absent=why) for one in asked)
    return tuple(_explained(one, piece.picture, backend, regions) for one in asked)  # type: ignore[arg-type]


def _unable(piece: Piece, backend: Backend) -> str:
    """Say what stands in the way, nothing if nothing does."""
    from agent.vlm.remote import OpenAIBackend

    if piece.picture is None:
        return NO_PICTURE
    if not isinstance(backend, OpenAIBackend):
        return _ABSENT.format(f"{backend.id} is no server that tells log-probabilities")
    able = backend.abilities()
    lacks = (
        "cannot see pictures" if not able.images else "" if able.logprobs else "tells no log-probabilities"
    )
    return _ABSENT.format(f"{backend.id} {lacks}") if lacks else ""


def _explained(
    question: Question, picture: Image.Image, backend: OpenAIBackend, regions: tuple[int, int]
) -> Element:
    """Return an element with its map."""

    def ask(shown: Image.Image) -> float:
        return question.log_odds(first_token(backend, (Message("user", question.prompt, (shown,)),)))

    def outcomes(pictures: Sequence[Image.Image]) -> NDArray[np.float64]:
        with ThreadPoolExecutor(_PARALLEL, "chiaroscore-probe") as pool:
            return np.array(list(pool.map(ask, pictures)))[:, None]

    element = replace(question.element, text=_AGAIN.format(question.text, question.answer))
    try:
        found = occlusion_maps(picture.convert("RGB"), outcomes, (regions,))[0]
    except BackendError as error:
        return replace(element, absent=_ABSENT.format(error))
    method = (
        f"occlusion of {regions[0] * regions[1]} blurred windows: log-odds of {question.answer!r} "
        f"by {backend.id}"
    )
    return replace(element, map=found, method=method)


def first_token(backend: OpenAIBackend, messages: tuple[Message, ...]) -> dict[str, float]:
    """Return the likeliest first tokens of an answer -> log-probability, at most `TOP`.

    Raises
    ------
    BackendError
        If there is no answer, or none with log-probabilities.
    """
    from agent.vlm.remote.body import body_of
    from agent.vlm.remote.chat import SHORT
    from agent.vlm.remote.clock import Clock
    from agent.vlm.remote.patience import persist

    chat = backend._chat
    address = chat.meet().address
    request = Request(messages, max_tokens=1, temperature=0.0, top_p=1.0)
    told = {"logprobs": True, "top_logprobs": TOP, "stream": False}
    body = chat.dialect.fit(body_of(request, address.model, told, chat._max_side))
    body.pop("stream_options", None)
    clock = Clock(min(chat.total, SHORT))

    def send() -> Any:
        url = f"{address.url}/chat/completions"
        return chat._wire.exchange("POST", url, body, clock, lambda found: found.json())

    return _likeliest(persist(send, clock, chat._tries, 0), address.url)


def _likeliest(found: Any, url: str) -> dict[str, float]:
    """Return the tokens that a server tells at the first place of its answer; of equal ones the likeliest."""
    try:
        listed = found["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        pairs = [(float(one["logprob"]), str(one["token"])) for one in listed]
    except (KeyError, IndexError, TypeError, ValueError):
        pairs = []
    if not pairs or not all(value <= _ROUNDED for value, _ in pairs):
        raise BackendError(f"the server at {url} told no log-probabilities of its answer")
    return {token: value for value, token in sorted(pairs)}
