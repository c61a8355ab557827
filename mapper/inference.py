"""A mapper in use: vectors of pictures in, vectors of music and plans of the bank out.

Conventions
-----------
Arrays are numpy float32; ``n`` pictures, ``k`` samples of each. Sample ``k`` of a seed is the same on every
device, with every runtime (up to rounding), and however many others are drawn.
"""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError, InputError, MissingPartError
from mapper import deciding
from mapper.bank import BANK, Bank, load_bank
from mapper.files import Stored, load
from mapper.plain import PlainNetworks, few_threads
from mapper.sampling import GUIDANCE, VISITS, Sampler, noise

if TYPE_CHECKING:
    from mapper.config import ModelConfig
    from mapper.deciding import Decision

Floats = NDArray[np.float32]
Runtime = Literal["auto", "numpy", "torch", "onnx"]
RUNTIMES: tuple[Runtime, ...] = ("auto", "numpy", "torch", "onnx")
#: What names the mapper in the package.
SHIPPED = "shipped"
#: Most samples of a picture, and most pictures times samples that go through the networks at once.
MOST_SAMPLES, AT_ONCE = 1024, 4096


class Networks(Protocol):
    """What runs a mapper's networks; see `mapper.model.Networks`."""

    def reason(self, seen: Floats) -> Floats:
        """Return E_r for E_v."""

    def compose(
        self, seen: Floats, why: Floats, noise: Floats, visits: int, guidance: float, sampler: Sampler
    ) -> Floats:
        """Return E_m for E_v and E_r."""

    def tell(self, heard: Floats) -> dict[str, Floats]:
        """Return what the plan head reads in E_m."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a mapper makes of pictures: E_r, shape ``(n, why)``, and E_m, ``(n, k, heard)``; unit length."""

    why: Floats
    heard: Floats


