"""An explanation as the output of a notebook cell."""

from __future__ import annotations

import base64
from html import escape

from explain.explanation import Explanation
from explain.figure import thumbnail
from explain.report import page, still

_HEIGHT = 860


def bundle(explanation: Explanation) -> dict[str, str]:
    """Return text/plain, image/png (base64) and text/html.

    The page runs in a frame without access to the notebook. What a viewer that drops frames or scripts shows
    stands below it, folded where the viewer can fold.
    """
    frame = (
        f'<iframe srcdoc="{escape(page(explanation), quote=True)}" sandbox="allow-scripts" '
        f'title="{escape(explanation.title)}: why it sounds so" '
        f'style="width:100%;height:{_HEIGHT}px;border:0"></iframe>'
    )
    below = f"<details><summary>The same without scripts</summary>{still(explanation)}</details>"
    return {
        "text/plain": str(explanation),
        "image/png": base64.b64encode(thumbnail(explanation)).decode(),
        "text/html": frame + below,
    }
