"""Make the README's picture of a result (needs Chromium).

Usage: ``python scripts/readme_picture.py PICTURE TARGET.png``
"""

from __future__ import annotations

import base64
import pathlib
import shutil
import subprocess
import sys
import tempfile
from html import escape

import agent

_STYLE = """
html{overflow:hidden}
body{margin:0;padding:24px;font:17px/1.45 sans-serif;display:flex;gap:28px;width:1340px;background:#fff}
.left,.left img{width:520px}
.right{flex:1}
.right img{width:100%;border:1px solid #ddd}
h1{font-size:26px;margin:14px 0 6px}
p{margin:8px 0}
"""


def main() -> None:
    """Compose the picture and photograph the page."""
    source, target = map(pathlib.Path, sys.argv[1:])
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium found; install it to make the README's picture")
    piece = agent.compose(source)
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder, "page.html")
        page.write_text(_page(source, piece), encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        window = ["--window-size=1400,900", f"--screenshot={target.resolve()}"]
        subprocess.run([chromium, *flags, *window, page.as_uri()], check=True, stderr=subprocess.DEVNULL)


def _page(source: pathlib.Path, piece: agent.Piece) -> str:
    """Lay the picture, what was seen and the first page of the score side by side."""
    picture = base64.b64encode(source.read_bytes()).decode()
    score = base64.b64encode(piece.svg[0].encode()).decode()
    first = {name: piece.plan.causes[name][0] for name in ("genre", "key", "tempo")}
    causes = [
        f"<p><b>{name}</b>: {escape(one.value)} - {escape(one.effect)}</p>" for name, one in first.items()
    ]
    return (
        f"<style>{_STYLE}</style><div class='left'><img src='data:image/jpeg;base64,{picture}'>"
        f"<h1>{escape(piece.plan.title)}</h1><p>{escape(piece.scene.description)}</p>"
        f"<p>{escape(piece.plan.description)}.</p>{''.join(causes)}</div>"
        f"<div class='right'><img src='data:image/svg+xml;base64,{score}'></div>"
    )


if __name__ == "__main__":
    main()
