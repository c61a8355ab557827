"""Making teacher data: what a mind says of pictures and textual scenes, kept as examples.

Conventions
-----------
The folder holds the shards (`mapper.shards`), the encoder they were seen with (``encoder.safetensors``) and
what was measured of the pictures (``looks/``). A run that was stopped goes on where it was: looks, shards and
the encoder that are there are used. Plans are kept without their causes; the rationale has the reasons in
words.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pathlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.distilling.bulk import BulkMiniLM
from agent.distilling.encoder import ClipSeer, PackagedSeer, seer_for
from agent.distilling.looks import Looks, look_at, mapped
from agent.distilling.minds import Mind, OfflineMind
from agent.distilling.pictures import Base, bases, variants
from agent.distilling.rationale import rationale
from agent.distilling.textual import Told, told
from chiaroscore import ControlError
from mapper.encoders import Encoder
from mapper.example import Example, Vector
from mapper.scenes import Telling, tellings
from mapper.shards import Header, ShardWriter
from prompts import Scene
from rag_store.embed import MiniLM

#: Told the step ("looking", "teaching"), how much is done and how much there is.
Progress = Callable[[str, int, int], None]
#: Items that one process works on at a time.
CHUNK = 64
LICENCE = (
    "measurements, descriptions and plans only, no picture and no text of others; the licences of the "
    "pictures are in each row's provenance"
)


@dataclass(frozen=True, slots=True)
class Sources:
    """What is taught from.

    ``pictures`` are folders, ``variants`` how many of each picture; ``scenes`` textual scenes are filled in,
    and ``captions`` are texts of others, read for what they say. ``plans`` is how many plans are asked for
    each.
    """

    pictures: tuple[str | os.PathLike[str], ...] = ()
    variants: int = 12
    scenes: int = 0
    captions: tuple[Telling, ...] = ()
    plans: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One thing to teach about: what was seen of it, and how its examples are named."""

    id: str
    kin: str
    kind: str
    provenance: str
    scene: str  # JSON
    seen: Vector
    base: Base | None = None  # of a picture, with the number of its variant
    variant: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked about every item: by whom, how many plans, under which name of the encoder and seed."""

    mind: Mind
    plans: int
    encoder: str
    seed: int


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it: examples there now, new ones, repetitions left out, pictures and textual scenes."""

    examples: int
    new: int
    repeated: int
    pictures: int
    scenes: int
    encoder: str


