"""What of a model's answers and of a score is explained: elements, and where in the text each stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.explaining.passage import Passage
from explain import Element
from explain.spans import Span, bar_spans, content, note_spans, object_spans, word_spans
from prompts import Emotion, PlanAnswer, Rhythm, SceneAnswer, Tessitura
from prompts.material import one_line

if TYPE_CHECKING:
    from agent.offline.writer.form import Section
    from notation import Tune
    from prompts import Plan, Scene

#: Element of a scene and path in the answer -> what it is called. Things and words have one each besides.
_SCENE = {
    "setting": "setting",
    "emotion.words": "feeling",
    "emotion.valence": "valence",
    "emotion.arousal": "arousal",
    "dynamic.words": "movement",
    "dynamic.busyness": "busyness",
    "colour.words": "colour and light",
    "description": "description",
}
#: Lists of words in a scene of which each has an element of its own.
_WORDS = ("emotion.words", "dynamic.words", "colour.words")
#: Element of a plan -> field of the answer.
_PLAN = {
    "emotion": "emotion", "genre": "genre", "tempo": "tempo", "key": "key", "meter": "meter", "form": "form",
    "bars": "bars", "instruments": "instruments", "rhythm": "rhythm", "dynamics": "dynamics",
    "tessitura": "register",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """An element without its map, and the spans of the text that it consists of."""

    element: Element
    ranges: tuple[Span, ...]


def scene_targets(scene: Scene, text: str | None = None, words: bool = False) -> tuple[Target, ...]:
    """Return what the answer of step 1 says.

    Parameters
    ----------
    scene
        That was made of it.
    text
        The answer; without one the elements have no span.
    words
        Whether each word of the description is one too: ``"scene.description.0"``.

    Raises
    ------
    ValueError
        If there is no such answer in the text.
    """
    reason = scene.reasoning
    if text is None:
        return tuple(
            Target(Element(f"scene.{name}", "scene", label, _shown(_at(scene, name)), reason), ())
            for name, label in _SCENE.items()
        )
    spans = object_spans(text, SceneAnswer.model_fields)
    found = [
        _target("scene", name, label, _shown(_at(scene, name)), reason, text, spans[name])
        for name, label in _SCENE.items()
        if name in spans
    ]
    found += _things(scene, text, spans)
    for name in _WORDS:
        for number, word in enumerate(_at(scene, name)):
            if (span := spans.get(f"{name}.{number}")) and _said(text, span) == word:
                found.append(_target("scene", f"{name}.{number}", word, "", reason, text, span))
    if words and "description" in spans:
        found += _description(text, spans["description"])
    return tuple(found)


def plan_targets(plan: Plan, text: str | None = None) -> tuple[Target, ...]:
    """Return what the answer of step 2 decides; choices that gave way to something else are left out.

    Parameters
    ----------
    plan
        That was made of it.
    text
        The answer; without one the elements have no span.

    Raises
    ------
    ValueError
        If there is no such answer in the text.
    """
    spans = {} if text is None else object_spans(text, PlanAnswer.model_fields)
    found = []
    for name, field in _PLAN.items():
        because = next((one for one in plan.causes.get(name, ()) if one.source.startswith("model ")), None)
        if because is None:
            continue
        span = spans.get(f"{field}.value")
        ranges = () if text is None or span is None else (content(text, span),)
        element = Element(f"plan.{name}", "plan", _label(name), _shown(getattr(plan, name)), because.effect)
        found.append(Target(element, ranges))
        if name == "instruments" and text is not None:
            found += _players(plan, text, spans, because.effect)
    return tuple(found)


def score_targets(
    tune: Tune, form: Sequence[Section], music: Passage, notes: bool = False
) -> tuple[Target, ...]:
    """Return the sections and bars of a score, and its notes if asked for.

    Parameters
    ----------
    tune
        The score.
    form
        Its sections.
    music
        The text in which the score is read.
    notes
        Whether each note is one too: ``"note.M.1"``.
    """
    bars = {number: _placed(music, spans) for number, spans in bar_spans(tune).items()}
    found = []
    for number, section in enumerate(form):
        first, last = section.start + 1, section.start + section.bars
        ranges = tuple(span for bar in range(first, last + 1) for span in bars.get(bar, ()))
        label = f"section {section.letter}"
        found.append(
            Target(Element(f"section.{number}", "section", label, f"bars {first} to {last}"), ranges)
        )
    found += [
        Target(Element(f"bar.{number}", "bar", f"bar {number}"), spans) for number, spans in bars.items()
    ]
    if notes:
        spelled = {
            f"{voice.id}.{at}": note for voice in tune.voices for at, note in enumerate(voice.notes, 1)
        }
        found += [
            Target(
                Element(f"note.{name}", "note", spelled[name].spelled, f"bar {spelled[name].bar}"),
                _placed(music, [span]),
            )
            for name, span in note_spans(tune).items()
        ]
    return tuple(found)


def _target(kind: Any, name: str, label: str, value: str, why: str, text: str, span: Span) -> Target:
    return Target(Element(f"{kind}.{name}", kind, label, value, why), (content(text, span),))


def _things(scene: Scene, text: str, spans: Mapping[str, Span]) -> Iterator[Target]:
    """Yield the things that were seen; a scene has them in another order than the answer, each once."""
    places = {one.name.casefold(): number for number, one in enumerate(scene.objects)}
    for path, span in spans.items():
        if path.startswith("objects.") and path.endswith(".name"):
            number = places.pop(_said(text, span).casefold(), None)
            if number is not None:
                one = scene.objects[number]
                value = f"{one.probability:.2f}"
                yield _target("scene", f"objects.{number}", one.name, value, scene.reasoning, text, span)


def _players(plan: Plan, text: str, spans: Mapping[str, Span], why: str) -> Iterator[Target]:
    """Yield the players of a plan as the answer seats them: those of a role in the same order."""
    said: dict[str, list[Span]] = {}
    for path, span in spans.items():
        seat, _, last = path.rpartition(".")
        if path.startswith("instruments.value.") and last == "instrument" and f"{seat}.role" in spans:
            said.setdefault(_said(text, spans[f"{seat}.role"]), []).append(span)
    for number, part in enumerate(plan.instruments):
        if said.get(part.role):
            span = said[part.role].pop(0)
            yield _target("plan", f"instruments.{number}", part.instrument, part.role, why, text, span)


def _description(text: str, span: Span) -> Iterator[Target]:
    start, end = content(text, span)
    for number, (low, high) in enumerate(word_spans(text[start:end])):
        word = text[start + low : start + high]
        yield Target(Element(f"scene.description.{number}", "scene", word), ((start + low, start + high),))


def _said(text: str, span: Span) -> str:
    """Return a JSON text at a span as answers are read: in one line."""
    return one_line(str(json.loads(text[slice(*span)])))


def _placed(music: Passage, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return where spans of a score stand in the text in which it is read."""
    return tuple(found for span in spans if (found := music.span(span)) is not None)


def _at(scene: Scene, path: str) -> Any:
    """Return what stands at a path of a scene."""
    found: Any = scene
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _label(name: str) -> str:
    return "register" if name == "tessitura" else name


def _shown(value: Any) -> str:
    """Return a value of a scene or plan in short."""
    if isinstance(value, float):
        return f"{value:+.2f}" if abs(value) <= 1 else f"{value:g}"
    if isinstance(value, list):
        return ", ".join(str(getattr(one, "instrument", one)) for one in value)
    if isinstance(value, Emotion | Rhythm):
        return ", ".join(value.words)
    return f"around MIDI {value.center}" if isinstance(value, Tessitura) else str(value)
