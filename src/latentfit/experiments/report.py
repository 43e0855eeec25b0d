"""One self-contained page about a run."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

from latentfit.training.checkpoint import atomically, read_json

MEANINGS = {
    "reconstruction": "Frechet distance of reconstructions to the test samples",
    "floor": "the same distance for training samples: no honest model is much below it",
    "sd": "standard deviation of the generation score over independent draws",
    "mse": "mean squared error of reconstructions, over all entries of the test samples",
    "psnr": "peak signal-to-noise ratio of reconstructions, in dB",
    "nac": "mean absolute correlation between active dimensions of the test codes",
    "active": "latent dimensions that are open",
    "latent": "latent dimensions that the model was given",
}


def write_report(folder: Path, figures: dict[str, tuple[str, Figure]]) -> Path:
    """Write `report.html` and the figures as PNG and PDF.

    Arguments:
        folder: The run folder, with `run.json` and, if it was scored, `evaluation.json`.
        figures: Caption and figure by name, in the order of the page.

    Returns:
        The path of the page. It needs no other file and no network.
    """
    run = read_json(folder / "run.json")
    scored = folder / "evaluation.json"
    scores = read_json(scored) if scored.exists() else {}
    shown = [_picture(folder, name, *figures[name]) for name in figures]
    environment = Environment(
        loader=PackageLoader("latentfit.experiments"), autoescape=True, trim_blocks=True
    )
    page = environment.get_template("report.html.j2").render(
        run=run,
        folder=folder.name,
        scores=_scores(scores),
        details=scores.get("details", {}),
        figures=shown,
        settings=_settings(run),
    )
    path = folder / "report.html"
    atomically(path, lambda draft: draft.write_text(page, encoding="utf-8"))
    return path


def _picture(folder: Path, name: str, caption: str, figure: Figure) -> dict[str, str]:
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=160)
    atomically(folder / "figures" / f"{name}.png", lambda d: d.write_bytes(held.getvalue()))
    atomically(folder / "figures" / f"{name}.pdf", lambda d: figure.savefig(d, format="pdf"))
    return {
        "name": name,
        "caption": caption,
        "data": base64.b64encode(held.getvalue()).decode(),
    }


def _scores(scores: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for name, value in scores.items():
        if not isinstance(value, int | float):
            continue
        last = name.rsplit("_", 1)[-1]
        meaning = MEANINGS.get(last) or "Frechet distance of generated to test samples"
        rows.append((name, f"{value:.5g}", meaning))
    return rows


def _settings(run: dict[str, Any]) -> list[tuple[str, str]]:
    flat: dict[str, Any] = {"recipe": run.get("recipe")}
    flat |= run.get("arguments", {})
    flat |= {f"data {key}": value for key, value in run.get("data", {}).items()}
    flat |= {
        key: run.get(key)
        for key in ("seed", "batch", "average", "precision", "compile", "processes", "commit")
    }
    flat |= run.get("versions", {})
    return [(key, str(value)) for key, value in flat.items()]
