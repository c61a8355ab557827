"""What a model can do, found out by asking it: each finding is one small question, bounded in time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from PIL import Image

from agent.doctor import Finding
from agent.vlm.protocol import Abilities, Backend, Reply, Request
from chiaroscore import ChiaroscoreError
from prompts import Message, ScoreSpec, VoiceSpec, score_grammar

Result = TypeVar("Result")

#: Seconds for the model to load or the server to say what it is, and for each question after that.
LOADING, PATIENCE = 300.0, 60.0
#: Characters of an answer that are shown.
_SHOWN = 60
#: A schema with one answer, which is not the one that is asked for.
_ODD = {
    "type": "object",
    "properties": {"fruit": {"type": "string", "enum": ["quince"]}},
    "required": ["fruit"],
    "additionalProperties": False,
}
#: Two bars of a melody: the smallest score that the grammar is for.
_SCORE = ScoreSpec(bars=2, beats=(4, 4, 4, 4), voices=(VoiceSpec("M", 60, 79, "line"),))


class _SilentError(Exception):
    """A question was not answered in time."""


@dataclass(frozen=True)
class _Talk:
    """An answer of some length."""

    reply: Reply
    pieces: list[str]  # as they came
    seconds: float


@dataclass
class _Probe:
    """A backend under examination."""

    backend: Backend
    patience: float
    abilities: Abilities
    busy: bool = False  # a question that was given up may still be worked on
    talked: _Talk | None = None

    def ask(self, text: str, pieces: list[str] | None = None, **how: Any) -> Reply:
        """Ask one short question."""
        pictures = how.pop("images", ())
        request = Request((Message("user", text, pictures),), **{"max_tokens": 64, "temperature": 0.0, **how})
        heard = pieces.append if pieces is not None else None
        return within(self.patience, lambda: self.backend.complete(request, heard))

    def talk(self) -> _Talk:
        """Return an answer of some length, which is asked for once."""
        if self.talked is None:
            pieces: list[str] = []
            begun = time.monotonic()
            reply = self.ask("Count from one to twelve in words.", pieces, max_tokens=48)
            self.talked = _Talk(reply, pieces, max(time.monotonic() - begun, 1e-6))
        return self.talked

    def find(self, name: str, look: Callable[[_Probe], Finding]) -> Finding:
        """Return a finding; whatever goes wrong is what was found."""
        if self.busy:
            return Finding(name, False, "not tried: an earlier question is still unanswered", needed=False)
        try:
            return look(self)
        except _SilentError:
            self.busy = True
            return Finding(name, False, f"no answer in {self.patience:g} s", needed=False)
        except Exception as error:  # whatever a model's library raises is told, not thrown
            return Finding(name, False, _line(error), needed=False)


def examine_vlm(backend: Backend, *, loading: float = LOADING, patience: float = PATIENCE) -> list[Finding]:
    """Return what was found of a model, in the order that it was asked, and last what the mind makes of it.

    Parameters
    ----------
    loading
        Seconds for the model to load, or the server to answer at all.
    patience
        Seconds for each question. After one that is not answered in time no other is asked.

    Returns
    -------
    list of Finding
        "model" is needed, the others are not: the mind does without what is absent. A model that is not there
        gives that one finding alone.
    """
    begun = time.monotonic()
    try:
        abilities = within(loading, lambda: _ready(backend))
    except _SilentError:
        advice = "look whether the model still loads, or the server hangs"
        return [Finding("model", False, f"no answer in {loading:g} s", advice=advice)]
    except Exception as error:  # as above
        detail, _, advice = _line(error).partition("; ")
        return [Finding("model", False, detail, advice=advice)]
    model = Finding("model", True, f"{backend.id}, answers after {time.monotonic() - begun:.1f} s")
    probe = _Probe(backend, patience, abilities)
    parts: dict[str, Callable[[_Probe], Finding]] = {
        "images": _images, "schema": _schema, "grammar": _grammar, "seed": _seed, "streaming": _streaming,
        "speed": _speed, "logprobs": _logprobs, "context": _context,
    }  # fmt: skip
    found = [model, *(probe.find(name, look) for name, look in parts.items())]
    good = {one.name for one in found if one.ok}
    seen = replace(abilities, schema="schema" in good, grammar="grammar" in good)
    return [*found, Finding("the mind", not probe.busy, outlook(seen), needed=False)]


def _ready(backend: Backend) -> Abilities:
    """Return what a backend says it can do, when it has answered once: a local model is loaded by then."""
    abilities = backend.abilities()
    backend.complete(Request((Message("user", "Say yes."),), max_tokens=4, temperature=0.0))
    return abilities


def outlook(abilities: Abilities) -> str:
    """Return what the mind will do with a model of these abilities, in a sentence."""
    steps = "steps 1-3 by the model" if abilities.images else (
        "it cannot see: the offline mind looks at the picture; steps 2 and 3 by the model"
    )  # fmt: skip
    held = [name for name in ("schema", "grammar") if getattr(abilities, name)]
    if len(held) == 2:
        return f"{steps}, held to schema and grammar; every answer is checked"
    free = "plan" if held == ["grammar"] else "score" if held else "plan and score"
    return f"{steps}; nothing holds its {free} to the form, so they are checked, mended, and asked for again"


def _images(probe: _Probe) -> Finding:
    if not probe.abilities.images:
        return Finding("images", False, "takes text only", needed=False)
    red = Image.new("RGB", (96, 96), (220, 10, 10))
    text = probe.ask("What colour is this picture? Answer with one word.", images=(red,)).text
    sees = "red" in text.casefold()
    detail = f"for the colour of a plain red picture it answered {_shown(text)}"
    advice = "" if sees else "it takes pictures; what it says of them may be wrong"
    return Finding("images", sees, detail, needed=False, advice=advice)


def _schema(probe: _Probe) -> Finding:
    reply = probe.ask("Name a yellow fruit that monkeys like. Answer with its name only.", schema=_ODD)
    try:
        held = json.loads(reply.text) == {"fruit": "quince"}
    except ValueError:
        held = False
    return _enforced("schema", held, reply, probe.abilities.schema)


def _grammar(probe: _Probe) -> Finding:
    grammar = score_grammar(_SCORE)
    asked = "Tell me a joke about a violin in one sentence."
    reply = probe.ask(asked, grammar=grammar, max_tokens=256, temperature=0.7, seed=1)
    return _enforced("grammar", is_score(reply.text), reply, probe.abilities.grammar)


def is_score(text: str) -> bool:
    """Whether a text is the small score that the probe's grammar holds an answer to."""
    from notation import check

    if not text.startswith("[V:M]") or not text.rstrip().endswith("|]"):
        return False
    problems = check(f"X:1\nT:probe\nM:4/4\nL:1/8\nQ:1/4=120\n%%score M\nV:M\nK:C\n{text.rstrip()}\n")
    return not any(problem.severity == "error" for problem in problems)


