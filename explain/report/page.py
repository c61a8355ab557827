"""The page as one HTML text: styles, scripts, picture, score and sound are inside; nothing can be fetched.

The page's policy allows the two scripts by their digests (Content Security Policy Level 3, section 6.7.2)
and nothing else: even if some text of the explanation became markup, no script in it would run. Texts go into
the page as data and are shown with ``textContent``.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
import json
from html import escape
from typing import Any

from explain.explanation import Explanation
from explain.report.payload import payload
from explain.report.still import still
from notation import abcjs_source

#: The scripts in the order they run; they share one scope.
SCRIPTS = ("basics", "links", "heat", "score", "sound", "player", "parts", "tables", "charts", "report")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<noscript>{still}</noscript>
<div id="report"></div>
<script id="data" type="application/json">{data}</script>
<script>{abcjs}</script>
<script>{script}</script>
</body>
</html>
"""


def page(explanation: Explanation) -> str:
    """Return a whole HTML page; the same bytes for the same explanation.

    It works from a file, and in an ``<iframe srcdoc sandbox="allow-scripts">``. No request leaves it.

    Raises
    ------
    MissingPartError
        If abcjs, which draws the score, is missing from the installed package.
    """
    abcjs, script = abcjs_source(), _script()
    return _PAGE.format(
        policy=_policy(abcjs, script),
        title=escape(f"{explanation.title}: why it sounds so"),
        style=_file("report.css"),
        still=still(explanation),
        data=inert(payload(explanation)),
        abcjs=abcjs,
        script=script,
    )


def inert(value: Any) -> str:
    """Return a value as JSON that can stand in a ``<script>``: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _policy(*scripts: str) -> str:
    digests = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        f"script-src {digests}; base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@functools.cache
def _script() -> str:
    parts = "\n".join(_file(f"{name}.js") for name in SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}\n}})();\n'


@functools.cache
def _file(name: str) -> str:
    return (importlib.resources.files("explain.report") / "web" / name).read_text("utf-8")
