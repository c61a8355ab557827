"""What it costs to see attention: ``python -m benchmarks.attention [--json] [--rounds N] [--tokens N]``.

A model of Qwen2.5-VL-3B's depth and heads (36 layers of 16), thin and with random weights, writes a text
about a picture of 300 image tokens. Times: writing alone, writing while all attention is kept as transformers
keeps it, and writing followed by a second pass that keeps the picture's columns. The pass alone is timed too,
without capture. The rounds are interleaved and the fastest of each is taken; memory is what a process of its
own has at its peak beyond what it had before. Seconds are those of one core at work, so that a busy machine
counts little.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

LAYERS, HEADS, KEY_HEADS, WIDTH = 36, 16, 2, 16
GRID = (30, 40)  # patches, of which 2 x 2 make an image token
IMAGE = GRID[0] * GRID[1] // 4
#: The layers of the targeted pass: one in each quarter of the decoder.
FOUR = (8, 17, 26, 35)
PROMPT = 323
#: Targets: time of writing and the pass against writing alone; memory against what is kept in full.
MOST_TIME, LEAST_SAVING = 1.10, 50


class Cost:
    """The ways, each a method without arguments; the text is written once before."""

    def __init__(self, tokens: int) -> None:
        self.model = _model()
        self.inputs = _prompt()
        self.write(tokens)

    def write(self, tokens: int) -> None:
        """Set how much is written."""
        self.tokens, self.kept = tokens, 0
        self.text = [7 + place % 900 for place in range(tokens)]

    def generate(self) -> None:
        """Write, and keep nothing."""
        self._write("sdpa", False)

    def full(self) -> None:
        """Write, and keep all attention."""
        held = self._write("eager", True).attentions
        self.kept = sum(layer.nbytes for step in held for layer in step)

    def second_pass(self) -> None:
        """Read the text once, and keep nothing."""
        import torch

        from explain.attention.reading import continued

        with torch.no_grad():
            self.model(**continued(self.model, self.inputs, self.text), use_cache=False, logits_to_keep=1)

    def four_layers(self) -> None:
        """Read the text once, and keep the picture's columns in four layers."""
        self._capture(FOUR)

    def all_layers(self) -> None:
        """Read the text once, and keep the picture's columns in all layers."""
        self._capture(None)

    def _write(self, implementation: str, keep: bool) -> Any:
        import torch

        self.model.set_attn_implementation(
            {"": "sdpa", "text_config": implementation, "vision_config": "sdpa"}
        )
        try:
            with torch.no_grad():
                return self.model.generate(
                    **self.inputs, max_new_tokens=self.tokens, min_new_tokens=self.tokens, do_sample=False,
                    output_attentions=keep, return_dict_in_generate=keep,
                )  # fmt: skip
        finally:
            self.model.set_attn_implementation("sdpa")

    def _capture(self, layers: tuple[int, ...] | None) -> None:
        from explain.attention import attention_rows

        self.kept = attention_rows(self.model, self.inputs, self.text, layers).nbytes


WAYS = ("generate", "full", "second_pass", "four_layers", "all_layers")


def main() -> None:
    """Measure and print."""
    _one_core()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--peak", choices=WAYS, help="print the peak memory and the kept bytes of one way")
    asked = parser.parse_args()
    if asked.peak:
        print(json.dumps(_peak(asked.peak, asked.tokens)))
        return
    memory = {way: _peak_apart(way, asked.tokens) for way in WAYS}
    seconds = _seconds(asked.tokens, asked.rounds)
    found = _rows(seconds, memory)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    _print(found, asked.tokens)


def _one_core() -> None:
    """Let torch compute on one core: its seconds add up, and waiting for others is not counted."""
    import torch

    torch.set_num_threads(1)


