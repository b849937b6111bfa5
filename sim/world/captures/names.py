"""Names that DNS gave for addresses. They say where somebody went, so nobody keeps them unless they are asked for.

Only what a look-up asked is read, and the addresses in its answer (RFC 1035 §4.1); over UDP, and unencrypted.
"""

from __future__ import annotations

import re
from struct import Struct

_HEAD, _QUESTION, _ANSWER = Struct(">HHHHHH"), Struct(">HH"), Struct(">HHIH")
_RESPONSE = 0x8000
_A, _AAAA = 1, 28
_MOST_RECORDS = 64
_MOST_LABELS = 40
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
MOST_NAMES = 50_000


class Names:
    """What was asked in each conversation, and which address was the answer to which name."""

    def __init__(self) -> None:
        self.asked: dict[int, str] = {}
        """Number of a conversation → the first name asked in it."""
        self.of: dict[bytes, str] = {}
        """Address → the name it last was the answer to."""

    def note(self, conversation: int, message: bytes) -> None:
        """Read one DNS message; anything else in its place is passed over."""
        try:
            name, addresses = _read(message)
        except (ValueError, IndexError):
            return
        if len(self.of) + len(self.asked) < MOST_NAMES:
            self.asked.setdefault(conversation, name)
            self.of |= dict.fromkeys(addresses, name)


def _read(message: bytes) -> tuple[str, list[bytes]]:
    if len(message) < _HEAD.size:
        raise ValueError
    _, flags, questions, answers, _, _ = _HEAD.unpack_from(message)
    if questions != 1:
        raise ValueError
    name, at = _name(message, _HEAD.size)
    at += _QUESTION.size
    addresses = []
    for _ in range(min(answers, _MOST_RECORDS) if flags & _RESPONSE else 0):
        at = _behind_name(message, at)
        if len(message) < at + _ANSWER.size:
            break
        kind, _, _, size = _ANSWER.unpack_from(message, at)
        at += _ANSWER.size
        if (kind, size) in ((_A, 4), (_AAAA, 16)) and len(message) >= at + size:
            addresses.append(message[at : at + size])
        at += size
    return name, addresses


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The name at this place, which is not compressed in a question, and what is behind it."""
    labels: list[str] = []
    while size := message[at]:
        if size > 63 or len(labels) == _MOST_LABELS:
            raise ValueError
        labels.append(message[at + 1 : at + 1 + size].decode("ascii").lower())
        at += 1 + size
    name = ".".join(labels)
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise ValueError
    return name, at + 1


def _behind_name(message: bytes, at: int) -> int:
    for _ in range(_MOST_LABELS):
        size = message[at]
        if size >= 0xC0:
            return at + 2
        at += 1 + size
        if not size:
            return at
    raise ValueError
