"""Finds damage in FFV1 packets, which FFmpeg's decoder reports in its log only and paints over.

Each slice ends in a trailer: its size (3 bytes), an error status (1 byte) and a checksum (4 bytes) that makes
the CRC-32 of the whole slice zero. Files written without checksums have the 3 bytes alone (RFC 9043, 4.9).
"""

from __future__ import annotations

import zlib

_TRAILER = 8
#: FFV1's checksum runs from the highest bit down, zlib's from the lowest up: the same sum over mirrored bytes
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_START = _ZERO = 0xFFFFFFFF


def is_damaged(packet: bytes) -> bool:
    """Whether a slice's checksum contradicts its bytes; False too when the packet carries none."""
    return any(zlib.crc32(part.translate(_MIRRORED), _START) != _ZERO for part in _slices(packet))


def _slices(packet: bytes) -> list[bytes]:
    """The slices, last one first; empty when the packet does not end in a chain of trailers with checksums."""
    slices = []
    end = len(packet)
    while end >= _TRAILER:
        begin = end - _TRAILER - int.from_bytes(packet[end - _TRAILER : end - _TRAILER + 3], "big")
        if begin < 0:
            return []
        slices.append(packet[begin:end])
        end = begin
    return [] if end else slices
