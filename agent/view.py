"""A piece as HTML: picture, what was seen, the plan with its causes, score, player. No network, no script.

Everything that is text is escaped; pictures, score and sound are inside the page.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.piece import Piece
    from agent.sound import Sound

_PICTURE_SIDE = 480
_STYLE = """
.cs{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff}
.cs{max-width:1000px;margin:auto;padding:12px}
.cs h1{font-size:1.6em;margin:.2em 0}.cs h2{font-size:1.15em;margin:1.2em 0 .3em}
.cs .top{display:flex;gap:20px;flex-wrap:wrap}.cs .top>div{flex:1;min-width:280px}
.cs .top img{max-width:420px;height:auto}
.cs table{border-collapse:collapse;width:100%}
.cs td,.cs th{border-bottom:1px solid #ddd;padding:4px 8px;text-align:left;vertical-align:top}
.cs .sw{display:inline-block;width:2.2em;height:1.1em;border:1px solid #888}
.cs .sw{vertical-align:middle;margin-right:.4em}
.cs pre{white-space:pre-wrap;overflow-wrap:anywhere}
.cs .page svg{width:100%;height:auto}.cs small{color:#555}.cs audio{width:100%}
"""


def page_html(piece: Piece, sound: Sound) -> str:
    """Return a whole page, to be saved, with a player for ``sound``."""
    title = escape(piece.plan.title)
    head = f'<meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">'
    body = notebook_html(piece, sound)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def notebook_html(piece: Piece, sound: Sound) -> str:
    """Return the same content as a fragment for a notebook's output."""
    return (
        f"<style>{_STYLE}</style><div class='cs'>{_top(piece)}"
        f"<audio controls src='{sound.data_uri}'></audio>"
        f"{_plan(piece)}{_exemplars(piece)}{_history(piece)}{_made(piece)}<h2>The score</h2>{_score(piece)}"
        f"<details><summary>ABC</summary><pre>{escape(piece.abc)}</pre></details>{_calls(piece)}</div>"
    )


def _top(piece: Piece) -> str:
    scene = piece.scene
    seen = (
        ", ".join(f"{escape(o.name)} ({o.probability:.0%})" for o in scene.objects[:5])
        or "nothing recognised"
    )
    swatches = "".join(
        f"<span class='sw' style='background:{escape(s.hex)}'></span>{escape(s.name)} {s.share:.0%} &nbsp; "
        for s in scene.colour.swatches
    )
    feeling = (
        f"{escape(', '.join(scene.emotion.words))} "
        f"(valence {scene.emotion.valence:+.2f}, arousal {scene.emotion.arousal:+.2f})"
    )
    return (
        f"<h1>{escape(piece.plan.title)}</h1><div class='top'><img alt='the picture' src='{_picture(piece)}'>"
        f"<div><p>{escape(scene.description)}</p><p><b>Seen:</b> {seen}</p><p><b>Feeling:</b> {feeling}</p>"
        f"<p><b>Colours:</b> {swatches}</p></div></div><p>{escape(piece.plan.description)}</p>"
    )


def _picture(piece: Piece) -> str:
    """Return the picture as a small JPEG in a data URI; an empty address where it is not here."""
    if piece.picture is None:
        return "data:,"
    small = piece.picture.copy()
    small.thumbnail((_PICTURE_SIDE, _PICTURE_SIDE))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def _plan(piece: Piece) -> str:
    """Table of the plan's elements and what caused each."""
    plan = piece.plan
    values = {
        "genre": plan.genre,
        "key": plan.key,
        "tempo": f"{plan.tempo:g} quarter notes a minute"
        + (f" ({plan.tempo_text})" if plan.tempo_text else ""),
        "meter": plan.meter,
        "form": f"{plan.form}, {plan.bars} bars",
        "instruments": ", ".join(f"{part.instrument} ({part.role})" for part in plan.instruments),
        "rhythm": ", ".join(plan.rhythm.words),
        "dynamics": plan.dynamics,
    }
    rows = []
    for element, value in values.items():
        causes = "<br>".join(
            f"{escape(c.scene)}: {escape(c.value)} &rarr; {escape(c.effect)}"
            + (f" <small>{escape(c.source)}</small>" if c.source else "")
            for c in plan.causes.get(element, [])
        )
        rows.append(f"<tr><th>{escape(element)}</th><td>{escape(value)}</td><td>{causes}</td></tr>")
    return _table("Why it sounds so", ("element", "decision", "because"), "".join(rows))


def _exemplars(piece: Piece) -> str:
    rows = "".join(
        f"<tr><td>{escape(hit.exemplar.title)}</td><td>{escape(hit.exemplar.source)}</td>"
        f"<td>{escape(hit.exemplar.licence)}</td><td>{escape('; '.join(hit.why))}</td></tr>"
        for hit in piece.exemplars
    )
    return _table("Exemplars", ("title", "source", "licence", "why"), rows)


def _history(piece: Piece) -> str:
    rows = "".join(
        f"<tr><td>{escape(entry.what)}</td><td>{entry.after:.3f}</td>"
        f"<td>{'accepted' if entry.accepted else 'refused'}: {escape(entry.reason)}</td></tr>"
        for entry in piece.history
    )
    return _table("Drafts and revisions", ("draft", "score", "verdict"), rows)


def _made(piece: Piece) -> str:
    """Return who did what, what was mended and what has to be known; empty for the offline mind alone."""
    minds = {**piece.minds, "write": piece.writer}
    rows = [("remark", remark) for remark in piece.remarks]
    rows += [(f"section {letter}", motive) for letter, motive in piece.draft.motives.items()]
    rows += [("repair", f"{one.voice} {one.what}".strip()) for one in piece.draft.repairs]
    if not rows and set(minds.values()) == {"offline"}:
        return ""
    rows = [(step, minds[step]) for step in ("perceive", "plan", "write") if step in minds] + rows
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows)
    return _table("How it was made", ("what", "who or why"), cells)


def _calls(piece: Piece) -> str:
    """Return what was asked of a model and what it answered, folded."""
    return "".join(
        f"<details><summary>{escape(call['step'])} {call['attempt']}: {escape(call['finish'])}</summary>"
        + "".join(
            f"<p><b>{escape(message['role'])}</b></p><pre>{escape(message['text'])}</pre>"
            for message in call["messages"]
        )
        + f"<p><b>answer</b></p><pre>{escape(call['reply'] or call['error'])}</pre></details>"
        for call in piece.transcript
    )


def _table(heading: str, columns: Sequence[str], rows: str) -> str:
    """Return a table with its heading; ``rows`` is HTML."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return f"<h2>{escape(heading)}</h2><table><tr>{head}</tr>{rows}</table>"


def _score(piece: Piece) -> str:
    """Engraved pages, each as an image, so that ids and styles of several pages cannot clash."""
    return "".join(
        f"<img class='page' style='width:100%' alt='page {number} of the score' "
        f"src='data:image/svg+xml;base64,{base64.b64encode(page.encode()).decode()}'>"
        for number, page in enumerate(piece.svg, start=1)
    )
