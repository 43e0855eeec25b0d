"""Runs: train into a folder, export what loads without it, load it again."""

from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

import latentfit
from latentfit.checks import UserError, one_of
from latentfit.data.base import Data
from latentfit.experiments.evaluate import validation_score
from latentfit.experiments.late import with_prior
from latentfit.experiments.recipes import recipe
from latentfit.models import Model
from latentfit.training import Settings, distributed, fit_prior, pick_device, waits
from latentfit.training import train as play
from latentfit.training.checkpoint import atomically, read_json, write_json
from latentfit.training.checkpoint import load as load_checkpoint
from latentfit.units import Units


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        model: The trained model, in evaluation mode, with averaged weights if it keeps them.
        folder: Where it lies; None if it was kept in memory.
        rounds: Rounds played.
        best: Lowest validation score and its round; None without validation.
    """

    model: Model
    folder: Path | None
    rounds: int
    best: tuple[float, int] | None


def train(
    model: Model,
    data: Data,
    *,
    rounds: int,
    out: str | Path | None = None,
    notes: dict[str, Any] | None = None,
    validate: bool = True,
    **settings: Any,
) -> Run:
    """Train a model, fit its prior if that comes afterwards, and export it.

    The same call goes on where an interrupted one stopped, with the same bits.

    Arguments:
        model: What to train, in place.
        data: What to train on.
        rounds: Rounds to play in all.
        out: The run folder; None keeps everything in memory.
        notes: What `run.json` should say besides.
        validate: Score the validation split now and then and keep the best checkpoint.
        settings: Other fields of `training.Settings`: seed, device, precision, compile, ...

    Returns:
        The run. A model without `out` is trained all the same.
    """
    chosen = Settings(rounds=rounds, **settings)
    folder = Path(out) if out is not None else None
    with distributed.group(pick_device(chosen.device)):
        done = play(
            model,
            data,
            chosen,
            folder=folder,
            validate=validation_score(data) if validate else None,
            notes={"versions": versions(), "commit": commit(), **(notes or {})},
            label=model.recipe[0] if model.recipe else "training",
        )
        fit_prior(model, data, chosen, folder)
        model.eval()
        if folder is not None and distributed.rank() == 0:
            export(model, data, folder, rounds=done.step)
    return Run(model, folder, done.step, done.best)


def export(model: Model, data: Data, folder: Path, *, rounds: int) -> None:
    """Write `model.safetensors` and `model.json`, all that `load` needs."""
    state = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    # A module that sits in two places has its tensors twice by name; safetensors wants them apart.
    state = {name: value.clone() for name, value in state.items()}
    atomically(folder / "model.safetensors", lambda draft: save_file(state, draft))
    name, arguments = model.recipe or (None, {})
    write_json(
        folder / "model.json",
        {
            "recipe": name,
            "arguments": arguments,
            "prior": list(model.late) if model.late else None,
            "shape": list(model.shape),
            "weights": "averaged" if model.average is not None else "raw",
            "round": rounds,
            "data": {
                "name": data.name,
                "fingerprint": data.fingerprint,
                "classes": list(data.classes),
                "shift": data.units.shift.tolist(),
                "scale": data.units.scale.tolist(),
            },
        },
    )


def load(
    folder: str | Path, *, weights: str = "auto", device: str = "auto", model: Model | None = None
) -> Model:
    """Load a trained model, in evaluation mode.

    Arguments:
        folder: A run folder.
        weights: `auto` for what samples (averaged where kept), `raw` for the last ones, `best` for
            those with the lowest validation score.
        device: Where to put it.
        model: The model to fill, if it was built from parts and not by a recipe.

    Raises:
        UserError: The folder holds no finished run, or its files do not fit together.
    """
    folder = Path(folder)
    one_of("weights", weights, ("auto", "raw", "best"))
    if not folder.is_dir():
        raise UserError(f"no run folder at {folder}; give the --out of a training.")
    facts = read_json(folder / "model.json")
    try:
        if model is None:
            if facts["recipe"] is None:
                raise UserError(f"{folder} was built from parts; pass the built model to load.")
            model = recipe(facts["recipe"], tuple(facts["shape"]), **facts["arguments"])
        if facts.get("prior"):
            name, settings = facts["prior"]
            with_prior(model, name, **settings)
        held = facts["data"]
        model.units = Units(torch.tensor(held["shift"]), torch.tensor(held["scale"]))
        model.load_state_dict(_weights(folder, weights, fitted=waits(model)))
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{folder} does not hold a model that this version can load "
            f"({type(error).__name__}: {str(error).splitlines()[0]}); train it again."
        ) from error
    return model.to(pick_device(device)).eval()


def _weights(folder: Path, which: str, *, fitted: bool) -> dict[str, torch.Tensor]:
    exported = load_file(folder / "model.safetensors")
    if which == "auto":
        return exported
    path = folder / "checkpoints" / ("last.pt" if which == "raw" else "best.pt")
    if not path.exists():
        raise UserError(f"{folder} keeps no {path.name}; use --weights auto.")
    held = load_checkpoint(path)["model"]
    # A prior that was fitted afterwards is only in the export.
    late = {name: value for name, value in exported.items() if name.startswith("prior.")}
    return held | late if fitted else held


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    return {
        "latentfit": latentfit.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """The commit of the checkout that this code runs from; None outside one."""
    root = Path(__file__).parent
    command = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def command_line() -> str:
    """The command that a person typed, for `run.json`."""
    return " ".join(["latentfit", *sys.argv[1:]])
