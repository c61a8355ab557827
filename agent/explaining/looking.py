"""Who looked at the picture: the maps that the minds of a piece, or a reader, have to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent.distilled.naming import is_mapper
from chiaroscore import ControlError
from explain import Element

if TYPE_CHECKING:
    from agent.piece import Piece
    from agent.vlm.protocol import Backend

#: Ways to ask a reader, by name: a local model in the first three, a server by occlusion.
METHODS = ("attention", "rollout", "gradient", "occlusion")


def who_reads(reader: Backend | str | None, method: str | None) -> Backend | None:
    """Return who reads, after a look at whether that can be."""
    if method is not None and method not in METHODS:
        raise ControlError(f"method {method!r} is unknown; choose one of {', '.join(METHODS)}")
    if reader is None:
        if method is not None:
            raise ControlError(
                f"method {method!r} asks a reader; give one, such as reader='transformers:<path>'"
            )
        return None
    from agent.vlm.choose import backend_of

    chosen = backend_of(reader)
    if method == "occlusion" and not _is_server(chosen):
        raise ControlError("method 'occlusion' asks a server; give reader='openai:<url>#<model>'")
    if method not in (None, "occlusion") and _is_server(chosen):
        raise ControlError(
            f"method {method!r} looks into a model, which a server does not let us; leave it out"
        )
    return chosen


def _is_server(backend: Backend | None) -> bool:
    from agent.vlm.remote import OpenAIBackend

    return isinstance(backend, OpenAIBackend)


def looked(piece: Piece, reader: Backend | None, thorough: bool, method: str | None) -> tuple[Element, ...]:
    """Return the elements that the minds of a piece, or a reader, have maps of, or reasons for none."""
    if piece.picture is None:
        return ()
    found: list[Element] = []
    if piece.minds.get("perceive", "offline") == "offline":
        from agent.explaining.offline import scene_elements

        found += scene_elements(piece.picture, piece.scene, thorough)
    if reader is None and all(_silent(mind) for mind in (*piece.minds.values(), piece.writer)):
        return tuple(found)
    from agent.explaining.model import explain_calls
    from agent.explaining.probing import explain_by_occlusion

    if reader is None or not _is_server(reader):
        return (*found, *explain_calls(piece, reader=reader, method=_method(method), fine=thorough))
    return (*found, *explain_calls(piece), *explain_by_occlusion(piece, reader))


def _silent(mind: str) -> bool:
    """Whether a mind answers nothing in words that could be read again."""
    return mind == "offline" or is_mapper(mind)


def _method(name: str | None) -> Any:
    """Return the way to ask of this name, None for the usual one."""
    if name is None:
        return None
    from explain.attention import Attention, GradientInput, Rollout

    kinds: dict[str, Callable[[], Any]] = {
        "attention": Attention, "rollout": Rollout, "gradient": GradientInput,
    }  # fmt: skip
    return kinds[name]()
