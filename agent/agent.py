"""The loop: picture -> scene -> plan -> exemplars -> score, refined under a rule. Read this file first.

Each step is a chair that any mind can take: a `Perceiver`, a `Planner`, a `Writer` with one method each. The
offline mind sits in all three by default and needs nothing but what pip installs.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from PIL import Image

from agent.controls import Controls
from agent.critic import Revision, Verdict, judge
from agent.draft import Draft
from agent.drafting import Step, best_draft
from agent.editing.develop import developed, with_theme
from agent.editing.theme import read_theme
from agent.formats import file_stem
from agent.obeyed import missed, obeyed, parts_of
from agent.offline.writer import OfflineWriter
from agent.offline.writer.given import NOTHING, Given
from agent.picture import Picture, open_picture, picture_hash
from agent.piece import Piece
from chiaroscore import ChiaroscoreError, ControlError
from notation import Tune, parse
from prompts import Plan, Scene
from rag_store import Exemplar, Hit, Store, store_state

#: How many drafts are written before the best is refined.
CANDIDATES = 3
#: How many exemplars the writer gets.
EXEMPLARS = 6

Scribe = Callable[..., Draft]


class Perceiver(Protocol):
    """Step 1: what is in the picture."""

    def perceive(self, picture: Image.Image) -> Scene:
        """Return the scene of a picture."""


class Planner(Protocol):
    """Step 2: what the music shall be."""

    def plan(self, scene: Scene, controls: Controls, seed: int) -> Plan:
        """Return the plan for a scene under a user's controls."""


class Writer(Protocol):
    """Step 3: the score."""

    def write(
        self, plan: Plan, exemplars: Sequence[Exemplar], seed: int, redo: dict[str, int] | None = None
    ) -> Draft:
        """Return a draft; ``redo`` gives other seeds to the parts of the work it names."""


