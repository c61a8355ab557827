"""A model from a folder or a hub: loaded without code or pickles from outside, every failure in one line."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chiaroscore import BackendError, MissingPartError

_EXTRA = "pip install 'chiaroscore[local]'"
#: Seconds that the hub has to say whether it has a model.
_PATIENCE = 10.0
_NEEDED = ("transformers", "accelerate", "torchvision")

#: What stands in the names or texts of an error and of those that led to it -> what to say of it.
_SAYINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("GatedRepoError", "gated repo"), "is gated: accept its licence on the hub, then run `hf auth login`"),
    (
        (
            "OfflineMode",
            "LocalEntryNotFound",
            "couldn't connect",
            "ConnectError",
            "cannot find the requested",
        ),
        "is not in the local cache, and the hub was not reached; give a folder, or load it with a network",
    ),
    (
        (
            "RepositoryNotFoundError",
            "RevisionNotFoundError",
            "not a valid model identifier",
            "Repository Not",
        ),
        "is not on the hub; give an id such as Qwen/Qwen2.5-VL-3B-Instruct, or a folder",
    ),
    (
        ("HFValidationError",),
        "is neither an id such as Qwen/Qwen2.5-VL-3B-Instruct nor a folder that is there",
    ),
    (("trust_remote_code", "custom code"), "needs code from the hub, which is not run; choose another model"),
    (
        ("Unrecognized configuration class", "Unrecognized model", "does not recognize this architecture"),
        "is no image-text model that transformers knows; choose one such as Qwen/Qwen2.5-VL-3B-Instruct",
    ),
    (
        ("SafetensorError", "safetensors"),
        "has no readable safetensors weights; fetch it again, or choose one that has them",
    ),
    (
        ("Can't load", "Unrecognized processing class", "backend tokenizer", "JSONDecodeError"),
        "lacks files of its configuration, tokenizer or image processor, or they are broken; fetch it again",
    ),
)
_MEMORY = ("OutOfMemoryError", "MemoryError", "out of memory", "can't allocate memory", "offload")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model comes from and how it is put into memory; see `TransformersBackend`."""

    model: str
    dtype: str = "auto"
    device_map: str | Mapping[str, Any] | None = "auto"
    attn: str = "sdpa"
    local_files_only: bool = False
    revision: str | None = None

    @property
    def folder(self) -> pathlib.Path | None:
        """The folder, if the model is one on this machine."""
        path = pathlib.Path(self.model).expanduser()
        return path if path.is_dir() else None

    @property
    def name(self) -> str:
        """A hub id as it is, of a path only its last part."""
        path = pathlib.Path(self.model).expanduser()
        return (path.name or path.resolve().name) if self._is_path() else self.model

    def place(self) -> str:
        """Return what transformers is given.

        Raises
        ------
        BackendError
            If it is a path, and no model lies there.
        """
        if self.folder is None and self._is_path():
            raise BackendError(f"there is no model folder {self.model!r}; give a folder or a hub id")
        if self.folder is not None and not (self.folder / "config.json").is_file():
            raise BackendError(
                f"the folder {self.name!r} holds no model: it has no config.json; give another"
            )
        return str(self.folder or self.model)

    def _is_path(self) -> bool:
        return (
            self.folder is not None or self.model.startswith((".", "~", os.sep)) or self.model.count("/") > 1
        )


def load(source: Source) -> tuple[Any, Any]:
    """Return model and processor.

    Raises
    ------
    MissingPartError
        If a library is absent or does not fit another.
    BackendError
        If the model is not there, is no image-text model, or is too large.
    """
    check_libraries()
    place = source.place()
    options: dict[str, Any] = {"revision": source.revision or "main", "trust_remote_code": False}
    try:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        options["local_files_only"] = source.local_files_only or not _answers(source)
        with quiet(bars=source.folder is None and sys.stderr.isatty()):
            processor = AutoProcessor.from_pretrained(place, **options)
            model = AutoModelForImageTextToText.from_pretrained(
                place, dtype=_dtype(source.dtype), device_map=source.device_map,
                attn_implementation=source.attn, use_safetensors=True, **options,
            )  # fmt: skip
    except Exception as error:  # transformers, hub and weights raise nearly anything
        raise told(error, source.name, place) from None
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise BackendError(f"the model {source.name!r} has no image processor; choose an image-text model")
    return model.eval(), processor


def check_libraries() -> None:
    """Check that what local models need is installed and fits together.

    Raises
    ------
    MissingPartError
        If it does not; the message says what to install.
    """
    absent = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        raise MissingPartError(f"models in this process need {', '.join(absent)}; run {_EXTRA}")
    import torch

    try:
        import torchvision  # noqa: F401
    except (RuntimeError, ImportError, OSError, AttributeError) as error:
        raise MissingPartError(
            f"torchvision does not fit torch {torch.__version__} ({_first(error)}); install both from "
            "one index, e.g. pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu"
        ) from None


def told(error: Exception, name: str, place: str = "") -> BackendError | MissingPartError:
    """Return the error that tells of a failure with a model, in one line and without where the model lies."""
    if isinstance(error, BackendError | MissingPartError):
        return error
    chain = "\n".join(f"{type(one).__name__}: {one}" for one in _chain(error))
    if out_of_memory(error):
        return BackendError(
            f"the model {name!r} does not fit into memory; choose a smaller one, a smaller max_side, or "
            "dtype='bfloat16' (weights of 4 bit are not offered)"
        )
    first = _first(error).replace(place or name, name)
    if isinstance(error, ImportError):
        return MissingPartError(
            f"the model {name!r} needs a library that is not there ({first}); run {_EXTRA}, or install it"
        )
    for marks, saying in _SAYINGS:
        if any(mark in chain for mark in marks):
            return BackendError(f"the model {name!r} {saying}")
    return BackendError(
        f"the model {name!r} cannot be used ({first}); check device_map, dtype and attn, or try another model"
    )


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory was short."""
    return any(mark in f"{type(one).__name__}: {one}" for one in _chain(error) for mark in _MEMORY)


@contextmanager
def quiet(*, bars: bool = False) -> Iterator[None]:
    """Let transformers log errors only, and draw progress bars only if asked to."""
    from transformers.utils import logging

    level, drawn = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if not bars:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if drawn:
            logging.enable_progress_bar()


def _answers(source: Source) -> bool:
    """Return whether the hub answers, asked once and with little patience: transformers tries for minutes.

    Raises
    ------
    Exception
        What the hub says of a model that is not there or gated.
    """
    if source.folder is not None:
        return False
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        HfApi().model_info(source.model, revision=source.revision, timeout=_PATIENCE)
    except (httpx.TransportError, OfflineModeIsEnabled):
        return False
    return True


def _dtype(wanted: str) -> Any:
    """Return the number format; what "auto" is stands in `TransformersBackend`."""
    import torch

    if wanted != "auto":
        found = getattr(torch, wanted, None)
        if not isinstance(found, torch.dtype) or not found.is_floating_point:
            raise BackendError(
                f"dtype={wanted!r} is no floating-point format; choose auto, bfloat16 or float32"
            )
        return found
    if torch.accelerator.is_available():
        return "auto"
    capable: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if capable.get("amx_bf16") else torch.float32


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    one: BaseException | None = error
    for _ in range(12):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__


def _first(error: BaseException) -> str:
    """Return the first line of an error's message, short."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