def _rows(seconds: dict[str, float], memory: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Return the table: seconds, peak and kept MB, and the ratios that the targets are set for."""
    alone, full = seconds["generate"], memory["full"]
    rows = []
    for way, taken in seconds.items():
        whole = taken if way in ("generate", "full") else alone + taken
        row: dict[str, Any] = {
            "way": way, "seconds": taken, "against writing alone": whole / alone,
            "peak MB": memory[way]["peak"] / 1e6, "kept MB": memory[way]["kept"] / 1e6,
        }  # fmt: skip
        if way.endswith("layers"):
            row["kept in full / kept"] = full["kept"] / memory[way]["kept"]
            row["peak in full / peak"] = full["peak"] / max(1, memory[way]["peak"])
        rows.append(row)
    return rows


def _print(rows: list[dict[str, Any]], tokens: int) -> None:
    table = Table(title=f"{LAYERS} layers of {HEADS} heads, {PROMPT} prompt tokens, {tokens} written")
    names = list(rows[-1])
    for name in names:
        table.add_column(name, justify="left" if name == "way" else "right")
    for row in rows:
        table.add_row(*(row.get(name, "") if name == "way" else _number(row.get(name)) for name in names))
    Console(width=120).print(table)
    print(f"targets: time at most {MOST_TIME} of writing alone; kept in full / kept at least {LEAST_SAVING}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _seconds(tokens: int, rounds: int) -> dict[str, float]:
    """Return the fewest seconds of each way, rounds interleaved after a short one that does not count."""
    cost = Cost(8)
    ways: dict[str, Callable[[], None]] = {way: getattr(cost, way) for way in WAYS}
    for work in ways.values():
        work()
    cost.write(tokens)
    fastest = dict.fromkeys(WAYS, float("inf"))
    for _ in range(rounds):
        for way, work in ways.items():
            for _ in range(1 if way in ("generate", "full") else 3):
                start = time.process_time()
                work()
                fastest[way] = min(fastest[way], time.process_time() - start)
    return fastest


def _peak_apart(way: str, tokens: int) -> dict[str, int]:
    """Return a way's peak and kept bytes, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.attention", "--peak", way, "--tokens", str(tokens)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def _peak(way: str, tokens: int) -> dict[str, int]:
    """Return by how many bytes this process's resident memory grows at its highest, and what is kept.

    The way runs once with a short text first: what libraries allocate at their first use does not count.
    """
    cost = Cost(8)
    getattr(cost, way)()
    cost.write(tokens)
    before = _reset_peak()
    getattr(cost, way)()
    return {"peak": max(0, _status("VmHWM") - before), "kept": cost.kept}


def _reset_peak() -> int:
    """Set the kernel's record of this process's highest memory to what it has now; return that (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)  # what was freed is not there for the way to use unseen
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """Return a figure of this process in bytes."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _model() -> Any:
    """Return the model."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    hidden = HEADS * WIDTH
    text = {
        "vocab_size": 1000, "hidden_size": hidden, "intermediate_size": 2 * hidden,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS,
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 2, 2]},
        "bos_token_id": None, "eos_token_id": None, "pad_token_id": 0,
    }  # fmt: skip
    sight = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": hidden,
        "fullatt_block_indexes": [1],
    }  # fmt: skip
    config = Qwen2_5_VLConfig(
        text_config=text, vision_config=sight, image_token_id=990, video_token_id=991,
        vision_start_token_id=992, vision_end_token_id=993, tie_word_embeddings=False,
    )  # fmt: skip
    torch.manual_seed(0)
    return Qwen2_5_VLForConditionalGeneration(config).eval()


def _prompt() -> dict[str, Any]:
    """Return a prompt with a picture, as the processor gives it."""
    import torch

    ids = [5] * 10 + [992] + [990] * IMAGE + [993]
    ids += [6] * (PROMPT - len(ids))
    return {
        "input_ids": torch.tensor([ids]),
        "attention_mask": torch.ones(1, PROMPT, dtype=torch.long),
        "mm_token_type_ids": torch.tensor([[int(one == 990) for one in ids]]),
        "pixel_values": torch.randn(GRID[0] * GRID[1], 1176, generator=torch.Generator().manual_seed(0)),
        "image_grid_thw": torch.tensor([[1, *GRID]]),
    }


if __name__ == "__main__":
    main()
