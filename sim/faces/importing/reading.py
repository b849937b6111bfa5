"""From a file somebody gave us to plain values: what every reader of this folder shares.

A configuration file is untrusted and usually holds secrets. So a file is read only up to a limit, a text is shown to
people only after :func:`plain`, and a value is shown only after it proved to be what it should be: a host, an address,
a number, one word of a list. Anything else is described by its key, never by its content.
"""

from __future__ import annotations

import base64
import ipaddress
import plistlib
import re
import stat
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers.expat import ExpatError

from sim.base.refusal import Refusal
from sim.base.units import seconds, write_duration

LIMIT = 5_000_000
"""Largest file that is read; the largest real one seen is 13 kB. [bytes]"""

IDENTITY = "identity and secrets: not used by the model and never shown"
CRYPTOGRAPHY = "cryptography: the model's timing does not depend on the algorithms"
PACKETS = "packet sizes and buffers: the model does not depend on them"
COMPUTERS = "for computers: the app on iOS does not use it"
LOGGING = "logging: no effect on the network"


def each(names: str, why: str) -> dict[str, str]:
    """One explanation for each of the names, which are separated by blanks."""
    return dict.fromkeys(names.split(), why)


_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.()-]{0,79}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_PLIST = re.compile(rb"<\?xml\s+version|<!DOCTYPE\s+plist|<plist[\s>]")
_PEM = re.compile(rb"-----BEGIN (?:PKCS7|CMS)-----(.*?)-----END (?:PKCS7|CMS)-----", re.DOTALL)
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # the object identifier 1.2.840.113549.1.7.2, RFC 5652 §5.1

TEXT_LIMIT = 1_000_000
"""Largest text without markup. [bytes]"""
MOST_SERVERS = 64
"""As many as OpenVPN itself keeps of one file (CONNECTION_LIST_SIZE)."""
MOST_NETWORKS = 2_000
MOST_VALUES = 5_000
"""Most values in a property list. A binary one may refer to one value many times, so its file may be small."""
DEEPEST = 40
"""Deepest nesting of a property list; a profile needs about ten."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ImportRefused(Refusal):
    """A file that cannot be imported: why, and what to do about it."""

    def __init__(self, file: str, reason: str, hint: str = "") -> None:
        super().__init__(file, reason, hint)
        self.file, self.reason, self.hint = file, reason, hint

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}" + (f"\n{self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one key of the file."""

    key: str
    text: str
    effect: bool
    """Whether the key changes a run."""


@dataclass(frozen=True)
class Imported:
    """A configuration as the scenario's `[vpn]` table and `[[servers]]` say it."""

    kind: str
    name: str
    vpn: dict[str, Any]
    servers: list[dict[str, Any]]
    notes: list[Note]


# Files ----------------------------------------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises
    ------
    ImportRefused
        If there is no such file, it is a directory or a device, cannot be read, is empty, or larger than :data:`LIMIT`.
    """
    file = plain(str(path), 300)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImportRefused(file, "is a directory", "Name one configuration file.")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise ImportRefused(file, "is not a file", "Name one configuration file.")
        with path.open("rb") as stream:
            raw = stream.read(LIMIT + 1)
    except FileNotFoundError:
        raise ImportRefused(file, "there is no such file") from None
    except PermissionError:
        raise ImportRefused(file, "no permission to read it") from None
    except (OSError, ValueError) as wrong:
        raise ImportRefused(file, f"cannot be read ({type(wrong).__name__})") from None
    if len(raw) > LIMIT:
        raise ImportRefused(file, f"is larger than {LIMIT // 1_000_000} MB", "VPN configurations are a few kilobytes.")
    if not raw.strip():
        raise ImportRefused(file, "the file is empty")
    return raw


def as_text(raw: bytes) -> str | None:
    """The text of a file, or nothing if it is not text. A few undecodable bytes or control characters are forgiven."""
    utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = raw.decode("utf-16" if utf16 else "utf-8", errors="replace").removeprefix("\ufeff")
    clean = _CONTROL.sub("", text)
    # Comments in an old encoding leave some undecodable bytes, an accident a stray zero; binary data is full of both.
    if (len(text) - len(clean)) * 50 > len(text) or clean.count("\ufffd") * 4 > len(text):
        return None
    return clean.replace("\r\n", "\n").replace("\r", "\n")


# Property lists -------------------------------------------------------------------------------------------------------


def is_property_list(raw: bytes) -> bool:
    """Whether this is meant to be a property list, perhaps in the envelope of a signature."""
    return is_envelope(raw) or raw.startswith(b"bplist") or bool(_PLIST.search(_as_utf8(raw)))


def is_envelope(raw: bytes) -> bool:
    """Whether this begins as a signature's envelope does: a SEQUENCE in DER or BER, or its text form."""
    return (raw.startswith(b"\x30") and raw[1:2] >= b"\x80") or bool(_PEM.match(raw.lstrip()))


