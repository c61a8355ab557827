"""The same bytes from every OGG encoding: libsndfile takes a stream number from the clock, we a constant."""

from __future__ import annotations

import zlib

_SERIAL = b"CHIA"
_HEAD = 27  # bytes of a page before its segment table (RFC 3533, section 6)
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial(data: bytes, serial: bytes = _SERIAL) -> bytes:
    """Return an Ogg stream with its number set to ``serial`` (4 bytes) and its checksums redone.

    Page layout by RFC 3533: serial at byte 14, checksum at 22, number of segments at 26.
    """
    pages, at = [], 0
    while data[at : at + 4] == b"OggS":
        sizes = data[at + _HEAD : at + _HEAD + data[at + 26]]
        end = at + _HEAD + len(sizes) + sum(sizes)
        head, body = data[at : at + 14] + serial + data[at + 18 : at + 22], data[at + 26 : end]
        pages.append(head + checksum(head + bytes(4) + body) + body)
        at = end
    return b"".join(pages) + data[at:]


def checksum(page: bytes) -> bytes:
    """Return the CRC of a page: polynomial 0x04C11DB7, highest bit first, start 0, no final inversion.

    zlib's CRC has the same polynomial mirrored, so mirrored bytes go in and a mirrored, inverted sum comes
    out.
    """
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "little").translate(_MIRROR)[::-1]
