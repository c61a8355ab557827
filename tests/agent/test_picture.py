"""Opening pictures: every kind a user may have, and every way in which a file can be wrong."""

import hashlib
import io
import os
import pathlib
import struct
import subprocess
import sys
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from agent.picture import MAX_PIXELS, MAX_SIDE, open_picture, picture_hash
from chiaroscore import InputError

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples" / "images"


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def quarters():
    """Red, green / blue, yellow: every turn and mirror image of it is another picture."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30], pixels[:20, 30:], pixels[20:, :30], pixels[20:, 30:] = (
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 0),
    )
    return pixels


def corners(picture):
    """Colours near the four corners: top left, top right, bottom left, bottom right."""
    w, h = picture.size
    return [picture.getpixel(p) for p in ((3, 3), (w - 4, 3), (3, h - 4), (w - 4, h - 4))]


RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


def test_every_source_gives_the_same_picture(tmp_path):
    image = Image.fromarray(quarters())
    data = encoded(image)
    path = tmp_path / "a.png"
    path.write_bytes(data)
    sources = [
        str(path),
        path,
        data,
        bytearray(data),
        io.BytesIO(data),
        image,
        quarters(),
        quarters() / 255.0,
    ]
    sources.append(quarters().astype(np.uint16) * 257)
    hashes = {picture_hash(open_picture(source)) for source in sources}
    with path.open("rb") as file:
        hashes.add(picture_hash(open_picture(file)))
    expected = hashlib.sha256(b"RGB 60x40\n" + quarters().tobytes()).hexdigest()
    assert hashes == {expected}


def test_the_given_picture_is_left_alone():
    image = Image.fromarray(quarters())
    opened = open_picture(image)
    opened.paste((0, 0, 0), (0, 0, 60, 40))
    assert image.getpixel((0, 0)) == RED


# What a viewer shows for each EXIF orientation of the quarters: (EXIF 2.3, table of tag 274)
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, YELLOW]),
        (2, [GREEN, RED, YELLOW, BLUE]),
        (3, [YELLOW, BLUE, GREEN, RED]),
        (4, [BLUE, YELLOW, RED, GREEN]),
        (5, [RED, BLUE, GREEN, YELLOW]),
        (6, [BLUE, RED, YELLOW, GREEN]),
        (7, [YELLOW, GREEN, BLUE, RED]),
        (8, [GREEN, YELLOW, RED, BLUE]),
    ],
)
def test_exif_orientation(orientation, expected):
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encoded(Image.fromarray(quarters()), "PNG", exif=exif))
    assert corners(opened) == expected
    assert opened.size == ((60, 40) if orientation < 5 else (40, 60))


def test_exif_orientation_of_a_large_jpeg_that_is_decoded_small():
    exif = Image.Exif()
    exif[0x0112] = 6
    large = Image.fromarray(quarters()).resize((6000, 4000), Image.Resampling.NEAREST)
    opened = open_picture(encoded(large, "JPEG", exif=exif, quality=90))
    assert opened.size == (683, 1024)
    assert np.abs(np.subtract(corners(opened), [BLUE, RED, YELLOW, GREEN])).max() < 20


def test_transparency_shows_white():
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[:, 5:] = (10, 20, 30, 255)
    assert corners(open_picture(encoded(Image.fromarray(pixels)))) == [(255, 255, 255), (10, 20, 30)] * 2
    grey = Image.merge("LA", [Image.new("L", (4, 4), 0), Image.new("L", (4, 4), 127)])
    assert open_picture(encoded(grey)).getpixel((0, 0)) == (128, 128, 128)


def test_palette_with_and_without_transparency():
    plain = Image.fromarray(quarters()).quantize(8)
    assert corners(open_picture(encoded(plain, "GIF"))) == [RED, GREEN, BLUE, YELLOW]
    clear = plain.copy()
    clear.info["transparency"] = clear.getpixel((0, 0))
    assert corners(open_picture(encoded(clear, "PNG"))) == [(255, 255, 255), GREEN, BLUE, YELLOW]


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LA", "PA", "I", "I;16", "F"]
)
def test_every_mode_of_pil_becomes_rgb(mode):
    if mode in ("I;16", "I", "F"):
        grey = np.full((8, 8), 1.0 if mode == "F" else 65535)
        image = Image.fromarray(grey.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    else:
        image = Image.new("RGB", (8, 8), "white").convert("LA" if mode == "PA" else mode).convert(mode)
    opened = open_picture(image)
    assert opened.mode == "RGB"
    assert min(opened.getpixel((4, 4))) >= 253


def test_sixteen_bit_grey_keeps_its_halftones():
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (4, 1))
    opened = np.asarray(open_picture(encoded(Image.fromarray(ramp))))
    assert np.abs(opened[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_cmyk_jpeg():
    data = encoded(Image.new("RGB", (32, 32), (200, 30, 40)).convert("CMYK"), "JPEG", quality=95)
    assert Image.open(io.BytesIO(data)).mode == "CMYK"
    assert np.abs(np.subtract(open_picture(data).getpixel((16, 16)), (200, 30, 40))).max() < 8


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "green")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert open_picture(data).getpixel((8, 8)) == RED


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (5000, 3), (1024, 1024), (1025, 700)])
def test_sizes_are_bounded_and_never_nothing(shape):
    opened = open_picture(np.zeros((*shape, 3), np.uint8))
    assert max(opened.size) == min(MAX_SIDE, max(shape))
    assert min(opened.size) >= 1


def test_opening_what_was_opened_changes_nothing():
    once = open_picture(EXAMPLES / "d05_coffee_cup.jpg")
    assert picture_hash(open_picture(once)) == picture_hash(once)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((0, 5, 3), np.uint8), "no pixels"),
        (np.zeros((5,), np.uint8), "shape (5,)"),
        (np.zeros((5, 5, 7), np.uint8), "shape (5, 5, 7)"),
        (np.zeros((2, 5, 5, 3), np.uint8), "shape (2, 5, 5, 3)"),
        (np.full((5, 5), 3.0), "0 to 1"),
        (np.full((5, 5), np.nan), "nan"),
        (np.full((5, 5), -1), "0 to 255"),
        (np.full((5, 5), "x"), "type"),
        (np.zeros((5, 5), complex), "type"),
    ],
)
def test_arrays_that_are_no_pictures(array, said):
    with pytest.raises(InputError) as caught:
        open_picture(array)
    assert said in str(caught.value)


def test_arrays_of_other_types():
    assert open_picture(np.array([[True, False]])).getpixel((0, 0)) == (255, 255, 255)
    assert open_picture(np.full((2, 2), 200, np.int64)).getpixel((0, 0)) == (200, 200, 200)
    assert open_picture(np.full((2, 2, 1), 0.5)).getpixel((0, 0)) == (128, 128, 128)
    assert open_picture(np.full((2, 2, 4), 0.0)).getpixel((0, 0)) == (255, 255, 255)
    assert open_picture(np.asfortranarray(quarters())[:, ::-1]).getpixel((0, 0)) == GREEN


def png_header(width, height):
    """A PNG that claims a size: signature, IHDR, a scrap of data."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "size", [(50_000, 50_000), (10_001, 10_000), (1_000_000, 101), (2**31 - 1, 2**31 - 1)]
)
def test_too_many_pixels_are_refused_from_the_header(size):
    before = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="pixels"):
            open_picture(png_header(*size))
    assert time.perf_counter() - before < 1