class Mapper:
    """A mapper that has been read.

    Parameters
    ----------
    stored
        Configuration and tensors.
    bank
        Plans of its teacher; without it, vectors can be had, and no plans.
    networks
        What runs it; by default numpy.
    folder
        Where it was read from: its encoder lies there.
    """

    def __init__(
        self,
        stored: Stored,
        bank: Bank | None = None,
        networks: Networks | None = None,
        folder: pathlib.Path | None = None,
    ) -> None:
        self.stored, self.bank, self.folder = stored, bank, folder
        self.networks = networks or PlainNetworks(stored.config, stored.tensors)

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str] = SHIPPED,
        *,
        runtime: str = "auto",
        device: str = "cpu",
        encoder: str = "",
        seen: int = 0,
    ) -> Mapper:
        """Return the mapper in a folder.

        Parameters
        ----------
        folder
            That `mapper.files.save` made; ``"shipped"`` is the one in this package.
        runtime
            ``"numpy"`` is the fastest for a few pictures; ``"torch"`` for many, and on a GPU; ``"onnx"`` runs
            what `mapper.onnx.export` has put into the folder. ``"auto"`` is torch on a GPU, else numpy.
        device
            Of torch: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ...
        encoder, seen
            Id of the encoder whose vectors it shall take, and their length; by default any.

        Raises
        ------
        ControlError
            If the runtime or the device is unknown, or they do not go together.
        InputError
            If there is no mapper, it is damaged, or was trained for another encoder.
        MissingPartError
            If no mapper is shipped with this installation, or the runtime is not installed.
        """
        chosen = _runtime(runtime, device)
        place = shipped_folder() if os.fspath(folder) == SHIPPED else pathlib.Path(folder)
        stored = load(place, encoder=encoder, seen=seen)
        config = stored.config
        bank = load_bank(place, config.heard, config.why) if (place / BANK).exists() else None
        return cls(stored, bank, _networks(stored, chosen, device, place), place)

    @property
    def config(self) -> ModelConfig:
        """Shape of the model, and the encoders that it was trained with."""
        return self.stored.config

    @property
    def id(self) -> str:
        """Short name of its weights."""
        return self.stored.id

    @property
    def teacher(self) -> str:
        """Whose plans it was trained on; empty where that was not written down."""
        data = self.stored.about.get("data")
        teachers = data.get("teachers") if isinstance(data, dict) else None
        return ", ".join(map(str, teachers)) if isinstance(teachers, list) else ""

    def sample(
        self,
        seen: NDArray[Any],
        samples: int = 1,
        *,
        seed: int = 0,
        visits: int = VISITS,
        guidance: float = GUIDANCE,
        sampler: Sampler = "dpm",
    ) -> Heard:
        """Return what the music of pictures could be.

        Parameters
        ----------
        seen
            E_v, shape ``(n, length)``, or ``(length,)`` of one picture.
        samples
            For each picture.
        seed
            Of the noise that the samples start from.
        visits, guidance, sampler
            See `mapper.model.Networks.compose`.

        Raises
        ------
        ControlError
            If a number is out of range or the sampler unknown.
        InputError
            If E_v does not have the mapper's length, or has values that are no numbers.
        """
        rows = self._checked(seen)
        _check_range("samples", samples, 1, MOST_SAMPLES)
        _check_range("seed", seed, 0, 2**64 - 1)
        _check_range("guidance", guidance, 0.0, 20.0)
        step = max(1, AT_ONCE // samples)
        with few_threads(len(rows) * samples):
            parts = [
                self._sampled(rows[at : at + step], samples, seed, visits, guidance, sampler)
                for at in range(0, max(len(rows), 1), step)
            ]
        return Heard(np.concatenate([why for why, _ in parts]), np.concatenate([heard for _, heard in parts]))

    def tell(self, heard: Floats) -> dict[str, Floats]:
        """Return what the plan head reads in E_m, shape ``(n, heard)``; see `mapper.model.Networks.tell`."""
        return self.networks.tell(heard)

    def decide(self, heard: Floats) -> Decision:
        """Return the plan of the bank for one E_m, shape ``(heard,)``; see `mapper.deciding`.

        Raises
        ------
        MissingPartError
            If the mapper has no bank.
        """
        bank = self.check_plans()
        told = {name: values[0] for name, values in self.tell(heard[None]).items()}
        return deciding.decide(bank, heard, told, dict(self.config.questions))

    def check_plans(self) -> Bank:
        """Return the bank.

        Raises
        ------
        MissingPartError
            If the mapper has none.
        """
        if self.bank is None:
            raise MissingPartError(
                f"{self.id} has no plan bank ({BANK}), so it cannot plan; make one with `distill train`"
            )
        return self.bank

    def _sampled(
        self, rows: Floats, samples: int, seed: int, visits: int, guidance: float, sampler: Sampler
    ) -> tuple[Floats, Floats]:
        start = noise(seed, len(rows), self.config.latent, samples)
        why = self.networks.reason(rows)
        return why, self.networks.compose(rows, why, start, visits, guidance, sampler)

    def _checked(self, seen: NDArray[Any]) -> Floats:
        rows = np.atleast_2d(np.asarray(seen, dtype=np.float32))
        if rows.ndim != 2 or rows.shape[1] != self.config.seen:
            raise InputError(
                f"E_v has the shape {np.shape(seen)}, and the mapper {self.id} takes vectors of length "
                f"{self.config.seen}; use the encoder {self.config.encoder!r}"
            )
        if not np.isfinite(rows).all():
            raise InputError("E_v has values that are no numbers; look at the picture again")
        return rows


class TorchNetworks:
    """`mapper.model.Networks` with numpy arrays, on a device."""

    def __init__(self, stored: Stored, device: str) -> None:
        from mapper.model import build

        self.device = device
        self._networks = build(stored.config, stored.tensors, device)

    def reason(self, seen: Floats) -> Floats:
        """Return E_r for E_v."""
        return self._array(self._networks.reason(self._tensor(seen)))

    def compose(
        self, seen: Floats, why: Floats, noise: Floats, visits: int, guidance: float, sampler: Sampler
    ) -> Floats:
        """Return E_m for E_v and E_r."""
        look, reason, start = (self._tensor(one) for one in (seen, why, noise))
        return self._array(self._networks.compose(look, reason, start, visits, guidance, sampler))

    def tell(self, heard: Floats) -> dict[str, Floats]:
        """Return what the plan head reads in E_m."""
        return {
            name: self._array(values) for name, values in self._networks.tell(self._tensor(heard)).items()
        }

    def _tensor(self, values: Floats) -> Any:
        import torch

        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(self.device)

    def _array(self, values: Any) -> Floats:
        found: Floats = values.float().cpu().numpy()
        return found


def shipped_folder() -> pathlib.Path:
    """Return the folder of the mapper in this package.

    Raises
    ------
    MissingPartError
        If there is none.
    """
    place = pathlib.Path(__file__).parent / SHIPPED
    if not (place / "config.json").is_file():
        raise MissingPartError(
            "no mapper is shipped with this installation; train one with `chiaroscore distill train` and "
            "name its folder, or: pip install --force-reinstall chiaroscore"
        )
    return place


def _runtime(runtime: str, device: str) -> Runtime:
    """Return the runtime that is meant by a choice and a device."""
    if runtime not in RUNTIMES:
        raise ControlError(f"runtime {str(runtime)[:20]!r} is unknown; choose one of {', '.join(RUNTIMES)}")
    if runtime == "auto":
        return "numpy" if device == "cpu" else "torch"
    if device != "cpu" and runtime != "torch":
        raise ControlError(
            f"the runtime {runtime} works on the CPU, not on {str(device)[:20]!r}; choose torch"
        )
    return runtime


def _networks(stored: Stored, runtime: Runtime, device: str, folder: pathlib.Path) -> Networks:
    if runtime == "torch":
        _check_device(device)
        return TorchNetworks(stored, device)
    if runtime == "onnx":
        from mapper.onnx import OnnxNetworks

        return OnnxNetworks(stored.config, stored.tensors, folder, stored.digest)
    return PlainNetworks(stored.config, stored.tensors)


def _check_device(device: str) -> None:
    try:
        import torch
    except ImportError as error:
        raise MissingPartError(
            "torch is not installed; pip install torch, or choose the runtime numpy"
        ) from error
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        said = str(error).split("\n")[0][:120]
        raise ControlError(f"the device {str(device)[:20]!r} cannot be used ({said}); choose cpu") from error


def _check_range(name: str, value: float, low: float, high: float) -> None:
    whole = isinstance(low, int)
    fits = isinstance(value, int | np.integer if whole else int | float | np.number) and not isinstance(
        value, bool
    )
    if not fits or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise ControlError(f"{name}={str(value)[:40]} is not {kind} from {low:g} to {high:g}")
