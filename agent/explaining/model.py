"""A piece explained by a local model: the answers and the score are read again, the picture in view.

The model need not be the one that wrote: a text from a server, or from the offline writer, can be read again
by any local model. Then the maps say where that reader looks, and `Element.method` says who it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.explaining.asked import asked, seeing
from agent.explaining.passage import header, passage
from agent.explaining.targets import Target, plan_targets, scene_targets, score_targets
from agent.vlm.choose import backend_of
from agent.vlm.sketch import plan_text
from chiaroscore import BackendError, ControlError, MissingPartError
from explain import Element
from prompts import Message

if TYPE_CHECKING:
    from PIL import Image

    from agent.piece import Piece
    from agent.vlm.local import TransformersBackend
    from agent.vlm.protocol import Backend
    from explain import HeatMap
    from explain.attention import Method

CLOSED = (
    "not available, because the server keeps the model's inside; give reader='transformers:...' "
    "or use occlusion"
)
NO_PICTURE = "not available, because the picture is not here; load the piece with its picture"
NO_CALLS = "not available, because what the model was asked is not known"
CUT = "not available, because the manifest holds only the beginning of what the model was asked"
WHOLE = (
    "not available, because it is nearly the whole text, and the method shows where a part looks "
    "more than that"
)
NO_ANSWER = "not available, because no answer of the model to this step was of use"
NOWHERE = "not available, because nothing of it stands in the text"
#: Part of a text beyond which an element is no part of it.
_MOST_PART = 0.7
_QUESTION = "Write the music of the planned piece for this picture in ABC notation, without its header."


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, the prompt it is read after, and what of it is explained.

    Attributes
    ----------
    author
        Id of who wrote it.
    messages
        The first of their pictures is the one that is explained.
    ids
        Tokens of the text, where it is the reader's own.
    note
        What is said beside the method.
    """

    targets: tuple[Target, ...]
    text: str
    author: str
    messages: tuple[Message, ...] = ()
    ids: tuple[int, ...] | None = None
    note: str = ""
    absent: str = ""


def explain_calls(
    piece: Piece,
    backend: Backend | str | None = None,
    method: Method | None = None,
    *,
    reader: Backend | str | None = None,
    fine: bool = False,
) -> tuple[Element, ...]:
    """Return the elements that a model decided, and sections and bars of the score, with their maps.

    Parameters
    ----------
    piece
        Composed by a model; or by anybody, if there is a reader.
    backend
        What composed it, if it is at hand; a local model reads its own answers again.
    method
        How the reader is asked; sink-corrected attention by default.
    reader
        A local model that reads instead: a backend, or ``"transformers:<hub id or path>"``.
    fine
        Also for each note, and for each word of the description: ``"note.M.1"``, ``"scene.description.0"``.

    Returns
    -------
    tuple of Element
        Of steps 1 and 2 what the model's answers decided; of the score every section and bar, if a model
        wrote it or there is a reader. Each has a map, or ``absent`` says why not.

    Raises
    ------
    ControlError
        If the reader is no local model.
    """
    local = _reader(backend, reader)
    found: list[Element] = []
    for reading in _readings(piece, local, fine):
        found += _explained(reading, local, method)
    return tuple(found)


def _reader(backend: Backend | str | None, reader: Backend | str | None) -> TransformersBackend | None:
    """Return the local model that reads, None where there is none."""
    chosen = backend_of(reader) if reader is not None else None
    if reader is not None and not _is_local(chosen):
        name = chosen.id if chosen is not None else reader
        raise ControlError(
            f"reader={name!r} is no model in this process; give 'transformers:<hub id or path>'"
        )
    given = chosen or (backend_of(backend) if backend is not None else None)
    return given if _is_local(given) else None  # type: ignore[return-value]


def _is_local(backend: Any) -> bool:
    if backend is None:
        return False
    from agent.vlm.local import TransformersBackend

    return isinstance(backend, TransformersBackend)


def _readings(piece: Piece, reader: TransformersBackend | None, fine: bool) -> list[Reading]:
    """Return what is to be read again."""
    found = []
    if piece.minds.get("perceive", "offline") != "offline":
        found.append(_answer(piece, "perceive", reader, fine))
    if piece.minds.get("plan", "offline") != "offline":
        found.append(_answer(piece, "plan", reader, fine))
    if reader is not None or piece.writer != "offline":
        found.append(_score(piece, reader, fine))
    return found


