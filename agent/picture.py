"""Opening pictures: from whatever a user has to one upright RGB picture of bounded size.

Conventions
-----------
A picture is untrusted input: the file's size and the header's pixel count are checked before anything is
decoded, only formats that Pillow decodes itself are tried (EPS would start Ghostscript), and whatever goes
wrong ends in `InputError`. Transparent pixels are laid on white. Colours are taken as sRGB; embedded
profiles are not applied.
"""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
import re
import stat
import threading
import warnings
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from chiaroscore import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What `open_picture` takes: a path, bytes of a file, an open binary file, a PIL image, an array of pixels.
Picture: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | Image.Image | NDArray[Any]"

#: Longest side of an opened picture; the analysis looks at 260 to 320 pixels, the report shows about 1,000.
MAX_SIDE = 1024
#: Largest file read. A 100-megapixel JPEG of a camera is about 60 MB.
MAX_BYTES = 128 * 2**20
#: Largest picture decoded, in pixels (Pillow's RGB takes 4 bytes for each).
MAX_PIXELS = 100_000_000

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "AVIF", "JPEG2000", "ICO")
_ORIENTATION = 0x0112  # EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# warnings.catch_warnings changes the whole process: one picture is decoded at a time.
_lock = threading.Lock()


def open_picture(image: Picture) -> Image.Image:
    """Return ``image`` as an upright RGB picture whose longer side is at most `MAX_SIDE` pixels.

    Parameters
    ----------
    image : path, bytes, binary file, PIL image, or array
        Arrays have shape (height, width) or (height, width, 1 to 4) and hold uint8, uint16, bool, other
        integers within 0-255, or floats within 0-1. Of an animation the first frame is taken.

    Raises
    ------
    InputError
        If it is missing, unreadable, too large, truncated, empty, or no picture.

    Examples
    --------
    >>> import numpy as np
    >>> open_picture(np.zeros((20, 30, 3), np.uint8)).size
    (30, 20)
    """
    if isinstance(image, Image.Image):
        return _decode(image, "the PIL image")
    if isinstance(image, np.ndarray):
        return _decode(_from_array(image), "the array")
    data, name = _read(image)
    return _decode(io.BytesIO(data), name)


def picture_hash(picture: Image.Image) -> str:
    """Return the SHA-256 (64 hex digits) of a picture's mode, size and pixels."""
    digest = hashlib.sha256(f"{picture.mode} {picture.width}x{picture.height}\n".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def _read(source: object) -> tuple[bytes, str]:
    """Return at most `MAX_BYTES` of a path, of bytes or of an open file, with a name for messages."""
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), "the bytes given"
    elif isinstance(source, str | os.PathLike):
        name = repr(os.fspath(source))
        data = _read_path(pathlib.Path(source), name)
    elif hasattr(source, "read"):
        name = "the open file"
        try:
            data = source.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise InputError(
                f"cannot read {name}: {error}; give a file open for reading in binary mode"
            ) from error
        if not isinstance(data, bytes):
            raise InputError(f"{name} gives {type(data).__name__}, not bytes; open it in binary mode ('rb')")
    else:
        raise InputError(
            f"a picture cannot be a {type(source).__name__}; "
            "give a path, bytes, a binary file, a PIL image or a numpy array"
        )
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES // 2**20} MB; give a smaller picture")
    if not data:
        raise InputError(f"{name} is empty (0 bytes); give a picture file such as PNG, JPEG or WebP")
    return data, name


