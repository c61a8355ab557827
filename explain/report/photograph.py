"""The picture as it stands in a page: small, without metadata."""

from __future__ import annotations

import base64
import io

from PIL import Image


def flattened(picture: Image.Image, side: int) -> Image.Image:
    """Return an RGB copy with no side longer than ``side`` pixels; what is transparent becomes white."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    if not small.has_transparency_data:
        return small.convert("RGB")
    white = Image.new("RGBA", small.size, "white")
    return Image.alpha_composite(white, small.convert("RGBA")).convert("RGB")


def photograph(picture: Image.Image, side: int) -> tuple[Image.Image, bytes]:
    """Return the small copy and its JPEG."""
    small = flattened(picture, side)
    data = io.BytesIO()
    small.save(data, "JPEG", quality=85, optimize=True)
    return small, data.getvalue()


def uri(kind: str, data: bytes) -> str:
    """Return data as an address that a page can use without a request."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
