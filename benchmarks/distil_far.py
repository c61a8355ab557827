"""A far test for `benchmarks.distil`: other pictures than those taught with, each a kin of its own."""

from __future__ import annotations

import pathlib

from agent.distilling.bulk import BulkMiniLM
from agent.distilling.encoder import stacked
from agent.distilling.looks import look_at
from agent.distilling.minds import OfflineMind
from agent.distilling.pictures import bases
from agent.distilling.rationale import rationale
from benchmarks.distil_held import Held, held_of
from mapper.encoders import Encoder
from mapper.example import Example
from prompts import Plan, Scene


def far(folder: pathlib.Path, encoder: Encoder, work: pathlib.Path, plans: int) -> Held:
    """Return what the offline mind makes of the pictures of a folder; looks are kept in ``work``."""
    found = bases([folder], blends=False)
    looks = look_at(found, 1, work / "looks")
    seen = encoder.encode(stacked(looks))
    mind, drafts = OfflineMind(), []
    for base, one, row in zip(found, looks, seen, strict=True):
        scene = Scene.model_validate_json(one.scenes[0])
        for number in range(plans):
            plan = mind.plan(scene, number)
            drafts.append((f"{base.name}#0.{number}", base.kin, rationale(scene, plan), plan, row))
    texts = list(dict.fromkeys(text for _, _, why, plan, _ in drafts for text in (why, plan.description)))
    vectors = dict(zip(texts, BulkMiniLM().embed(texts), strict=True))
    examples = [
        Example(
            name, kin, "picture", encoder.id, mind.id, "", why, plan.description, _bare(plan), row,
            vectors[why], vectors[plan.description],
        )
        for name, kin, why, plan, row in drafts
    ]  # fmt: skip
    return held_of(examples, plans)


def _bare(plan: Plan) -> str:
    return plan.model_copy(update={"causes": {}, "reasoning": ""}).model_dump_json()