def teach(
    sources: Sources,
    folder: str | os.PathLike[str],
    *,
    mind: Mind | None = None,
    encoder: Encoder | str | None = None,
    seed: int = 0,
    processes: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Ask a mind about pictures and texts and write what it says as teacher data.

    Parameters
    ----------
    mind
        The teacher; by default the offline mind.
    encoder
        Of the pictures; by default the packaged one in the folder, or one fitted on the pictures. A text
        names a CLIP model.
    processes
        That look and plan; with a model it is one.

    Raises
    ------
    ControlError
        If there is nothing to teach from, or texts only and no encoder.
    InputError
        If a folder of pictures or what lies in the data folder cannot be used.
    MissingPartError
        If a part is not installed.
    """
    tell = progress or (lambda step, done, total: None)
    place, teacher = pathlib.Path(folder), mind or OfflineMind()
    workers = 1 if teacher.looks else processes
    _check(sources)
    found = bases(sources.pictures) if sources.pictures else []
    looks = look_at(
        found, sources.variants, place / "looks", seed=seed, processes=processes,
        progress=lambda done, total: tell("looking", done, total),
    )  # fmt: skip
    seer = seer_for(place, looks, encoder)
    items = [*_pictures(found, looks, seer, seed), *_texts(sources, seer, seed)]
    random.Random(seed).shuffle(items)  # noqa: S311  # repeatable; a run cut short has some of everything
    header = Header(seer.id, teacher.id, LICENCE, (seer.dim, MiniLM.dim, MiniLM.dim))
    with ShardWriter(place, header) as writer:
        before, asked = len(writer.ids), 0
        todo = [one for one in items if any(f"{one.id}.{k}" not in writer.ids for k in range(sources.plans))]
        work = Work(teacher, sources.plans, seer.id, seed)
        tasks = [(work, todo[start : start + CHUNK]) for start in range(0, len(todo), CHUNK)]
        for number, examples in enumerate(mapped(_taught, tasks, workers), start=1):
            asked += sum(one.id not in writer.ids for one in examples)
            for example in examples:
                writer.add(example)
            tell("teaching", min(number * CHUNK, len(todo)), len(todo))
        new = len(writer.ids) - before
    return Report(before + new, new, asked - new, len(found), len(items) - sum(map(len, looks)), seer.id)


def _check(sources: Sources) -> None:
    """Refuse sources of which nothing can come."""
    if sources.variants < 1 or sources.plans < 1:
        raise ControlError(f"{sources.variants} variants and {sources.plans} plans: give at least 1 of each")
    if not (sources.pictures or sources.scenes or sources.captions):
        raise ControlError(
            "there is nothing to teach from; give folders of pictures, textual scenes or captions"
        )


def _pictures(
    found: Sequence[Base], looks: Sequence[Looks], seer: PackagedSeer | ClipSeer, seed: int
) -> Iterator[Item]:
    """Yield the variants of the pictures."""
    for base, seen in zip(found, looks, strict=True):
        rows = seer.pictures(base, seen, seed)
        for variant, (scene, row) in enumerate(zip(seen.scenes, rows, strict=True)):
            yield Item(
                f"{base.name}#{seed}.{variant}",
                base.kin,
                "picture",
                base.provenance,
                scene,
                row,
                base,
                variant,
            )


def _texts(sources: Sources, seer: PackagedSeer | ClipSeer, seed: int) -> Iterator[Item]:
    """Yield the textual scenes, then the captions."""
    filled = [
        (f"scene:{seed}:{i}", one, "mapper/data/scenes.json")
        for i, one in enumerate(tellings(sources.scenes, seed))
    ]
    texts = filled + [(_caption_id(one), one, one.family) for one in sources.captions]
    for start in range(0, len(texts), CHUNK):
        part = texts[start : start + CHUNK]
        read: list[Told] = [told(one, seed) for _, one, _ in part]
        for (name, one, source), scene, row in zip(
            part, read, seer.texts(read, seed, _embedder()), strict=True
        ):
            yield Item(f"{name}#0", one.kin, "text", source, scene.scene.model_dump_json(), row)


def _taught(task: tuple[Work, list[Item]]) -> list[Example]:
    """Return the examples of some items: asked for, put into words, embedded."""
    work, items = task
    mind, seed = work.mind, work.seed
    drafts: list[tuple[Item, int, str, str, str]] = []
    for item in items:
        scene = Scene.model_validate_json(item.scene)
        if mind.looks and item.base is not None:
            scene = mind.scene(variants(item.base, item.variant + 1, seed, start=item.variant)[0], seed)
        for number in range(work.plans):
            plan = mind.plan(scene, _seed(item.id, number, seed))
            bare = plan.model_copy(update={"causes": {}, "reasoning": ""})
            drafts.append((item, number, rationale(scene, plan), plan.description, bare.model_dump_json()))
    vectors = _embedded([text for draft in drafts for text in draft[2:4]])
    return [
        Example(
            f"{item.id}.{number}", item.kin, item.kind, work.encoder, mind.id, item.provenance, why, music,
            plan, item.seen, vectors[why], vectors[music],
        )
        for item, number, why, music, plan in drafts
    ]  # fmt: skip


def _embedded(texts: Sequence[str]) -> dict[str, Vector]:
    """Return the vector of every text; one that comes again is embedded once."""
    once = list(dict.fromkeys(texts))
    return dict(zip(once, _embedder().embed(once), strict=True))


@functools.cache
def _embedder() -> BulkMiniLM:
    return BulkMiniLM()


def _seed(name: str, number: int, seed: int) -> int:
    """Return the seed of one plan."""
    return int.from_bytes(hashlib.sha256(f"{name}|{number}|{seed}".encode()).digest()[:6], "big")


def _caption_id(one: Telling) -> str:
    return f"caption:{hashlib.sha256(one.text.encode()).hexdigest()[:16]}"
