"""What the site needs beyond the pages in this folder: MkDocs calls it when it builds (see mkdocs.yml).

CONTRIBUTING and CHANGELOG stand at the top of the tree, where people look for them, and are pages of the site all the
same; links between them and the pages are turned to where they are there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_TOP = ("CONTRIBUTING.md", "CHANGELOG.md")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the top folder."""
    from mkdocs.structure.files import File

    for name in _TOP:
        text = (_ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=turned(text, name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn the links of one page."""
    return turned(markdown, page.file.src_uri)


def turned(markdown: str, page: str) -> str:
    """A page as the site wants it: its links, and what it calls a console.

    Links from the top folder into `docs/` lose that part; links to the top folder lead to the copies in the site;
    links to files that are not in the site become plain words.
    """
    # Material would fetch the program that draws these from another host. The table below each says the same.
    markdown = markdown.replace("```mermaid", '```text title="As a diagram, in the language of Mermaid"')
    depth = page.count("/")
    if page in _TOP:
        markdown = re.sub(r"\]\(docs/", "](", markdown)
    markdown = re.sub(
        rf"\]\({re.escape('../' * (depth + 1))}({'|'.join(map(re.escape, _TOP))})", rf"]({'../' * depth}\1", markdown
    )
    return re.sub(rf"\[([^\]]*)\]\({re.escape('../' * (depth + 1))}[^)]*\)", r"\1", markdown)