def opened(draft: Draft, raw: bytes) -> bytes:
    """The content of a CMS SignedData structure (RFC 5652 §5.1). Only the way to the content is read.

    Apple's tools write DER; servers that sign on the fly write BER with indefinite lengths and a content in pieces.
    """
    if pem := _PEM.match(raw.lstrip()):
        raw = base64.b64decode(re.sub(rb"[^A-Za-z0-9+/]", b"", pem[1]) + b"==")
    try:
        at = _inside(raw, 0, 0x30)
        if not raw.startswith(_SIGNED_DATA, at):
            draft.refuse(
                "a binary container that is no signed profile", "Is it encrypted, a certificate or a PKCS#12 file?"
            )
        at = _inside(raw, _inside(raw, _after(raw, at), 0xA0), 0x30)
        at = _inside(raw, _after(raw, _after(raw, at)), 0x30)
        return _octets(raw, _inside(raw, _after(raw, at), 0xA0))
    except (IndexError, ValueError):
        draft.refuse("looks like a signed profile, but its envelope cannot be read", "Is the file complete?")


def _header(raw: bytes, at: int) -> tuple[int, int | None]:
    """Where the content of the element at `at` begins, and where it ends; nothing for an indefinite length."""
    length, begin = raw[at + 1], at + 2
    if length < 0x80:
        return begin, begin + length
    if length == 0x80:
        return begin, None
    count = length & 0x7F
    if count > 4:
        raise ValueError
    return begin + count, begin + count + int.from_bytes(raw[begin : begin + count], "big")


def _inside(raw: bytes, at: int, tag: int) -> int:
    if raw[at] != tag:
        raise ValueError
    return _header(raw, at)[0]


def _after(raw: bytes, at: int) -> int:
    """Behind the element at `at`, whose own elements may be of indefinite length, too."""
    open_ends = 0
    while True:
        begin, end = _header(raw, at)
        if raw[at : at + 2] == b"\0\0":
            open_ends -= 1
        open_ends += end is None
        at = begin if end is None else end
        if open_ends <= 0:
            return at


def _octets(raw: bytes, at: int) -> bytes:
    """The OCTET STRING at `at`, in one piece or in several."""
    tag = raw[at]
    begin, end = _header(raw, at)
    if tag == 0x04 and end is not None:
        return raw[begin:end]
    if tag != 0x24:
        raise ValueError
    pieces, at = [], begin
    while at < (len(raw) if end is None else end) and raw[at] == 0x04:
        begin, stop = _header(raw, at)
        if stop is None or stop > len(raw):
            raise ValueError
        pieces.append(raw[begin:stop])
        at = stop
    return b"".join(pieces)


def property_list(draft: Draft, raw: bytes) -> dict[str, Any]:
    """The property list in `raw`, checked to be of a reasonable size and depth."""
    if raw.startswith(b"bplist"):
        # Memory is set aside for each object that the trailer announces.
        if len(raw) < 40 or struct.unpack(">6xBBQQQ", raw[-32:])[2] > len(raw):
            draft.refuse("the binary property list is damaged", "Is the file complete?")
    else:
        raw = _xml(draft, _as_utf8(raw))
    try:
        found = plistlib.loads(raw)
    except ExpatError as wrong:
        draft.refuse(f"the XML cannot be read beyond line {wrong.lineno}", "Is the file complete?")
    # What else plistlib lets escape for a file that is no property list differs between its versions.
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
        struct.error,
    ):
        draft.refuse("the property list cannot be read", "Is the file complete, and is it a profile?")
    _check_size(draft, found)
    if not isinstance(found, dict):
        draft.refuse("the property list is not a dictionary, so it is no profile")
    return found


def _as_utf8(raw: bytes) -> bytes:
    """XML in UTF-16 as UTF-8, without the declaration of its encoding; anything else unchanged."""
    for mark, encoding in (
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
    ):
        if raw.startswith(mark):
            text = raw.decode(encoding, errors="replace")
            return re.sub(r"<\?xml[^>]*\?>", '<?xml version="1.0"?>', text, count=1).encode()
    return raw


