"""One self-contained page about a run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from latentfit.pictures.figures import save
from latentfit.report.chart import bars
from latentfit.report.html import picture, rendered
from latentfit.scoring import meaning, verdict
from latentfit.shapes import is_image
from latentfit.storage import Facts, RunFolder
from latentfit.storage.folder import Line

FOLDS = {
    "Scores as figures": ("prd", "coverage", "recall", "covariance"),
    "Training curves": ("mask", "curves"),
}
FACTS = ("seed", "batch", "average", "precision", "compile", "processes")


class Score(NamedTuple):
    """A row of the table of scores, as text."""

    name: str
    value: str
    floor: str
    meaning: str


def write_page(
    folder: RunFolder, figures: dict[str, tuple[str, Figure]], scores: dict[str, Any]
) -> Path:
    """Write `report.html`, and the figures as `figures/<key>.png` and `.pdf`.

    Arguments:
        folder: The run folder; what it lacks is left out, with a sentence that says which command
            makes it.
        figures: Caption and figure by key, in the order of the page; `samples` goes to its top, and
            those of `FOLDS` into theirs.
        scores: What `evaluate` gave; empty where the run was not scored.

    Returns:
        The path of the page. It needs no other file and no network.

    Raises:
        UserError: The folder holds no run.
    """
    facts, lines = folder.facts, folder.lines
    pictures = []
    for key, (caption, figure) in figures.items():
        path = folder.figures / f"{key}.png"
        save(figure, path, path.with_suffix(".pdf"))
        pictures.append(picture(key, caption, figure, file=path))
    data = facts.identity.get("data", {})
    folded = {key for keys in FOLDS.values() for key in keys}
    page = rendered(
        "report",
        title=f"{facts.identity.get('recipe') or 'A model'} on {data.get('name', 'data')}",
        summary=summary(facts, scores, lines),
        folder=shlex.quote(str(folder.path)),
        run=facts,
        verdict=verdict(scores, lines) if scores else None,
        bars=bars(scores),
        scores=score_rows(scores, image="shape" not in data or is_image(tuple(data["shape"]))),
        details=_flat(scores.get("details", {})),
        played=bool(lines),
        shown_pictures=[
            *(picture for picture in pictures if picture.name == "samples"),
            *(p for p in pictures if p.name != "samples" and p.name not in folded),
        ],
        folds={name: [p for p in pictures if p.name in keys] for name, keys in FOLDS.items()},
        settings=_settings(facts),
        command=again(facts.command, max((line.get("round", 0) for line in lines), default=0)),
    )
    folder.write_report(page)
    return folder.report


def again(command: str | None, rounds: int) -> str | None:
    """The command that makes a run again: what was typed first, with the rounds it has come to.

    Arguments:
        command: What a person typed; None from Python.
        rounds: Played in all; 0 where that is not known.

    Example:
        >>> again("latentfit train ae --data digits --rounds 100", 250)
        'latentfit train ae --data digits --rounds 250'
        >>> again("latentfit demo", 1500)
        'latentfit demo --rounds 1500'
        >>> again("latentfit fit-prior run --prior kde", 1500)
        'latentfit fit-prior run --prior kde'
    """
    try:
        words = shlex.split(command or "")
    except ValueError:  # an older version did not quote
        return command
    if not rounds or words[1:2] not in (["train"], ["demo"]):
        return command
    kept, value = [], False
    for word in words:
        if not value and word != "--rounds" and not word.startswith("--rounds="):
            kept.append(word)
        value = word == "--rounds"
    return shlex.join([*kept, "--rounds", str(rounds)])


def summary(facts: Facts, scores: dict[str, Any], lines: list[Line]) -> str:
    """A run in one line of plain text: size, length, and how well it generates.

    Example:
        >>> facts = Facts(identity={"arguments": {"latent": 16}, "seed": 0})
        >>> summary(facts, {}, [{"round": 2000, "seconds": 90}])
        '16 latent dimensions, seed 0, 2,000 rounds in 1.5 min.'
    """
    parts, arguments = [], facts.identity.get("arguments", {})
    if "latent" in arguments:
        parts.append(f"{arguments['latent']} latent dimensions")
    parts.append(f"seed {facts.identity.get('seed')}")
    if lines:
        seconds = max((line.get("seconds", 0) for line in lines), default=0)
        parts.append(f"{max(line.get('round', 0) for line in lines):,} rounds{_duration(seconds)}")
    for row in score_rows(scores):
        if re.fullmatch(r"fid|fd_[^_]+", row.name):
            floor = f" (floor {row.floor})" if row.floor else ""
            parts.append(f"Fréchet distance {row.value}{floor}")
    return ", ".join(parts) + "."


def score_rows(scores: dict[str, Any], *, image: bool = True) -> list[Score]:
    """Scores with what they mean; a floor and a standard deviation go beside their score.

    Arguments:
        scores: The object of `evaluation.json`; a score of None is not defined for the model.
        image: Whether the data are images.

    Example:
        >>> row = score_rows({"fd_lenet": 2.0, "fd_lenet_sd": 0.25, "fd_lenet_floor": 0.5})[0]
        >>> row.value, row.floor
        ('2 ± 0.25', '0.5')
    """
    rows, details = [], scores.get("details", {})
    earlier = {name: group for group in details.get("earlier", []) for name in group["scores"]}
    for name, value in scores.items():
        beside = re.sub(r"_(floor|sd|se)$", "", name)
        if isinstance(value, dict | list | str) or (beside != name and beside in scores):
            continue
        text = _number(value)
        for spread in (f"{name}_sd", f"{name}_se"):
            if scores.get(spread) is not None:
                text += f" ± {_number(scores[spread], 2)}"
        if name == "active" and "latent" in scores:
            text += f" of {_number(scores['latent'])}"
        elif name == "latent" and "active" in scores:
            continue
        # Reconstructions are measured against the same floor as what is generated.
        floor = scores.get(f"{name}_floor", scores.get(f"{_stem(name)}_floor"))
        said = meaning(name, image=image)
        if made := earlier.get(name):  # not with what stands below the table
            said += (
                f" (computed with {made['count']:,} samples, {made['extractor']} features, "
                f"seed {made['seed']})"
            )
        rows.append(Score(name, text, "" if floor is None else _number(floor), said))
    return rows


def _stem(name: str) -> str:
    return name.removesuffix("_reconstruction")


def _number(value: float | None, digits: int = 4) -> str:
    if value is None:
        return "not defined"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"


def _duration(seconds: float) -> str:
    if not seconds:
        return ""
    if seconds < 60:
        return f" in {seconds:.3g} s"
    return f" in {seconds / 60:.3g} min" if seconds < 5_400 else f" in {seconds / 3_600:.3g} h"


def _settings(facts: Facts) -> list[tuple[str, str]]:
    held = facts.identity
    flat: dict[str, Any] = {"recipe": held.get("recipe")}
    flat |= held.get("arguments", {})
    flat |= {f"data {key}": value for key, value in held.get("data", {}).items()}
    flat |= {key: held[key] for key in FACTS if key in held} | {"commit": facts.commit}
    return [(key, "none" if value is None else str(value)) for key, value in flat.items()]


def _flat(held: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of what may hold objects and lists: those of an object under its name."""
    rows = []
    for key, value in held.items():
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            value = {str(number): item for number, item in enumerate(value, 1)}
        if isinstance(value, dict):
            rows += [(f"{key}: {name}", text) for name, text in _flat(value)]
        elif isinstance(value, list):
            rows.append((key, ", ".join(map(str, value))))
        else:
            rows.append((key, f"{value:,}" if type(value) is int else str(value)))
    return rows
