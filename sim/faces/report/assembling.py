"""The page as one file: document, style and script inside it, and a policy that forbids everything else.

The document comes from files that anybody may have written. It is embedded as JSON in which no character can end a
script element, read by the page as text, and shown as text only. Should a name still find a way to become markup, the
page's Content-Security-Policy lets only the script run whose hash it states, and opens no connection.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

_SCRIPTS = ("reading.js", "drawing.js", "timeline.js", "overview.js", "tables.js", "run.js", "study.js", "start.js")
_UNSAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def page(document: dict[str, Any]) -> bytes:
    """The whole page.

    Parameters
    ----------
    document : of :func:`sim.faces.report.data.document` or :func:`sim.faces.report.study.document`
    """
    style, script = _read("page.css"), "\n".join(_read(name) for name in _SCRIPTS)
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    parts = {
        "policy": escape(policy),
        "title": escape(f"{document['name']} · LeakWindow"),
        "sentence": escape(document["sentence"]),
        "style": style,
        "document": embedded(document),
        "script": script,
    }
    text = _read("page.html")
    before, *rest = text.split("{{")
    filled = [before]
    for piece in rest:
        name, _, after = piece.partition("}}")
        filled += [parts[name], after]
    return "".join(filled).encode()


def embedded(document: dict[str, Any]) -> str:
    """JSON that can stand inside a script element whatever its texts contain."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_UNSAFE)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _read(name: str) -> str:
    return files("sim.faces.report").joinpath("page", name).read_text(encoding="utf-8")
