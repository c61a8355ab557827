"""The model card of a mapper: what it is, what it learnt from, how well it does, under which licence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mapper.config import ModelConfig
from mapper.shapes import parameters

#: What the measures of `mapper.measures` are called in the card.
_MEASURES = {
    "examples": "examples", "cosine_why": "cosine of E_r with the teacher's",
    "cosine_heard": "cosine of one sampled E_m with the teacher's", "mode": "mode as the teacher's",
    "tempo": "tempo class as the teacher's", "meter": "meter as the teacher's",
    "genre": "genre as the teacher's",
    "group": "genre group as the teacher's", "families": "F1 of the instrument families",
    "tempo_ratio": "mean ratio of the tempi",
}  # fmt: skip
_VARIANTS = {
    "full": "E_v -> MLP -> E_r, then diffusion on (E_v, E_r) -> E_m",
    "no_latent": "diffusion on E_v alone -> E_m (an ablation; E_r is told beside it)",
    "mlp_mlp": "E_v -> MLP -> E_r -> MLP -> E_m (an ablation: all samples are alike)",
}


def card(config: ModelConfig, about: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    about
        As `mapper.training.train` stores it: ``"data"``, ``"training"``, ``"metrics"``.
    """
    data, training = about.get("data", {}), about.get("training", {})
    parts = [
        f"---\nlicense: {data.get('licence', 'apache-2.0').lower()}\nlibrary_name: chiaroscore\n---",
        "# A distilled mapper\n\nTells from what a picture looks like what its music is: mode, tempo, "
        "genre and players, by way of a sentence vector of the reasons (E_r) and one of the music (E_m). It "
        "stands in for a slower mind, its teacher, and can be no better than that.",
        f"- chain: {_VARIANTS[config.variant]}\n- size: {parameters(config):,} parameters\n"
        f"- encoder of pictures (E_v, {config.seen}): `{config.encoder}`\n"
        f"- embedder of text (E_r {config.why}, E_m {config.heard}): `{config.embedder}`",
        f"## Data\n\n{_data(data)}",
        f"## Measures\n\n{_table(about.get('metrics', {}))}",
        f"## Training\n\n{_training(training, about)}",
        f"## Licence\n\n{data.get('licence', 'Apache-2.0')}. {data.get('licence_note', '')}".rstrip(),
        "## Limits\n\nIt knows the teacher's habits, not what people hear; pictures unlike those it was "
        "taught with are mapped to the nearest of them. Measures above are agreement with the teacher on "
        "pictures and texts no relative of which was trained on.",
    ]
    return "\n\n".join(parts) + "\n"


def _data(data: Mapping[str, Any]) -> str:
    teachers = ", ".join(f"`{one}`" for one in data.get("teachers", [])) or "not recorded"
    lines = [f"- teacher: {teachers}"]
    lines += [f"- {part}: {count:,} examples" for part, count in data.get("parts", {}).items()]
    lines += [f"- {kind}s: {count:,}" for kind, count in data.get("kinds", {}).items()]
    return "\n".join([*lines, f"- digest: `{data.get('digest', '')[:16]}`"])


def _table(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table with a column a part."""
    if not metrics:
        return "None were taken."
    rows = [name for name in _MEASURES if any(name in one for one in metrics.values())]
    head = f"| measure | {' | '.join(metrics)} |\n|---|{'---:|' * len(metrics)}"
    lines = [
        f"| {_MEASURES[name]} | {' | '.join(_shown(name, one.get(name)) for one in metrics.values())} |"
        for name in rows
    ]
    return "\n".join([head, *lines])


def _training(training: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    took = about.get("seconds")
    names = (
        "seed",
        "batch",
        "precision",
        "reasoner_steps",
        "composer_steps",
        "head_steps",
        "predicts",
        "note",
    )
    lines = [f"- {name}: {training[name]}" for name in names if training.get(name) not in (None, "")]
    lines += [f"- {stage} ended at step {at:,}" for stage, at in about.get("ended", {}).items()]
    return "\n".join(lines + ([f"- seconds: {took:.0f}"] if took else []))


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if name == "examples" else f"{value:.3f}"
