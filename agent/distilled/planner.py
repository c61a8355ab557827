"""The second chair: what a mapper hears in a picture, as a plan that keeps to what was asked for.

The plan that the mapper takes from its bank (`mapper.deciding`) was made by its teacher, for another picture.
Its choices go through the same gate as a model's (`agent.vlm.completion.gated`): the user's requests go
first, and the offline planner fills in what follows. Title and words are this picture's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.distilled.motives import with_motives
from agent.genres import genre
from agent.keys import parse_key
from agent.offline.reading import asked_place, read_scene
from agent.offline.wording import description, title
from agent.sitting import Planned
from agent.tempo import beat_quarters
from agent.vlm.completion import gated, left_open
from agent.vlm.sense import lead_of
from prompts import Emotion, Plan, Scene

if TYPE_CHECKING:
    from agent.chairs import Planner
    from agent.controls import Controls
    from agent.distilled.eyes import Eye, Floats
    from mapper.choices import Choices
    from mapper.deciding import Decision
    from mapper.inference import Mapper

#: What choices are called in remarks.
NAMES = {"seats": "roles"}
#: Samples that are drawn for each plan that is wanted, so that plans that repeat another can be left out.
SPARE = 4
#: Most samples of one picture.
_MOST = 64
#: What makes two plans the same, for a listener: who plays what, in which manner and time.
_SAME = ("genre", "mode", "meter", "pace", "players")


@dataclass(frozen=True, slots=True)
class Taken:
    """One sample's plan: from which sample, and how it was decided."""

    sample: int
    decision: Decision


class DistilledMind:
    """A mapper, what looks for it, and who fills in what follows from its choices.

    Parameters
    ----------
    mapper
        With a plan bank.
    eye
        What gives E_v; by default what the mapper was trained with.
    planner
        Who completes its choices; by default the offline planner.
    """

    def __init__(self, mapper: Mapper, eye: Eye | None = None, planner: Planner | None = None) -> None:
        from agent.distilled.eyes import eye_of
        from agent.offline.plan import OfflinePlanner

        mapper.check_plans()
        self.mapper, self.eye, self.planner = mapper, eye or eye_of(mapper), planner or OfflinePlanner()

    @property
    def id(self) -> str:
        """Name of the mapper's weights: what a piece names as its planner."""
        return self.mapper.id

    def plans(
        self, scene: Scene, seen: Floats, controls: Controls, seed: int, count: int = 1
    ) -> list[Planned]:
        """Return plans for a picture, each different from the others as far as the mapper's samples are.

        Parameters
        ----------
        scene, seen
            The scene and E_v of the picture.
        controls
            What was asked for; it goes before anything the mapper says.
        seed
            Of the piece; the noise of the samples is drawn with it.
        count
            How many plans; fewer come back if the samples lead to fewer. The first one is the same for every
            count.

        Raises
        ------
        ControlError
            If requests cannot be met together.
        """
        samples = 1 if count == 1 else min(count * SPARE, _MOST)
        heard = self.mapper.sample(seen, samples, seed=seed)
        decisions = [self.mapper.decide(one) for one in heard.heard[0]]
        told = self.mapper.check_plans().rationale(heard.why[0])
        return [self._planned(one, told, scene, controls, seed) for one in _distinct(decisions)[:count]]

    def _planned(
        self, taken: Taken, told: tuple[str, float], scene: Scene, controls: Controls, seed: int
    ) -> Planned:
        """Return the plan of one sample, completed."""
        choices = taken.decision.choices
        wanted = left_open(_wanted(choices, controls), controls)
        felt = _with_feeling(scene, choices)
        plan, kept, left_out = gated(wanted, felt, controls, seed, self.planner)
        plan = _in_its_manner(plan, choices, controls, kept)
        reading = read_scene(felt, controls, seed)
        plan = plan.model_copy(
            update={
                "title": title(read_scene(scene, controls, seed), genre(plan.genre)),
                "description": description(
                    reading, genre(plan.genre), parse_key(plan.key), plan.meter,
                    plan.tempo / beat_quarters(plan.meter), plan.instruments, plan.rhythm, plan.dynamics,
                ),
            }
        )  # fmt: skip
        beside = self.planner.plan(scene, controls, seed)
        plan = with_motives(plan, beside, taken.decision, kept, told, self.id, controls)
        remarks = tuple(
            f"the mapper's {NAMES.get(name, name)} gave way: {why[:240]}" for name, why in left_out.items()
        )
        return Planned(plan, remarks, self._record(taken, told, seed))

    def _record(self, taken: Taken, told: tuple[str, float], seed: int) -> dict[str, Any]:
        """Return what the manifest keeps: enough to draw the sample again, and to know what it is near."""
        mapper, decision = self.mapper, taken.decision
        return {
            "id": mapper.id,
            "digest": mapper.stored.digest,
            "bank": mapper.check_plans().digest,
            "encoder": mapper.config.encoder,
            "seed": seed,
            "sample": taken.sample,
            "similarity": round(decision.similarity, 3),
            "sure": {question: round(chance, 3) for question, chance in decision.sure.items()},
            "nearest": [
                {"title": one.title, "similarity": round(one.similarity, 3)} for one in decision.nearest
            ],
            "rationale": {"text": told[0], "similarity": round(told[1], 3)},
        }