def _answer(piece: Piece, step: str, reader: TransformersBackend | None, fine: bool) -> Reading:
    """Return the answer of step 1 or 2 that was of use, with its question."""
    author = piece.minds[step]
    calls = [one for one in asked(piece) if one.step == step]
    for call in reversed(calls):
        try:
            if step == "perceive":
                targets = scene_targets(piece.scene, call.text, fine)
            else:
                targets = plan_targets(piece.plan, call.text)
        except ValueError:
            continue
        if call.cut:
            return Reading(targets, call.text, author, absent=CUT)
        ids = call.ids if reader is not None and reader.id == author else None
        messages, note = seeing(call.messages, piece.picture)
        return Reading(targets, call.text, author, messages, ids, _by(author, reader) + note)
    bare = scene_targets(piece.scene) if step == "perceive" else plan_targets(piece.plan)
    return Reading(bare, "", author, absent=NO_ANSWER if calls else NO_CALLS)


def _score(piece: Piece, reader: TransformersBackend | None, fine: bool) -> Reading:
    """Return the finished score with the question for it, or with a shorter one where that is not known."""
    music = passage(piece.abc)
    targets = score_targets(piece.tune, piece.draft.form, music, fine)
    call = next((one for one in asked(piece) if one.step == "write" and not one.cut), None)
    question = call.messages if call else (Message("user", _question(piece)),)
    messages, note = seeing(question, piece.picture)
    note += "" if call else "; the score was asked for in other words"
    return Reading(targets, music.text, piece.writer, messages, None, _by(piece.writer, reader) + note)


def _question(piece: Piece) -> str:
    return f"{_QUESTION}\n\n<plan>\n{plan_text(piece.plan)}\n</plan>\n\nIts header:\n{header(piece.abc)}"


def _explained(reading: Reading, reader: TransformersBackend | None, method: Method | None) -> list[Element]:
    """Return the elements of a text with their maps, or with what stands in the way."""
    pictures = [image for message in reading.messages for image in message.images]
    absent = reading.absent or (_closed(reading) if reader is None else "" if pictures else NO_PICTURE)
    if reader is None or absent:
        return [replace(target.element, absent=absent) for target in reading.targets]
    from explain.attention import Attention

    chosen = method or Attention()
    try:
        maps = _read(reading, reader, chosen, pictures[0])
    except (BackendError, MissingPartError) as error:
        return [replace(one.element, absent=f"not available, because {error}") for one in reading.targets]
    relative = getattr(chosen, "sink", "raw") == "corrected"
    return [_mapped(one, maps, reading, chosen.name, relative) for one in reading.targets]


def _mapped(
    target: Target, maps: Mapping[str, HeatMap], reading: Reading, name: str, relative: bool
) -> Element:
    """Return an element with its map, if that says anything."""
    found = maps.get(target.element.id)
    if found is None:
        return replace(target.element, absent=NOWHERE)
    if relative and sum(end - start for start, end in target.ranges) > _MOST_PART * len(reading.text):
        return replace(target.element, absent=WHOLE)
    return replace(target.element, map=found, method=name + reading.note)


def _read(
    reading: Reading, reader: TransformersBackend, method: Method, picture: Image.Image
) -> dict[str, HeatMap]:
    """Return id -> map, as `explain.second_pass.read` does; nobody else uses the model meanwhile."""
    from explain.second_pass import read

    inputs = reader.inputs(reading.messages)
    spans = {one.element.id: one.ranges for one in reading.targets}
    with reader._lock:
        engine = reader._loaded()
        return read(
            engine.model,
            engine.chat.processor,
            inputs,
            picture.size,
            reading.text,
            spans,
            method,
            reading.ids,
        )


def _closed(reading: Reading) -> str:
    """Say why nothing can be read without a reader."""
    if reading.author.startswith("transformers:"):
        return f"not available, because {reading.author} is not at hand; give it as reader"
    return CLOSED


def _by(author: str, reader: TransformersBackend | None) -> str:
    """Say who read it again, where that is not who wrote it."""
    return "" if reader is None or reader.id == author else f"; written by {author}, read by {reader.id}"