def _read_path(path: pathlib.Path, name: str) -> bytes:
    """Return the first `MAX_BYTES` + 1 bytes of a regular file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{name} is a folder; name one picture in it")
        if not stat.S_ISREG(mode):
            raise InputError(f"{name} is not a regular file; name a picture file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(
            f"there is no file {name}; check the path (addresses on the web must be downloaded first)"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(
            f"cannot read {name}: {getattr(error, 'strerror', None) or error}; check its permissions"
        ) from error


def _decode(source: Image.Image | io.BytesIO, name: str) -> Image.Image:
    """Open, bound, decode, shrink, turn upright and make RGB; every failure becomes an `InputError`."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            opened = source if isinstance(source, Image.Image) else Image.open(source, formats=_formats())
            _check_size(opened.width, opened.height, name)
            orientation = opened.getexif().get(_ORIENTATION)
            if opened is not source:
                opened.draft("RGB", _bounded(opened.width, opened.height))  # JPEG: decode at 1/2, 1/4 or 1/8
            small = _shrink(_plain(opened))
            upright = small.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else small
            return _on_white(upright)
        except InputError:
            raise
        except Image.DecompressionBombError as error:
            seen = re.search(r"\d+", str(error))
            count = f"{int(seen.group()):,}" if seen else "too many"
            raise InputError(
                f"{name} has {count} pixels, too many; the most is {MAX_PIXELS:,}; give a smaller picture"
            ) from error
        except UnidentifiedImageError as error:
            raise InputError(
                f"{name} is not a picture that can be read; give PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP "
                "(convert HEIC, SVG and raw camera files first)"
            ) from error
        except Exception as error:  # hostile files make Pillow's decoders raise nearly anything
            raise InputError(
                f"{name} is damaged and cannot be decoded ({error}); give an intact picture"
            ) from error


def _formats() -> list[str]:
    """Return the formats of `_FORMATS` that this Pillow knows."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _check_size(width: int, height: int, name: str) -> None:
    """Refuse pictures without pixels and with too many, from the header alone."""
    if width < 1 or height < 1:
        raise InputError(f"{name} has no pixels ({width} x {height}); give a picture of at least 1 x 1")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{name} has {width:,} x {height:,} pixels; the most is {MAX_PIXELS:,}; give a smaller picture"
        )


def _bounded(width: int, height: int) -> tuple[int, int]:
    """Return the size within `MAX_SIDE` with the same proportions."""
    scale = min(1.0, MAX_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _plain(image: Image.Image) -> Image.Image:
    """Return a decoded picture in a mode that can be resized: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith(("I", "F")):
        return _from_array(np.asarray(image))
    if image.mode == "P" or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        image.load()
        return image
    return image.convert("RGBA" if image.mode in ("PA", "La", "RGBa") else "RGB")


def _shrink(image: Image.Image) -> Image.Image:
    """Return the picture within `MAX_SIDE`; fast for large ones: box reduction first, then Lanczos."""
    size = _bounded(image.width, image.height)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _on_white(image: Image.Image) -> Image.Image:
    """Return a new RGB picture; what is transparent shows white."""
    if image.mode not in ("RGBA", "LA"):
        return image.convert("RGB") if image.mode != "RGB" else image.copy()
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _from_array(array: NDArray[Any]) -> Image.Image:
    """Return a PIL image (L, LA, RGB or RGBA) of an array of pixels."""
    pixels = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (2, 3, 4)):
        raise InputError(
            f"an array of shape {array.shape} is no picture; give (height, width) or (height, width, 3 or 4)"
        )
    _check_size(pixels.shape[1], pixels.shape[0], "the array")
    return Image.fromarray(np.ascontiguousarray(_to_bytes(pixels)))


def _to_bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return values scaled to 0-255 by type: 16-bit, bool, float within 0-1, integers within 0-255."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16 or (
        pixels.dtype == np.int32 and pixels.max() > 255 and pixels.max() < 65536
    ):
        return np.asarray(np.clip(pixels, 0, None) // 257, dtype=np.uint8)
    if pixels.dtype == np.bool_:
        return np.where(pixels, np.uint8(255), np.uint8(0))
    if pixels.dtype.kind not in "iuf":
        raise InputError(
            f"pixels of type {pixels.dtype} cannot be read; give uint8, uint16 or float within 0-1"
        )
    low, high = float(pixels.min()), float(pixels.max())
    top = 1.0 if pixels.dtype.kind == "f" else 255.0
    if not (low >= -1e-6 and high <= top + 1e-6):  # also true for NaN
        raise InputError(
            f"{pixels.dtype} pixels lie within {low:g} to {high:g}, not 0 to {top:g}; rescale or give uint8"
        )
    return np.asarray(np.rint(np.clip(pixels.astype(np.float32) / top, 0, 1) * 255), dtype=np.uint8)