def _xml(draft: Draft, raw: bytes) -> bytes:
    start = _PLIST.search(raw)
    if start is None:
        draft.refuse("the file is no property list", "A profile begins with <?xml or <plist.")
    if raw[: start.start()].strip(b"\xef\xbb\xbf \t\r\n"):
        draft.ignore("text before the profile", "skipped; iOS itself may refuse such a file")
    xml = raw[start.start() :]
    if end := re.search(rb"</plist\s*>", xml):
        xml = xml[: end.end()]
    if re.search(rb"<!ENTITY", xml, re.IGNORECASE):
        draft.refuse("the XML declares entities, which no profile needs and with which files attack their readers")
    return xml


def _check_size(draft: Draft, found: Any) -> None:
    values, level = 0, [found]
    for _ in range(DEEPEST):
        values += len(level)
        if values > MOST_VALUES:
            draft.refuse("the property list holds far more values than a profile does")
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    draft.refuse("the property list is nested far deeper than a profile is")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


# Words and numbers ----------------------------------------------------------------------------------------------------


def plain(text: str, most: int = 80) -> str:
    """The text in one line without control characters, cut to `most` characters: fit for a terminal and a comment."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def word(value: Any) -> str | None:
    """The value if it looks like a name of a format (a key, a type, an identifier), so that it may be shown."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def text_of(value: Any) -> str | None:
    """A text without surrounding blanks and without a superfluous pair of double quotes."""
    if not isinstance(value, str):
        return None
    cleaned = value.strip()
    return cleaned[1:-1].strip() if len(cleaned) >= 2 and cleaned[0] == cleaned[-1] == '"' else cleaned


def flag_of(value: Any) -> bool | None:
    """True or false as files write them: a boolean, 0 or 1 as integer, real or text."""
    if isinstance(value, str):
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(
            (text_of(value) or "").lower()
        )
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    return None


