"""Which model the mind works with: the argument, else the variable ``CHIAROSCORE_VLM``, else none (offline).

A model is named by a spec, ``KIND:WHERE``. What runs it is imported when it is chosen, not before.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chiaroscore import ControlError, InputError

if TYPE_CHECKING:
    from agent.vlm.protocol import Backend

#: The variable that names a model for every command.
VARIABLE = "CHIAROSCORE_VLM"
#: What names the offline mind, also where the variable names a model.
OFFLINE = "offline"
#: An example of each kind of spec.
EXAMPLES = {
    "transformers": "transformers:Qwen/Qwen2.5-VL-7B-Instruct",
    "openai": "openai:http://localhost:8080/v1#qwen2.5-vl",
    "scripted": "scripted:answers.json",
}
#: Most bytes of a file of scripted answers.
_MOST_SCRIPT = 2**22


@dataclass(frozen=True, slots=True)
class Spec:
    """A model as it was named."""

    kind: str  # of `EXAMPLES`
    where: str  # hub id or folder, address and model, file

    def __str__(self) -> str:
        """Return it as it is written, without a name and password that an address may hold."""
        return without_secrets(f"{self.kind}:{self.where}")


def spec_of(vlm: str | None, environ: Mapping[str, str] = os.environ) -> Spec | None:
    """Return the spec that holds: the argument, else the variable's; None for the offline mind.

    Nothing is loaded or contacted.

    Raises
    ------
    ControlError
        If it is no spec; the message says where it came from.
    """
    given = vlm if vlm is not None else environ.get(VARIABLE, "")
    text = given.strip()
    if text.lower() == OFFLINE or (vlm is None and not text):
        return None
    kind, colon, where = text.partition(":")
    if colon and kind.lower() in EXAMPLES and where:
        return Spec(kind.lower(), where)
    named = "vlm" if vlm is not None else VARIABLE
    hint = f"write openai:{without_secrets(text)}" if kind.lower() in ("http", "https") else _choices()
    raise ControlError(f"{named}={without_secrets(text)!r} names no model; {hint}")


def backend_of(vlm: str | Backend | None, environ: Mapping[str, str] = os.environ) -> Backend | None:
    """Return what runs the model, or None for the offline mind.

    Parameters
    ----------
    vlm
        A backend, which is returned as it is; a spec: ``"transformers:ID|FOLDER"``,
        ``"openai:URL#MODEL"``, ``"scripted:FILE.json"``; ``"offline"``; or None, which takes the spec of the
        variable ``CHIAROSCORE_VLM`` if it holds one.
    environ
        Where the variable is looked up.

    Raises
    ------
    ControlError
        If it is none of these.
    InputError
        If the file of scripted answers cannot be read.
    MissingPartError
        If what runs the model is not installed.
    BackendError
        If the address is none, or no model can be chosen there.
    """
    if vlm is not None and not isinstance(vlm, str):
        if not all(callable(getattr(vlm, name, None)) for name in ("complete", "abilities", "count")):
            raise ControlError(f"vlm={type(vlm).__name__} object is no backend; {_choices()}")
        return vlm
    spec = spec_of(vlm, environ)
    return None if spec is None else opened(spec)


def opened(spec: Spec) -> Backend:
    """Return the backend of a spec; a local model is loaded at its first answer.

    Raises as `backend_of` does.
    """
    if spec.kind == "transformers":
        from agent.vlm.local import TransformersBackend

        return TransformersBackend(spec.where)
    if spec.kind == "openai":
        from agent.vlm.remote import OpenAIBackend

        return OpenAIBackend.of_spec(spec.where)
    from agent.vlm.scripted import ScriptedBackend

    return ScriptedBackend(scripted_answers(spec.where))


def scripted_answers(file: str) -> list[str]:
    """Return the answers of a script: a JSON list of texts, or of objects, which are answered as JSON.

    Raises
    ------
    InputError
        If the file cannot be read, or is no such list.
    """
    path = pathlib.Path(file)
    try:
        if path.stat().st_size > _MOST_SCRIPT:
            raise InputError(f"{file!r} is longer than {_MOST_SCRIPT:,} bytes; shorten the script")
        found: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read the scripted answers {file!r}: {error.strerror}; check the path"
        ) from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file!r} is no JSON ({reason}); write a list of answers") from error
    if not isinstance(found, list) or not all(isinstance(one, str | dict) for one in found):
        raise InputError(f"{file!r} is no list of texts or objects; write a JSON list of answers")
    return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found]


def without_secrets(text: str) -> str:
    """Return a spec or address without the name and password that may stand before its host."""
    return re.sub(r"//[^@#\s]*@", "//...@", text)


def _choices() -> str:
    return f"write {', '.join(EXAMPLES.values())}, or {OFFLINE}"
