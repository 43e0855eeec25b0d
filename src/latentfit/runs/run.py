"""Runs: train into a folder, export what loads without it, load it again."""

from __future__ import annotations

import logging
import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from latentfit.checks import UserError, one_of
from latentfit.data.base import Data, must_be_data
from latentfit.expost import fit_prior
from latentfit.models import Learner, Model
from latentfit.models.learner import describe
from latentfit.priors import ExPost
from latentfit.runs.card import built, card
from latentfit.runs.sharing import fetched, on_hub, push
from latentfit.scoring.scores import validation_score
from latentfit.storage import Card, Facts, RunFolder, locked
from latentfit.training import Settings, distributed, pick_device
from latentfit.training import train as play
from latentfit.training.identity import identity
from latentfit.training.journal import OnLog
from latentfit.version import __version__

LOG = logging.getLogger("latentfit")


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        model: The trained model, in evaluation mode, with averaged weights if it keeps them.
        folder: Where it lies; None if it was kept in memory.
        rounds: Rounds played.
        best: Lowest validation score and its round; None without validation.
    """

    model: Model = field(repr=False)
    folder: RunFolder | None
    rounds: int
    best: tuple[float, int] | None

    def push(self, name: str, **options: Any) -> str:
        """Share it on the Hugging Face hub; name, options and answer are those of `lf.push`.

        Raises:
            UserError: It was kept in memory, or as `lf.push`.
        """
        if self.folder is None:
            raise UserError("the run was kept in memory; train it into a folder, out=...")
        return push(self.folder.path, name, **options)


def train(
    model: Model,
    data: Data,
    *,
    rounds: int,
    out: str | Path | None = None,
    notes: dict[str, Any] | None = None,
    validate: bool = True,
    on_log: OnLog | None = None,
    **settings: Any,
) -> Run:
    """Train a model, fit its prior if that comes afterwards, and export it.

    The same call goes on where an interrupted one stopped, with the same bits.

    Arguments:
        model: What to train, in place.
        data: What to train on.
        rounds: Rounds to play in all.
        out: The run folder; None keeps everything in memory.
        notes: What `run.json` should say besides, fields of `storage.Facts`.
        validate: Score the validation split now and then and keep the best checkpoint.
        on_log: Called with the round and the numbers of each line that is logged, by name, in the
            main process: those of `metrics.jsonl`, validation scores too. What it raises ends the
            training after a checkpoint, and is raised here; the same call then goes on. Rounds that
            are played again after a crash are told again. It hears nothing of a prior's training.
        settings: Other fields of `training.Settings`: seed, device, precision, compile, ...

    Returns:
        The run. A model without `out` is trained all the same.

    Raises:
        UserError: An argument is unknown or out of range, model and data do not fit, or the folder
            holds another run.
        DivergenceError: A term or a parameter is not finite; the last good checkpoint is kept.

    Example:
        >>> from latentfit import data, recipe
        >>> samples = data.load("synthetic:n=2,d=4,count=200")
        >>> model = recipe("ae", samples, latent=2, width=1 / 8, batch=16)
        >>> def hears(step, numbers):
        ...     print(step, *numbers)
        >>> told = {"rounds": 2, "log_every": 1, "validate": False, "progress": False}
        >>> run = train(model, samples, on_log=hears, **told)
        1 seconds autoencoder/reconstruction
        2 seconds autoencoder/reconstruction
    """
    must_be_data(data)
    if not isinstance(model, Learner):
        raise UserError(f"the model is a {type(model).__name__}; lf.recipe or lf.Model make one.")
    allowed = [item.name for item in fields(Settings)]
    for name in settings:
        one_of("argument of train", name, allowed)
    known = {item.name for item in fields(Facts)} - {"identity", "versions", "commit", "device"}
    for name in notes or {}:
        one_of("note", name, known)
    chosen = Settings(rounds=rounds, **settings)
    if chosen.patience is not None and not validate:
        raise UserError("'patience' counts validations; leave validate=False out.")
    folder = None if out is None else RunFolder(Path(out))
    before = folder.played if folder is not None and folder.finished else None
    device = pick_device(chosen.device)
    made = {"versions": versions(), "commit": commit(), "device": device.type}
    with distributed.group(device):
        done = play(
            model,
            data,
            chosen,
            folder=folder,
            validate=validation_score(data) if validate else None,
            notes=made | (notes or {}),
            label=model.recipe[0] if model.recipe else "training",
            on_log=on_log,
        )
        if done.best is not None and done.step < rounds:
            LOG.warning(
                "stopped early after round %s: none of the last validations was better than that "
                "of round %s.", f"{done.step:,}", f"{done.best[1]:,}",
            )  # fmt: skip
        fit_prior(model, data, chosen, folder)
        model.eval()
        if folder is not None and before == done.step:  # what was scored stays what it is
            model.load_state_dict(folder.weights)
        elif folder is not None and distributed.first():
            folder.export(card(model, data, done.step), model.state_dict())
    return Run(model, folder, done.step, done.best)


def load(
    folder: str | Path, *, weights: str = "auto", device: str = "auto", model: Model | None = None
) -> Model:
    """Load a trained model, in evaluation mode.

    Arguments:
        folder: A run folder, or `hf:user/name` or `hf:user/name@revision` of the Hugging Face hub.
        weights: `auto` for what samples (averaged where kept), `raw` for the last ones, `best` for
            those with the lowest validation score.
        device: Where to put it.
        model: The model to fill, where parts of it are your own: built again as for the training.

    Raises:
        UserError: The folder holds no finished run, it has parts that no recipe describes, or its
            files do not fit together; or the hub does not give it.
    """
    run = RunFolder(fetched(folder) if on_hub(folder) else Path(folder))
    one_of("weights", weights, ("auto", "raw", "best"))
    if not run.path.is_dir():
        raise UserError(f"no run folder at {folder}; give the --out of a training.")
    held, given = run.card, model
    if given is not None:
        _must_be_as_trained(run, given)
    try:
        model = built(held, model, where=run.path)
        model.load_state_dict(_weights(run, weights, fitted=isinstance(model.prior, ExPost)))
    except UserError:
        raise
    except Exception as error:
        said = str(error).strip().splitlines()
        remedy = (
            "an earlier version had other networks for it, or a part was exchanged; train it again"
            if given is None
            else "if a part of it is your own, pass the built model as it was trained"
        )
        raise UserError(
            f"{folder} does not hold weights of this model ({type(error).__name__}: "
            f"{' '.join(line.strip() for line in said[:2])[:160]}); {remedy}."
        ) from error
    return model.to(pick_device(device)).eval()


def save(model: Model, data: Data, out: str | Path, *, rounds: int = 0, seed: int = 0) -> RunFolder:
    """Write a model that a loop of one's own has trained as a run that loads, scores and reports.

    Arguments:
        model: A trained model.
        data: What it was trained on.
        out: The run folder, a new one or that of the same model.
        rounds: Rounds that were played.
        seed: Of the training.

    Raises:
        UserError: The folder holds another run, or something else.
    """
    settings = Settings(rounds=max(1, rounds), seed=seed)
    return write(out, model, *described(model, data, settings, rounds=rounds))


def described(model: Model, data: Data, settings: Settings, *, rounds: int) -> tuple[Facts, Card]:
    """What `write` says of a trained model, which outlives its data.

    Arguments:
        model: The model.
        data: What it was trained on.
        settings: Those of the training.
        rounds: Rounds that were played.
    """
    told = identity(model, data, settings)
    facts = Facts(identity=told, versions=versions(), commit=commit())
    return facts, card(model, data, rounds)


def write(out: str | Path, model: Model, facts: Facts, held: Card) -> RunFolder:
    """Write a described model as a run.

    Raises:
        UserError: The folder holds another run, or something else.
    """
    folder = RunFolder(Path(out))
    with locked(folder.path):
        folder.claim(facts)
        folder.export(held, model.state_dict())
    return folder


def _must_be_as_trained(run: RunFolder, model: Model) -> None:
    if not run.exists or "structure" not in run.facts.identity:
        return
    was = Facts(identity={"structure": run.facts.identity["structure"]})
    if differences := was.differences({"structure": describe(model)}):
        raise UserError(f"the model that was passed is not the one of {run.path}: {differences}.")


def _weights(run: RunFolder, which: str, *, fitted: bool) -> dict[str, torch.Tensor]:
    exported = run.weights
    if which == "auto":
        return exported
    name = "last" if which == "raw" else "best"
    state = run.restore(name)
    if state is None:
        raise UserError(f"{run.path} keeps no checkpoint '{name}'; use --weights auto.")
    # A prior that was fitted afterwards is only in the export.
    prior = {name: value for name, value in exported.items() if name.startswith("prior.")}
    return state["model"] | prior if fitted else state["model"]


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    return {
        "latentfit": __version__,
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
    return shlex.join(["latentfit", *sys.argv[1:]])