def _distinct(decisions: list[Decision]) -> list[Taken]:
    """Return the samples that decide otherwise than those before them."""
    found: dict[tuple[str, ...], Taken] = {}
    for at, one in enumerate(decisions):
        found.setdefault(tuple(getattr(one.choices, name) for name in _SAME), Taken(at, one))
    return list(found.values())


def _wanted(choices: Choices, controls: Controls) -> dict[str, Any]:
    """Return the choices as `agent.vlm.agreeing` names them; register and density follow from the feeling.

    Where players were asked for, nothing is said of roles, which are other players'.
    """
    seats = choices.seats
    found = {
        "genre": choices.genre,
        "meter": choices.meter,
        "instruments": tuple(dict.fromkeys(name for name, _ in seats)),
        "tempo": float(choices.tempo),
        "key": choices.key,
        "form": choices.form,
        "seats": seats,
        "bars": int(choices.bars),
    }
    return {name: value for name, value in found.items() if name != "seats" or not controls.instruments}


def _with_feeling(scene: Scene, choices: Choices) -> Scene:
    """Return the scene with the feeling of the taken plan."""
    emotion = Emotion(words=choices.words.split("|"), valence=choices.valence, arousal=choices.arousal)
    return scene.model_copy(update={"emotion": emotion})


def _in_its_manner(plan: Plan, choices: Choices, controls: Controls, kept: Any) -> Plan:
    """Return the plan with loudness, rhythm and register of the taken one, where nothing stands against it.

    They belong to its genre, its time and its players; where one of these gave way, the planner's own stay.
    """
    if asked_place(controls) != (None, None) or not {"genre", "meter", "tempo"} <= {*kept}:
        return plan
    updates: dict[str, Any] = {"dynamics": choices.dynamics}
    if controls.density is None:
        updates["rhythm"] = plan.rhythm.model_copy(
            update={
                "words": choices.rhythm.split("|"), "density": choices.density, "swing": choices.swing,
                "note_length": choices.note_length, "articulation": choices.articulation,
            }
        )  # fmt: skip
    if controls.register is None and {"instruments", "seats"} <= {*kept}:
        leads = [name for name, role in choices.seats if role == "melody"]
        if leads[:1] == [lead_of(plan.instruments)]:
            place = {"center": round(choices.center), "spread": round(choices.spread)}
            updates["tessitura"] = plan.tessitura.model_copy(update=place)
    return plan.model_copy(update=updates)
