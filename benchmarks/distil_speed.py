"""What a plan costs: ``python -m benchmarks.distil_speed [--mapper DIR] [--runs N] [--json]``.

Every mind works in a fresh process on one thread, from picture to plan: the offline mind, a mapper by each
runtime that is installed, and a model of seven billion weights, whose time is modelled from the prompts and
answers of the two steps as they are here. The model of its time is a lower bound: while it answers, every
token takes at least as long as reading all weights from memory (Pope et al. 2022, Efficiently Scaling
Transformer Inference, arXiv:2211.05102, section 2), while it reads, two operations a weight and token. Rates
are the data sheets' (`MACHINES`). CoT-VTM's own figures are in the last row, from its table 5.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from benchmarks.timing import median_seconds

PICTURE = pathlib.Path(__file__).parents[1] / "examples" / "images" / "d01_sunset_hills.jpg"
WEIGHTS = 7e9
#: Tokens that a picture takes: 1,280 visual ones are the usual upper limit of Qwen2.5-VL's processor.
IMAGE_TOKENS = 1280
#: name -> (bytes a weight, bytes a second from memory, operations a second), at most, as data sheets say.
MACHINES = {
    "7 B VLM, A100, 16 bit": (2.0, 1.555e12, 3.12e14),  # NVIDIA A100 40 GB data sheet
    "7 B VLM, RTX 4090, 16 bit": (2.0, 1.008e12, 1.65e14),  # NVIDIA Ada architecture white paper
    "7 B VLM, 2-channel DDR5 PC, 4 bit": (0.5, 8.96e10, 1e12),  # 2 x 8 bytes x 5.6e9 (JEDEC JESD79-5)
}
#: CoT-VTM, table 5: seconds with the language model and distilled, and GB of memory of each.
PAPER = {"with its language model": (81.34, 145.87), "distilled": (2.33, 1.73)}
BATCH = 256


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds an image of looking and of planning; in a batch; memory in MiB, seconds to begin."""

    mind: str
    look: float | None
    plan: float
    batch: float | None  # E_v to plan, an image in a batch of `BATCH`
    memory: float
    begin: float | None  # fresh process to first plan
    mapper: float | None = None  # E_v to choices alone


def main() -> int:
    """Measure and print; returns the exit code."""
    options = _options()
    if options.one:
        print(json.dumps(asdict(measured(options.one, options.mapper, options.runs))))
        return 0
    rows = [fresh(mind, options) for mind in minds(options.mapper)]
    rows += [modelled(name, *told_tokens()) for name in MACHINES]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    _show(rows)
    return 0


def minds(mapper: str) -> list[str]:
    """Return what can be measured here."""
    import importlib.util

    found = ["offline", "numpy"] + (["torch"] if importlib.util.find_spec("torch") else [])
    found += ["onnx"] if (_folder(mapper) / "onnx").is_dir() else []
    if "torch" in found and _gpu():
        found.append("cuda")
    return found


def fresh(mind: str, options: argparse.Namespace) -> Cost:
    """Return what a mind costs, measured in a process of its own on one thread."""
    alone = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.distil_speed", "--one", mind, "--mapper", options.mapper,
         "--runs", str(options.runs)],
        check=True, capture_output=True, text=True, env=dict(os.environ) | alone,
    )  # fmt: skip
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measured(mind: str, folder: str, runs: int) -> Cost:
    """Return what a mind costs in this process."""
    started = time.perf_counter()
    look, plan, mapper, batch = _offline() if mind == "offline" else _distilled(mind, folder)
    plan()
    begun = time.perf_counter() - started
    milliseconds = [None if one is None else 1000 * median_seconds(one, runs) for one in (look, plan, mapper)]
    together = None if batch is None else 1000 * median_seconds(batch, 3) / BATCH
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(mind, milliseconds[0], milliseconds[1] or 0.0, together, peak, begun, milliseconds[2])


Work = Callable[[], object]


def _offline() -> tuple[Work, Work, None, None]:
    from agent.controls import Controls
    from agent.offline.perceive import OfflinePerceiver
    from agent.offline.plan import OfflinePlanner
    from agent.picture import open_picture

    picture, eye, planner = open_picture(PICTURE), OfflinePerceiver(), OfflinePlanner()
    scene = eye.perceive(picture)
    return lambda: eye.perceive(picture), lambda: planner.plan(scene, Controls(), 0), None, None