def test_a_real_bomb_takes_neither_time_nor_memory(tmp_path):
    """A real 50,000 x 50,000 PNG of 300 kB, opened in a process of its own."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(6251 * 100)) for _ in range(500)) + rows.flush()

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    code = (
        "import pathlib, resource, sys, time\n"
        "from agent.picture import open_picture\nfrom chiaroscore import InputError\n"
        "start = time.perf_counter()\n"
        "try:\n    open_picture(sys.argv[1])\nexcept InputError as error:\n    print(error)\n"
        "took = time.perf_counter() - start\n"
        # ru_maxrss would start at the parent's size
        "status = pathlib.Path('/proc/self/status')\n"
        "own = status.exists() and int(status.read_text().split('VmHWM:')[1].split()[0])\n"
        "print(took, (own or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    message, figures = run.stdout.strip().splitlines()
    seconds, megabytes = map(float, figures.split())
    assert "50,000 x 50,000" in message or f"{MAX_PIXELS:,}" in message
    assert run.stderr == ""
    assert seconds < 5
    assert megabytes < 300


def test_no_pixels():
    for size in ((0, 0), (0, 10), (10, 0)):
        with pytest.raises(InputError):
            open_picture(png_header(*size))
    with pytest.raises(InputError, match="no pixels"):
        open_picture(Image.new("RGB", (0, 0)))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_truncated_files(kind, share):
    whole = encoded(Image.open(EXAMPLES / "d05_coffee_cup.jpg"), kind)
    with pytest.raises(InputError, match=r"the bytes given is (damaged|not a picture)"):
        open_picture(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is text\n" * 50,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"GIF89a" + b"\xff" * 50,
        bytes(5000),
    ],
)
def test_what_is_no_picture(data):
    with pytest.raises(InputError):
        open_picture(data)


def test_broken_bytes_inside_never_raise_anything_else():
    rng = np.random.default_rng(1)
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"):
        good = bytearray(encoded(Image.fromarray(quarters()), kind))
        for _ in range(40):
            bad = bytearray(good)
            for place in rng.integers(0, len(bad), 6):
                bad[place] = rng.integers(0, 256)
            try:
                assert open_picture(bytes(bad)).mode == "RGB"
            except InputError as error:
                assert "\n" not in str(error)


def test_paths_that_are_no_pictures(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        open_picture(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        open_picture(tmp_path / "missing.jpg")
    with pytest.raises(InputError, match="there is no file"):
        open_picture("https://example.org/a.jpg")
    with pytest.raises(InputError):
        open_picture("a\0b.jpg")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(InputError, match="empty"):
        open_picture(tmp_path / "empty.jpg")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        open_picture(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(Image.new("RGB", (4, 4))))
    path.chmod(0)
    with pytest.raises(InputError, match="permission"):
        open_picture(path)


def test_other_things_that_are_no_pictures(tmp_path):
    for thing in (None, 3, ["a.jpg"], {"a": 1}):
        with pytest.raises(InputError, match="cannot be a"):
            open_picture(thing)
    (tmp_path / "a.txt").write_text("x")
    with (tmp_path / "a.txt").open() as text, pytest.raises(InputError, match="binary"):
        open_picture(text)


def test_a_file_that_is_too_large_is_not_read_whole(monkeypatch, tmp_path):
    monkeypatch.setattr("agent.picture.MAX_BYTES", 2000)
    path = tmp_path / "large.bmp"
    path.write_bytes(encoded(Image.new("RGB", (100, 100)), "BMP"))
    with pytest.raises(InputError, match="larger than"):
        open_picture(path)
    with path.open("rb") as file:
        with pytest.raises(InputError, match="larger than"):
            open_picture(file)
        assert file.tell() == 2001


def test_the_hash_tells_pictures_apart():
    wide, high = np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2, 3), np.uint8)
    other = wide.copy()
    other[1, 2, 2] = 1
    assert len({picture_hash(open_picture(a)) for a in (wide, high, other)}) == 3
