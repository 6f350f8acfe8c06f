"""Messages on a stream of bytes: the length in four bytes, then the message."""

from __future__ import annotations

import struct

FRAME_BYTES_MAX = 256 << 20  # all offsets of a big connector fit; a broken length does not
_HEAD = struct.Struct("<I")


class BrokenFrame(Exception):
    """The other side does not speak this protocol."""


def framed(message: bytes) -> bytes:
    """The message as it goes over the wire."""
    if len(message) > FRAME_BYTES_MAX:
        raise BrokenFrame(f"A message of {len(message)} bytes is larger than {FRAME_BYTES_MAX}.")
    return _HEAD.pack(len(message)) + message


class FrameReader:
    """Cuts what is received into messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now. Raises BrokenFrame."""
        self._received += data
        messages: list[bytes] = []
        at = 0
        while len(self._received) - at >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._received, at)
            if length > FRAME_BYTES_MAX:
                raise BrokenFrame(f"A message claims to have {length} bytes.")
            end = at + _HEAD.size + length
            if len(self._received) < end:
                break
            messages.append(bytes(self._received[at + _HEAD.size : end]))
            at = end
        del self._received[:at]
        return messages