def number_of(value: Any, most: int) -> int | None:
    """A whole number from 0 to `most`, written as integer, real or text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", text_of(value) or ""):
        value = int(text_of(value) or "")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most or value != int(value):
        return None
    return int(value)


def texts_of(value: Any) -> list[str] | None:
    """A list of texts; a single text stands for a list of one."""
    items = [text_of(item) for item in (value if isinstance(value, list) else [value])]
    return None if any(item is None for item in items) else [item for item in items if item is not None]


def duration_text(value: int) -> str:
    """Whole seconds [s] as a scenario writes them."""
    return write_duration(seconds(value))


# Addresses ------------------------------------------------------------------------------------------------------------


def address_of(text: str) -> str | None:
    """An IP address in its usual spelling, or nothing."""
    try:
        return None if "%" in text else str(ipaddress.ip_address(text))
    except ValueError:
        return None


def network_of(text: str) -> Network | None:
    """A network in CIDR notation; host bits may be set, and an address alone is the network of itself."""
    try:
        return None if "%" in text else ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def domain_of(text: str) -> str | None:
    """A domain name, perhaps with a leading dot or wildcard, or nothing."""
    bare = text.removeprefix("*").removeprefix(".")
    return text if bare and _HOST.fullmatch(bare) else None


def host_of(text: str) -> str | None:
    """The host of `host`, `host:port`, `[v6]:port` or a URL. User names, passwords, paths and ports are dropped."""
    rest = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", text.strip())
    rest = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if address := address_of(rest):
        return address
    if bracketed := re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](:[0-9]+)?", rest):
        return address_of(bracketed[1])
    host = re.sub(r":[0-9]+$", "", rest)
    return address_of(host) or (host if _HOST.fullmatch(host) else None)


FAMILIES: tuple[tuple[Network, Network], ...] = (
    (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("0.0.0.0/0")),
    (ipaddress.ip_network("::/0"), ipaddress.ip_network("2000::/3")),
)
"""Each address family, and the part of it in which the internet is."""


def spread(networks: Iterable[Network]) -> tuple[list[str], list[str]]:
    """Routes and excluded routes for the same destinations, IPv4 first.

    A list that takes in most of the internet means "everything but": the two halves of an address space, or the many
    networks that the WireGuard app writes to exclude private addresses. It becomes a default route and its exceptions.
    """
    found = list(networks)
    routes: list[Network] = []
    excluded: list[Network] = []
    for whole, internet in FAMILIES:
        here = [n for n in found if n.version == whole.version]
        missing = gaps(here, internet)
        if sum(n.num_addresses for n in missing) * 2 < internet.num_addresses:
            routes.append(whole)
            excluded += gaps(here, whole)
        else:
            routes += _collapsed(here)
    return [*map(str, routes)], [*map(str, excluded)]


def gaps(networks: Iterable[Network], whole: Network) -> list[Network]:
    """The part of `whole` that is in none of the networks, which are of its family."""
    missing: list[Network] = []
    at, end = int(whole.network_address), int(whole.broadcast_address)
    address = type(whole.network_address)
    for network in _collapsed(networks):
        first, last = int(network.network_address), int(network.broadcast_address)
        if first > end:
            break
        if at < first:
            missing += ipaddress.summarize_address_range(address(at), address(first - 1))
        at = max(at, last + 1)
    if at <= end:
        missing += ipaddress.summarize_address_range(address(at), address(end))
    return missing


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    return list(ipaddress.collapse_addresses(networks))  # type: ignore[type-var]


# What is being made ---------------------------------------------------------------------------------------------------


@dataclass
class Draft:
    """The import while its file is read."""

    file: str
    kind: str
    name: str
    vpn: dict[str, Any] = field(default_factory=dict)
    servers: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[Note, None] = field(default_factory=dict)
    """In the order in which they were made, each once."""

    def refuse(self, reason: str, hint: str = "") -> NoReturn:
        """Give up on this file."""
        # Without the error that led here: the message of a parser may quote the file.
        raise ImportRefused(self.file, reason, hint) from None

    def ignore(self, key: str, why: str) -> None:
        """The key has no effect in the model."""
        self.notes[Note(key, why, False)] = None

    def tell(self, key: str, text: str) -> None:
        """The key matters, and this is how."""
        self.notes[Note(key, text, True)] = None

    def put(self, key: str, path: str, value: Any) -> None:
        """Set a setting of the `[vpn]` table (`path` with dots) because of a key of the file."""
        if isinstance(value, list):
            value = list(dict.fromkeys(value))
        self.default(path, value, overwrite=True)
        self.tell(key, f"sets vpn.{path} = {_shown(value)}")

    def default(self, path: str, value: Any, *, overwrite: bool = False) -> None:
        """Set a setting that follows from the format, not from a key."""
        *tables, last = path.split(".")
        table = self.vpn
        for name in tables:
            table = table.setdefault(name, {})
        if overwrite or last not in table:
            table[last] = value

    def ignore_lines(self, numbers: Sequence[int], why: str) -> None:
        """Lines that cannot be called by a name, as a stray one may be anything, even a secret."""
        if numbers:
            more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
            self.ignore(f"line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers[:5]))}{more}", why)

    def networks(self, key: str, items: Sequence[str]) -> list[Network]:
        """The networks among the items; more than a VPN on a phone would have are refused."""
        distinct = list(dict.fromkeys(items))
        if len(distinct) > MOST_NETWORKS:
            self.refuse(f"{key} holds {len(distinct)} networks, more than the {MOST_NETWORKS} that are read")
        return [network for item in distinct if (network := network_of(item))]

    def route(self, key: str, networks: Iterable[Network], excluded: Iterable[Network] = ()) -> None:
        """Set the routes of the tunnel, and what is excluded from them."""
        routes, exceptions = spread(networks)
        self.put(key, "routes", routes)
        self.default("excluded_routes", [])
        self.exclude(key, [*exceptions, *map(str, excluded)])
        for whole, name in (("0.0.0.0/0", "IPv4"), ("::/0", "IPv6")):
            if whole not in routes:
                self.tell(
                    key, f"not all of {name} is routed into the tunnel: the model takes its internet to be outside"
                )

    def exclude(self, key: str, networks: Iterable[str]) -> None:
        """Set the routes that are excluded from the tunnel, if there are any."""
        if distinct := list(dict.fromkeys(networks)):
            self.default("excluded_routes", distinct, overwrite=True)
            self.ignore(
                f"{key} (exceptions)", f"{len(distinct)} in vpn.excluded_routes: the model has no destinations so fine"
            )

    def connect_to(self, key: str, remotes: Sequence[str]) -> None:
        """Set the servers, the first being the one to connect to; what is no host becomes a server called "server"."""
        hosts = [host_of(remote) for remote in remotes[:MOST_SERVERS]]
        names = list(dict.fromkeys((host or "server")[:80] for host in hosts))
        self.servers = [{"name": name} for name in names]
        first = hosts[0]
        self.default("server", names[0], overwrite=True)
        self.default("endpoint", "address" if first and address_of(first) else "name", overwrite=True)
        if first is None:
            self.tell(key, 'not a host or an address (a template?): taken as a server "server" that is reached by name')
        else:
            self.tell(key, f"server {names[0]}, reached by {self.vpn['endpoint']}")

    def done(self) -> Imported:
        """The finished import."""
        return Imported(self.kind, self.name, self.vpn, self.servers, list(self.notes))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return (
            "["
            + ", ".join(_shown(item) for item in value[:6])
            + (f", … {len(value)} in all]" if len(value) > 6 else "]")
        )
    return plain(str(value)) if not isinstance(value, str) else f'"{plain(value)}"'
