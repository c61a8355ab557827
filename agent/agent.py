"""The loop: picture -> scene -> plan -> exemplars -> score, refined under a rule. Read this file first.

Each step is a chair that any mind can take: a `Perceiver`, a `Planner`, a `Writer` with one method each. The
offline mind sits in all three by default and needs nothing but what pip installs; a vision-language model may
sit there instead (`agent.vlm`), with the offline mind beside it for what it cannot do.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from agent.chairs import Perceiver, Planner, Writer
from agent.controls import Controls
from agent.drafting import Step, Written
from agent.editing.develop import developed, with_theme
from agent.editing.theme import read_theme
from agent.identity import picture_name, piece_seed
from agent.judging import verdict_on
from agent.offline.writer import OfflineWriter
from agent.offline.writer.given import NOTHING
from agent.picture import Picture, open_picture
from agent.piece import Piece
from agent.sitting import Planned, Sitting
from agent.values import whole
from agent.vlm.choose import backend_of
from chiaroscore import ChiaroscoreError, ControlError
from notation import Tune, parse
from prompts import Plan
from rag_store import LONGEST_MATCH, Hit, Store, store_state
from rag_store.searching.query import TRACKS

if TYPE_CHECKING:
    from agent.distilled.planner import DistilledMind
    from agent.vlm.options import Options
    from agent.vlm.protocol import Backend
    from mapper.inference import Mapper

#: How many drafts are written before the best is refined.
CANDIDATES = 3
#: How many exemplars the writer gets.
EXEMPLARS = 6
#: Most candidates of one composition.
MOST_CANDIDATES = 16


class Agent:
    """Composes pieces for pictures.

    Parameters
    ----------
    vlm
        Model for the three chairs: ``"transformers:<hub id or path>"``, ``"openai:<url>#<model>"``, or a
        `agent.vlm.protocol.Backend`. By default what the environment variable ``CHIAROSCORE_VLM`` names, and
        the offline mind if it names nothing; ``"offline"`` is the offline mind in any case.
    perceiver, planner
        Other minds for the first two chairs; they go before a model.
    writer
        ``"model"`` (which is meant where there is one) or ``"offline"``: who writes the score; or another
        mind.
    mapper
        A distilled mapper for the second chair: ``"shipped"``, the folder of one, a
        `mapper.inference.Mapper` or an `agent.distilled.planner.DistilledMind`. The offline mind then looks
        and writes.
    store
        Exemplar store; by default the built-in one, built on first use (under a minute) in the user's cache.
    candidates
        Drafts the offline writer makes before the best one is refined. A model writes one.
    options
        Limits of a model's work: tries, rounds, tokens, seconds.
    tracks
        How exemplars are sought: ``"broad"`` (by the plan's description), ``"targeted"`` (by its
        attributes), or both. With ``()`` nothing is sought: the offline writer invents every motif, a model
        is lent none. What is copied is minded against the whole store in any case.

    Raises
    ------
    ControlError
        If ``vlm``, ``writer`` or ``tracks`` names nothing we know, or a mapper and another planner are asked
        for.
    InputError
        If the mapper cannot be read.
    MissingPartError
        If no mapper is shipped, or what it needs is not installed.
    """

    def __init__(
        self,
        *,
        vlm: str | Backend | None = None,
        perceiver: Perceiver | None = None,
        planner: Planner | None = None,
        writer: Writer | Literal["model", "offline"] | None = None,
        mapper: str | os.PathLike[str] | Mapper | DistilledMind | None = None,
        store: Store | None = None,
        candidates: int = CANDIDATES,
        options: Options | None = None,
        tracks: Sequence[str] = TRACKS,
    ) -> None:
        from agent.offline.perceive import OfflinePerceiver
        from agent.offline.plan import OfflinePlanner

        if isinstance(writer, str) and writer not in ("model", "offline"):
            raise ControlError(
                f"writer {writer[:40]!r} is unknown; choose model or offline, or give a writer"
            )
        self.perceiver = perceiver or OfflinePerceiver()
        self.planner = planner or OfflinePlanner()
        own = OfflineWriter(guard=lambda melody: self.store.melodies.runs(melody))
        self.writer: Writer = own if writer is None or isinstance(writer, str) else writer
        self.candidates = candidates
        self.options = options
        self.tracks = _known_tracks(tracks)
        free = {"perceive": perceiver is None, "plan": planner is None, "write": writer in (None, "model")}
        self._chosen = frozenset(step for step, open_to_model in free.items() if open_to_model)
        self._backend: tuple[Backend | None] | None = None if vlm is None else (backend_of(vlm),)
        self.distilled: DistilledMind | None = None
        if mapper is not None:
            if perceiver or planner or writer == "model" or (self._backend and self._backend[0]):
                raise ControlError(
                    "a mapper plans what the offline mind sees: leave out vlm, perceiver, planner"
                )
            from agent.distilled.choose import mind_of

            self.distilled, self._backend = mind_of(mapper), (None,)
        self._store = store
        self._opening = threading.Lock()

    @property
    def backend(self) -> Backend | None:
        """What runs the model, None for the offline mind; ``CHIAROSCORE_VLM`` is read at the first use.

        Raises
        ------
        ControlError
            If the variable names nothing we know.
        """
        if self._backend is None:
            self._backend = (backend_of(None),)
        return self._backend[0]

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
        n: int | None = None,
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
        n
            Candidates that are written and ranked, 1 to 16; the best one is refined and returned, the others
            are its ``alternatives``. By default the agent's. A mapper plans each of them anew, as far as its
            samples differ: its alternatives are other music, not other drafts of the same plan.
        on_step
            Called with ``(step, value)`` after "perceive", "plan", "retrieve", each "draft", and "revise";
            with a model also with "ask" and "reply" around each call and "text" for each piece of an answer.

        Returns
        -------
        Piece

        Raises
        ------
        InputError
            If the picture cannot be opened, or the theme cannot be read.
        ControlError
            If a request is unknown or cannot be met.
        BackendError
            If a model was chosen and does not answer at all. What it fails to do later, the offline mind
            does, and the piece's remarks say so.
        """
        tell = on_step or (lambda step, value: None)
        controls = Controls.parse(
            tempo=tempo, key=key, meter=meter, bars=bars, duration=duration, genre=genre, mood=mood,
            valence=valence, arousal=arousal, instruments=instruments, density=density, register=register,
            form=form, seed=seed,
        )  # fmt: skip
        count = None if n is None else whole("n", n, 1, MOST_CANDIDATES)
        theme = read_theme(continue_from) if continue_from is not None else None
        picture = open_picture(image)
        own_seed = piece_seed(picture, seed)
        sitting = self._sitting(own_seed, tell)
        self._prepare()
        scene = sitting.perceive(picture, controls)
        tell("perceive", scene)
        wanted = with_theme(controls, theme) if theme else controls
        planned = sitting.plans(scene, wanted, own_seed, count)
        shares = _shares(count, len(planned))

        def written(one: Planned, candidates: int | None) -> Piece:
            plan, given, remarks = one.plan, NOTHING, tuple[str, ...]()
            if theme is not None:
                plan, given, remarks = developed(theme, plan, controls)
            plan = sitting.describe(scene, plan, wanted, own_seed)
            tell("plan", plan)
            hits = self.retrieve(plan)
            tell("retrieve", hits)
            copied = self.copied if given is NOTHING else None  # a theme may be anybody's
            found = functools.partial(verdict_on, plan=plan, copied=copied, controls=controls)
            made = sitting.write(plan, hits, own_seed, found, candidates, tell, given)
            piece = Piece(
                abc=made.draft.abc, scene=scene, plan=plan, exemplars=tuple(hits), draft=made.draft,
                verdict=made.verdict, history=tuple(made.history), controls=controls, seed=seed,
                picture=picture, name=picture_name(image),
                remarks=(*sitting.remarks, *one.remarks, *remarks),
                **self._judged(made.draft.abc),
                theme=theme.record() if theme else None, minds=dict(sitting.minds), mapped=one.mapped,
                calls=tuple(sitting.calls), tracks=self.tracks,
            )  # fmt: skip
            return self._with_alternatives(piece, made) if candidates is not None else piece

        return _best([written(one, share) for one, share in zip(planned, shares, strict=True)])

    def _with_alternatives(self, piece: Piece, written: Written) -> Piece:
        """Return the piece with the other candidates as pieces, best first."""
        source = written.ranked[0][0] if written.ranked else written.draft
        others = tuple(
            replace(
                piece, abc=draft.abc, draft=draft, verdict=verdict,
                **self._judged(draft.abc),
            )
            for draft, verdict in written.ranked
            if draft is not source
        )  # fmt: skip
        return replace(piece, alternatives=others)

    def _judged(self, abc: str) -> dict[str, Any]:
        """Return what the store says of a melody: its longest agreement and its likest exemplar."""
        tune = parse(abc)
        return {
            "originality": self.store.longest_match(tune),
            "likeness": next(iter(self.store.likenesses(tune, k=1)), None),
        }

    def _sitting(self, seed: int, tell: Step) -> Sitting:
        """Return who composes: the model if there is one, else the minds of this agent."""
        if self.distilled is not None:
            from agent.distilled.sitting import DistilledSitting

            return DistilledSitting(self.distilled, self.writer, self.candidates)
        backend = self.backend
        if backend is None:
            return Sitting(self.perceiver, self.planner, self.writer, self.candidates)
        from agent.vlm.sitting import ModelSitting

        offline = Sitting(self.perceiver, self.planner, self.writer, self.candidates)
        return ModelSitting(offline, backend, self.options, self._chosen, seed, tell)

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
        """Exemplars for a plan, best first: broad by its description, targeted by its attributes.

        An agent whose ``tracks`` are empty seeks none: the list is empty.
        """
        if not self.tracks:
            return []
        mode = plan.key.split()[-1]
        found: list[Hit] = self.store.search(
            plan.description,
            k=EXEMPLARS,
            genre=plan.genre,
            mood=plan.emotion.words[0],
            meter=plan.meter,
            mode=mode,
            tracks=self.tracks,
        )
        return found

    def copied(self, tune: Tune) -> int:
        """Return how many consecutive notes of a tune some exemplar has too.

        An ornamented or re-timed copy of an exemplar counts as one note too many.
        """
        notes = self.store.longest_match(tune).notes
        likest = self.store.likenesses(tune, k=1)
        copied = bool(likest) and likest[0].verdict == "copy"
        return max(notes, LONGEST_MATCH + 1) if copied else notes


def _known_tracks(tracks: Sequence[str]) -> tuple[str, ...]:
    """Return the tracks in the store's own order; they may be none.

    Raises
    ------
    ControlError
        If one is unknown.
    """
    named = (tracks,) if isinstance(tracks, str) else tuple(tracks)
    unknown = [one for one in named if one not in TRACKS]
    if unknown:
        raise ControlError(f"track {str(unknown[0])[:40]!r} is unknown; choose of {', '.join(TRACKS)}, or ()")
    return tuple(one for one in TRACKS if one in named)


def _shares(count: int | None, plans: int) -> list[int | None]:
    """Return how many of the candidates each plan gets; the first ones get what is left over."""
    if count is None:
        return [None] * plans
    return [count // plans + (at < count % plans) for at in range(plans)]


def _best(pieces: Sequence[Piece]) -> Piece:
    """Return the piece that does best by its plan, with the others and their alternatives as its own."""
    if len(pieces) == 1:
        return pieces[0]
    ranked = sorted(
        (one for piece in pieces for one in (piece, *piece.alternatives)),
        key=lambda one: one.verdict.rank,
        reverse=True,
    )
    best, *others = (replace(one, alternatives=()) for one in ranked)
    return replace(best, alternatives=tuple(others))


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
