"""Real VPN configurations → the scenario's `[vpn]` table, with a word on every key.

``read_profile`` recognises the format by its content: an Apple configuration profile, a WireGuard configuration, or an
OpenVPN configuration. The result says what the *file* says. What a format leaves to the server or to the app (routes of
IKEv2, on-demand rules of a .conf) is not in it: there the scenario's own setting stays.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import wrap

import tomlkit
from pydantic import ValidationError
from tomlkit import TOMLDocument, aot, comment, item

from sim.faces.importing import mobileconfig, openvpn_conf, wireguard_conf
from sim.faces.importing.reading import (
    TEXT_LIMIT,
    Draft,
    Imported,
    ImportRefused,
    Note,
    as_text,
    is_property_list,
    plain,
    read_bytes,
)
from sim.world.scenario import Vpn

__all__ = ["ImportRefused", "Imported", "Note", "read_profile", "to_toml"]

_HINT = (
    "Known are Apple profiles (.mobileconfig), WireGuard (.conf) and OpenVPN (.ovpn) configurations.\n"
    "Of recorded drives: see docs/reference/recordings.md."
)


def read_profile(path: Path) -> Imported:
    """Read a VPN configuration.

    Parameters
    ----------
    path : the file; its format is recognised by its content

    Returns
    -------
    Imported
        Its `vpn` table is valid for a scenario. Nothing secret is in it, nor in its notes.

    Raises
    ------
    ImportRefused
        If the file cannot be read or means nothing in the model.
    """
    raw = read_bytes(path)
    draft = Draft(plain(str(path), 300), "", plain(path.stem) or "imported")
    text = as_text(raw)
    if is_property_list(raw):
        draft.kind = mobileconfig.KIND
        mobileconfig.read(draft, raw)
    elif text is None:
        draft.refuse("the file is binary, and not a profile", _HINT)
    elif len(raw) > TEXT_LIMIT:
        draft.refuse(f"is larger than {TEXT_LIMIT // 1_000_000} MB", "VPN configurations are a few kilobytes.")
    elif wireguard_conf.looks_like_it(text):
        draft.kind = wireguard_conf.KIND
        wireguard_conf.fill(draft, text)
    elif openvpn_conf.looks_like_it(text):
        draft.kind = openvpn_conf.KIND
        openvpn_conf.fill(draft, openvpn_conf.parse(draft, text))
    else:
        draft.refuse("the file is no VPN configuration that is known here", _HINT)
    _validate(draft)
    return draft.done()


def _validate(draft: Draft) -> None:
    try:
        Vpn.model_validate_json(json.dumps(draft.vpn))
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(["vpn", *map(str, first["loc"])])
        draft.refuse(f"{place} is outside what the model allows: {plain(first['msg'], 200)}")


def to_toml(imported: Imported) -> str:
    """The import as TOML: the `[vpn]` table, the servers, and the notes as comments, keys of one note together."""
    document = tomlkit.document()
    document.add(comment(f"{imported.kind}: {imported.name}"))
    _comments(document, "What counts:", [note for note in imported.notes if note.effect])
    _comments(document, "What has no effect in the model:", [note for note in imported.notes if not note.effect])
    document.add("vpn", item(imported.vpn))
    servers = aot()
    for server in imported.servers:
        servers.append(item(server))
    document.add("servers", servers)
    return tomlkit.dumps(document)


def _comments(document: TOMLDocument, title: str, notes: list[Note]) -> None:
    texts: dict[str, list[str]] = {}
    for note in notes:
        texts.setdefault(note.text, []).append(note.key)
    if texts:
        document.add(comment(""))
        document.add(comment(title))
    for text, keys in texts.items():
        for line in wrap(f"{', '.join(keys)}: {text}", 112, initial_indent="  ", subsequent_indent="      "):
            document.add(comment(line))