def _enforced(name: str, held: bool, reply: Reply, claimed: bool) -> Finding:
    """Return whether the decoder was held to a form that the question did not ask for."""
    if held:
        return Finding(name, True, f"held: asked for something else, it answered {_shown(reply.text)}", False)
    claim = "it was told to enforce it and did not" if claimed else "it cannot enforce it"
    advice = "the mind checks every answer and asks again"
    return Finding(name, False, f"{claim}: it answered {_shown(reply.text)}", False, advice)


def _seed(probe: _Probe) -> Finding:
    question = "Invent a title for a waltz, a short one."
    first, again = (probe.ask(question, seed=11, temperature=0.8, max_tokens=24).text for _ in range(2))
    same = first == again
    detail = "the same seed gave the same text twice" if same else (
        f"the same seed gave {_shown(first)}, then {_shown(again)}"
    )  # fmt: skip
    advice = "" if same else "pieces by this model cannot be had again, byte for byte"
    return Finding("seed", same, detail, needed=False, advice=advice)


def _streaming(probe: _Probe) -> Finding:
    told = probe.talk()
    whole = "".join(told.pieces) == told.reply.text
    detail = f"the answer came in {len(told.pieces)} pieces" + ("" if whole else ", which are not its text")
    return Finding("streaming", len(told.pieces) > 1 and whole, detail, needed=False)


def _speed(probe: _Probe) -> Finding:
    told = probe.talk()
    usage = told.reply.usage
    tokens = usage.completion if usage else probe.backend.count(told.reply.text)
    pace = f"{'' if usage else 'about '}{tokens / told.seconds:.1f} tokens/s"
    return Finding("speed", tokens > 0, f"{pace} ({tokens} in {told.seconds:.1f} s)", needed=False)


def _logprobs(probe: _Probe) -> Finding:
    has = probe.abilities.logprobs
    return Finding("logprobs", has, "told" if has else "not told", needed=False)


def _context(probe: _Probe) -> Finding:
    context = probe.abilities.context
    if context is None:
        return Finding("context", False, "the backend does not tell", needed=False)
    advice = "" if context >= 4096 else "prompts take 2,000 tokens and more: serve it with 8192"
    return Finding("context", context >= 4096, f"{context} tokens", needed=False, advice=advice)


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, or raise what it raises; after ``seconds`` it is left to itself.

    Raises
    ------
    _SilentError
        If it is not done in time.
    """
    done: list[Result] = []
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # handed to who waits
            wrong.append(error)

    worker = threading.Thread(target=run, name="chiaroscore-probe", daemon=True)
    worker.start()
    worker.join(seconds)
    if wrong:
        raise wrong[0]
    if not done:
        raise _SilentError
    return done[0]


def _shown(text: str) -> str:
    plain = " ".join(text.split())
    return repr(plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…")


def _line(error: Exception) -> str:
    """Return an error on one line; its kind too if it is none of ours."""
    named = str(error) if isinstance(error, ChiaroscoreError) else f"{type(error).__name__}: {error}"
    return " ".join(named.split())[:300]