def _distilled(runtime: str, folder: str) -> tuple[Work, Work, Work, Work]:
    import numpy as np

    from agent.controls import Controls
    from agent.distilled.planner import DistilledMind
    from agent.picture import open_picture
    from mapper.inference import Mapper

    if runtime in ("torch", "cuda"):
        import torch

        torch.set_num_threads(1)
    device = "cuda" if runtime == "cuda" else "cpu"
    mapper = Mapper.load(folder, runtime="torch" if runtime == "cuda" else runtime, device=device)
    mind, picture = DistilledMind(mapper), open_picture(PICTURE)
    scene, seen = mind.eye.look(picture)
    many = np.repeat(seen[None], BATCH, axis=0)
    return (
        lambda: mind.eye.look(picture),
        lambda: mind.plans(scene, seen, Controls(), 0),
        lambda: mapper.decide(mapper.sample(seen).heard[0, 0]),
        lambda: [mapper.decide(one[0]) for one in mapper.sample(many).heard],
    )


def told_tokens() -> tuple[int, int]:
    """Return how many tokens a model reads and answers in the steps from picture to plan."""
    from agent.agent import Agent
    from agent.controls import Controls
    from agent.offline.perceive import OfflinePerceiver
    from agent.offline.plan import OfflinePlanner
    from agent.picture import open_picture
    from agent.vlm.protocol import estimated_tokens
    from agent.vlm.scripted import ScriptedBackend
    from agent.vlm.standin import plan_answer, scene_answer, sketch_answer

    picture = open_picture(PICTURE)
    scene = OfflinePerceiver().perceive(picture)
    plan = OfflinePlanner().plan(scene, Controls(), 0)
    script = [one.model_dump_json() for one in (scene_answer(scene), plan_answer(plan), sketch_answer(plan))]
    piece = Agent(vlm=ScriptedBackend(script), writer="offline", candidates=1).compose(picture)
    calls = [call for call in piece.calls if call.step in ("perceive", "plan")]
    read = sum(estimated_tokens(message.text) for call in calls for message in call.messages)
    pictures = sum(len(message.images) for call in calls for message in call.messages)
    return read + IMAGE_TOKENS * pictures, sum(estimated_tokens(call.text) for call in calls)


def modelled(name: str, read: int, answered: int) -> Cost:
    """Return the least that a model can cost on a machine: reading the prompts, then token by token."""
    size, memory, operations = MACHINES[name]
    seconds = 2 * WEIGHTS * read / operations + answered * WEIGHTS * size / memory
    return Cost(
        f"{name}: {read} + {answered} tokens", None, 1000 * seconds, None, WEIGHTS * size / 2**20, None
    )


def _show(rows: list[Cost]) -> None:
    print(_line("mind", "look", "plan", "mapper", "in a batch", "MiB", "begin"))
    for row in rows:
        spent = (_cell(one, "ms") for one in (row.look, row.plan, row.mapper, row.batch))
        print(_line(row.mind, *spent, f"{row.memory:.0f}", _cell(row.begin, "s")))
    if all(row.mind != "cuda" for row in rows):
        print(_line("cuda: not measured, there is no GPU here"))
    for name, (seconds, memory) in PAPER.items():
        size = f"{memory * 1e9 / 2**20:.0f}"
        print(_line(f"CoT-VTM, {name} (its table 5)", "-", _cell(1000 * seconds, "ms"), "-", "-", size))
    ours = next(row for row in rows if row.mind == "numpy")
    model = next(row for row in rows if row.mind.startswith("7 B"))
    whole = ours.plan + (ours.look or 0.0)
    print(
        f"mapper step {ours.mapper:.1f} ms, completed plan {ours.plan:.1f} ms: {model.plan / ours.plan:.0f} "
        f"times as fast as the least of a model on an A100; {model.plan / whole:.0f} times with the look"
    )


def _line(name: str, *cells: str) -> str:
    return f"{name:<52}" + "".join(f"{cell:>13}" for cell in cells)


def _cell(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.1f} {unit}"


def _folder(mapper: str) -> pathlib.Path:
    from mapper.inference import SHIPPED, shipped_folder

    return shipped_folder() if mapper == SHIPPED else pathlib.Path(mapper)


def _gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mapper", default="shipped")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--one", default="", help="measure this mind in this process")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