class Agent:
    """Composes pieces for pictures.

    Parameters
    ----------
    perceiver, planner, writer
        Minds for the three chairs; the offline ones by default.
    store
        Exemplar store; by default the built-in one, built on first use (under a minute) in the user's cache.
    candidates
        Drafts written before the best one is refined.
    """

    def __init__(
        self,
        *,
        perceiver: Perceiver | None = None,
        planner: Planner | None = None,
        writer: Writer | None = None,
        store: Store | None = None,
        candidates: int = CANDIDATES,
    ) -> None:
        from agent.offline.perceive import OfflinePerceiver
        from agent.offline.plan import OfflinePlanner

        self.perceiver = perceiver or OfflinePerceiver()
        self.planner = planner or OfflinePlanner()
        self.writer = writer or OfflineWriter(guard=lambda melody: self.store.originality.runs(melody))
        self.candidates = candidates
        self._store = store
        self._opening = threading.Lock()

    @property
    def store(self) -> Store:
        """The exemplar store, opened on first use."""
        with self._opening:
            if self._store is None:
                self._store = Store.open()
            return self._store

    def compose(
        self,
        image: Picture,
        *,
        tempo: float | str | None = None,
        key: str | None = None,
        meter: str | None = None,
        bars: int | None = None,
        duration: float | None = None,
        genre: str | None = None,
        mood: str | None = None,
        valence: float | None = None,
        arousal: float | None = None,
        instruments: str | Iterable[str | int] | None = None,
        density: float | str | None = None,
        register: int | str | None = None,
        form: str | None = None,
        continue_from: str | os.PathLike[str] | None = None,
        seed: int = 0,
        on_step: Step | None = None,
    ) -> Piece:
        """Compose a piece for a picture.

        Parameters
        ----------
        image
            Path, bytes, open file, PIL image, or array (height, width[, channels]).
        tempo
            Quarter notes per minute, or an Italian word ("Andante").
        key, meter
            ``"D dorian"``, ``"6/8"``. A genre is bent to a meter that is not its own.
        bars, duration
            Length in bars, or in seconds.
        genre, mood
            Names; see ``chiaroscore compose --help``.
        valence, arousal
            -1 to 1: sad to happy, calm to excited. Beside a mood they must agree with it.
        instruments
            Names, families ("strings") or General MIDI programs; they play everything and nobody else does.
        density
            "sparse", "medium", "dense", or notes a second.
        register
            Where the melody lies: "low", "middle", "high", a note ("C5") or a MIDI number for its middle.
        form
            ``"AABA"``, ``"intro ABA' coda"``, ``"rondo"``; see `agent.forms`.
        continue_from
            Path of a theme (.abc, .mid, .musicxml, .mxl), or its ABC text: its melody is the first section,
            the rest develops it. Its key, meter and tempo are kept where no other is asked for.
        seed
            Same picture, requests, seed and versions give the same piece, byte for byte.
        on_step
            Called with ``(step, value)`` after "perceive", "plan", "retrieve", each "draft", and "revise".

        Returns
        -------
        Piece

        Raises
        ------
        InputError
            If the picture cannot be opened, or the theme cannot be read.
        ControlError
            If a request is unknown or cannot be met.
        """
        tell = on_step or (lambda step, value: None)
        controls = Controls.parse(
            tempo=tempo, key=key, meter=meter, bars=bars, duration=duration, genre=genre, mood=mood,
            valence=valence, arousal=arousal, instruments=instruments, density=density, register=register,
            form=form, seed=seed,
        )  # fmt: skip
        theme = read_theme(continue_from) if continue_from is not None else None
        picture = open_picture(image)
        self._prepare()
        scene = self.perceiver.perceive(picture)
        tell("perceive", scene)
        own_seed = piece_seed(picture, seed)
        plan = self.planner.plan(scene, with_theme(controls, theme) if theme else controls, own_seed)
        given, remarks = NOTHING, tuple[str, ...]()
        if theme is not None:
            plan, given, remarks = developed(theme, plan, controls)
        tell("plan", plan)
        hits = self.retrieve(plan)
        tell("retrieve", hits)
        draft, verdict, history = self.write(
            plan, [hit.exemplar for hit in hits], own_seed, tell, given=given, controls=controls
        )
        return Piece(
            abc=draft.abc, scene=scene, plan=plan, exemplars=tuple(hits), draft=draft, verdict=verdict,
            history=tuple(history), controls=controls, seed=seed, picture=picture, name=picture_name(image),
            originality=self.store.longest_match(parse(draft.abc)), remarks=remarks,
            theme=theme.record() if theme else None,
        )  # fmt: skip

    def _prepare(self) -> None:
        """Open the store while the picture is looked at: in a cold process each takes a second or more.

        What goes wrong here goes wrong again, in the open, when the store is used.
        """
        if self._store is not None:
            return

        def ahead() -> None:
            with contextlib.suppress(ChiaroscoreError):
                if store_state().ready:
                    self.store.search("music", k=1)

        threading.Thread(target=ahead, name="chiaroscore-store", daemon=True).start()

    def retrieve(self, plan: Plan) -> list[Hit]:
        """Exemplars for a plan: broad by its description, targeted by its attributes."""
        mode = plan.key.split()[-1]
        found: list[Hit] = self.store.search(
            plan.description,
            k=EXEMPLARS,
            genre=plan.genre,
            mood=plan.emotion.words[0],
            meter=plan.meter,
            mode=mode,
        )
        return found

    def write(
        self,
        plan: Plan,
        exemplars: Sequence[Exemplar],
        seed: int,
        tell: Step,
        *,
        given: Given = NOTHING,
        controls: Controls | None = None,
    ) -> tuple[Draft, Verdict, list[Revision]]:
        """Return the best draft of a plan, what the critic says of it, and what was tried.

        Drafts that meet more of the requests go before others; see `agent.drafting`.
        """
        copied = self.copied if given is NOTHING else None  # a theme may be anybody's
        write = functools.partial(self._scribe(given), plan, exemplars)
        found = functools.partial(_verdict, plan=plan, copied=copied, controls=controls)
        return best_draft(write, found, seed, self.candidates, tell)

    def copied(self, tune: Tune) -> int:
        """Return how many consecutive notes of a tune some exemplar has too."""
        return self.store.longest_match(tune).notes

    def _scribe(self, given: Given) -> Scribe:
        """Return what writes drafts; only the offline writer takes music over that is given."""
        if given is NOTHING:
            return self.writer.write
        if isinstance(self.writer, OfflineWriter):
            return functools.partial(self.writer.write, given=given)
        raise ControlError("continue_from needs the offline writer; leave out the theme, or the other writer")


def _verdict(
    draft: Draft, plan: Plan, copied: Callable[[Tune], int] | None, controls: Controls | None
) -> Verdict:
    """Return what the critic says of a draft, with the requests that it does not meet."""
    verdict = judge(draft.abc, plan, copied)
    if controls is None or not verdict.valid:
        return verdict
    names = tuple(one.name for one in missed(obeyed(draft.abc, controls, parts_of(draft.form))))
    return replace(verdict, missed=names)


def piece_seed(picture: Image.Image, seed: int) -> int:
    """Return the seed of a piece: made of the picture's pixels and the user's seed."""
    text = f"{picture_hash(picture)}:{seed}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")


def picture_name(image: Picture) -> str:
    """Return the name for the files of a piece: the picture's own, or "piece" where it has none."""
    return file_stem(image, "piece") if isinstance(image, str | os.PathLike) else "piece"


_default: Agent | None = None


def compose(image: Picture, **requests: Any) -> Piece:
    """Compose a piece for a picture with the default agent; see `Agent.compose`.

    Examples
    --------
    >>> import agent
    >>> piece = agent.compose("sunset.jpg", bars=16, seed=7)  # doctest: +SKIP
    >>> piece.save("out")  # doctest: +SKIP
    """
    return default_agent().compose(image, **requests)


def default_agent() -> Agent:
    """Return the agent that `compose` uses, made on first use."""
    global _default
    if _default is None:
        _default = Agent()
    return _default
