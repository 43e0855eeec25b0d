"""The loop: seed, play a round, average, now and then log, check, validate and save.

Randomness and data order are functions of (seed, rank, round), so a checkpoint holds no random
state and the same command given again goes on with the same bits.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import Data, order
from latentfit.game import Game
from latentfit.models import Learner
from latentfit.networks import evaluating
from latentfit.players import Terms
from latentfit.seeds import seeded
from latentfit.storage import Facts, RunFolder, locked
from latentfit.training import distributed
from latentfit.training.allocator import keep_freed
from latentfit.training.average import Average
from latentfit.training.identity import identity
from latentfit.training.journal import Journal, OnLog
from latentfit.training.matched import matched
from latentfit.training.precision import chosen, prepared, products
from latentfit.training.progress import Status, stoppable
from latentfit.training.recorded import Graph
from latentfit.training.resume import tell
from latentfit.training.rounds import Rounds
from latentfit.training.settings import Settings
from latentfit.training.watch import collect, must_be_finite, who_waits

Kind = TypeVar("Kind", bound=Learner)
LAG = 2.0  # times the last weights' validation score from which averaged weights are told to lag


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        step: Rounds played.
        best: Lowest validation score, and its round.
        kept: The weights of that round, where the run ends with them and has no folder.
    """

    step: int = 0
    best: tuple[float, int] | None = None
    kept: dict[str, Tensor] | None = None

    def stalls(self, settings: Settings) -> bool:
        """Whether so many validations were no better than the best that the run ends early."""
        if settings.patience is None or self.best is None:
            return False
        return self.step - self.best[1] >= settings.patience * settings.validate_every


def train(
    model: Kind,
    data: Data,
    settings: Settings,
    *,
    folder: RunFolder | None = None,
    validate: Callable[[Kind], float] | None = None,
    notes: dict[str, Any] | None = None,
    label: str = "training",
    on_log: OnLog | None = None,
) -> Progress:
    """Play the game of a model on the training split; resume where the folder says.

    The model is left on the device, in evaluation mode, holding the averaged weights if it keeps
    them. A run that was interrupted raises KeyboardInterrupt after saving.

    Arguments:
        model: What to train, in place.
        data: What to train on.
        settings: How.
        folder: Where checkpoints and lines go; None keeps everything in memory.
        validate: From a model to a score to lower, on the validation split.
        notes: What `run.json` should say beside the identity of the run, fields of `Facts`.
        label: Name on the progress bar.
        on_log: Told the round and the numbers of each line of the log, in the main process; what it
            raises is raised after a checkpoint.

    Raises:
        DivergenceError: A term or a parameter is not finite; the last good checkpoint is kept.
        UserError: Model and data do not fit, or parts of the model do not fit together; or the
            folder belongs to another run, or is being written by another process.
    """
    device = distributed.pick_device(settings.device)
    settings = replace(settings, precision=chosen(settings.precision, device))
    data = matched(model, data)
    with ExitStack() as stack:
        stack.enter_context(distributed.group(device))
        stack.enter_context(products(settings.precision))
        first = distributed.rank() == 0
        if folder is not None and first:
            stack.enter_context(locked(folder.path))
            begun = folder.exists
            folder.claim(Facts(identity=identity(model, data, settings), **(notes or {})))
            if begun:
                tell(folder, settings.rounds, quiet=not settings.progress)
        distributed.wait()  # until the folder is ours
        return _play(model, data, settings, device, folder, validate, label, on_log)


def _play(
    model: Kind,
    data: Data,
    settings: Settings,
    device: torch.device,
    folder: RunFolder | None,
    validate: Callable[[Kind], float] | None,
    label: str,
    on_log: OnLog | None,
) -> Progress:
    if device.type == "cpu":
        keep_freed()
    model.to(device).train()
    data = data.to(device)
    distributed.broadcast([*model.parameters(), *model.buffers()])
    game = Game(
        model,
        prepare=functools.partial(
            prepared, precision=settings.precision, device=device, compiled=settings.compile
        ),
        average=distributed.average_gradients,
        capturable=device.type == "cuda",
    )
    waiting = who_waits(game, settings.rounds)
    average = Average(model, model.average) if model.average is not None else None
    done = _restore(folder, device, model, game, average)
    rank, world = distributed.rank(), distributed.world()
    first = rank == 0
    lines = folder.log(done.step) if folder is not None and first else None
    journal = Journal(lines, on_log if first else None)
    status = Status(settings.rounds, done.step, show=settings.progress and first, label=label)
    rounds = Rounds(
        game,
        average,
        data.train,
        order(
            len(data.train),
            size=model.batch,
            seed=settings.seed,
            start=done.step * game.draws,
            rank=rank,
            world=world,
        ),
        seed=settings.seed,
        device=device,
        tell=status.note,
        tape=Graph if device.type == "cuda" else None,
    )
    for name in game.frozen:
        status.note(f"player '{name}' has no move: all that it owns is frozen.")
    for name in waiting:
        status.note(f"player '{name}' stands still for longer than {settings.rounds} rounds; "
                    "for its part of the game give more --rounds.")  # fmt: skip
    saved = time.monotonic()
    recent: list[Terms] = []
    stopped, broken, stalled = False, False, distributed.agree(done.stalls(settings), device)
    try:
        with stoppable() as stop:
            while done.step < settings.rounds and not (stopped or stalled):
                recent.append(rounds.play(done.step))
                done.step += 1
                ended = done.step == settings.rounds
                validates = validate is not None and done.step % settings.validate_every == 0
                due = done.step % settings.log_every == 0 or validates
                stopped = stop.requested and (world == 1 or due)
                if not (due or ended or stopped):
                    continue
                terms = collect(recent)
                recent.clear()
                must_be_finite(game, terms, done.step, folder)
                distributed.broadcast(model.buffers())
                status.update(done.step, terms)
                line = {"seconds": journal.seconds, **terms, **model.watched()}
                journal.write(done.step, line)
                if validate and first and (validates or ended):
                    score = _validate(validate, model, average, settings, done, journal, folder)
                    if ended and average is not None:
                        last = scored(validate, model, settings.seed)
                        if score > LAG * last > 0:
                            status.note(
                                f"averaged weights are at {score:.3g} on validation data, the last "
                                f"ones at {last:.3g}: weights still move faster than their average "
                                "follows; give more --rounds, or --set average=none."
                            )
                if validates and settings.patience is not None:
                    stalled = distributed.agree(done.stalls(settings), device)
                broken = distributed.agree(journal.error is not None, device)
                stopped = distributed.agree(stopped, device) or broken
                late = time.monotonic() - saved > settings.save_seconds
                if folder is not None and first and (ended or stopped or stalled or late):
                    _save(folder, model, game, average, done)
                    saved = time.monotonic()
    finally:
        status.close()
        journal.close()
    if journal.error is not None:
        raise journal.error
    if broken or (stopped and done.step < settings.rounds and not stalled):
        raise KeyboardInterrupt(done.step)
    if average is not None:
        model.load_state_dict(average.state_dict(), strict=False)
    if settings.patience is not None:
        state = folder.restore("best", device) if folder is not None and first else None
        if best := done.kept if state is None else state["model"]:
            model.load_state_dict(best)
        distributed.broadcast([*model.parameters(), *model.buffers()])
    model.eval()
    return done


def _validate(
    validate: Callable[[Kind], float],
    model: Kind,
    average: Average | None,
    settings: Settings,
    done: Progress,
    journal: Journal,
    folder: RunFolder | None,
) -> float:
    """The score of the averaged weights; the best so far are kept."""
    with average.applied() if average is not None else nullcontext():
        score = scored(validate, model, settings.seed)
        journal.write(done.step, {"validation": score})
        if done.best is None or score < done.best[0] or math.isnan(done.best[0]):
            done.best = (score, done.step)
            if folder is not None:
                state = {"round": done.step, "validation": score, "model": model.state_dict()}
                folder.save("best", state)
            elif settings.patience is not None:
                done.kept = {name: value.clone() for name, value in model.state_dict().items()}
    return score


def scored(validate: Callable[[Kind], float], model: Kind, seed: int) -> float:
    """A validation score; the model and the streams of random numbers stay as they are."""
    with evaluating(model), seeded(seed, "validation"), torch.no_grad():
        return validate(model)


def _save(
    folder: RunFolder, model: Learner, game: Game, average: Average | None, done: Progress
) -> None:
    state = {
        "round": done.step,
        "best": list(done.best) if done.best else None,
        "model": model.state_dict(),
        "optimizers": game.state_dict(),
        "average": average.state_dict() if average is not None else None,
    }
    folder.save("last", state)


def _restore(
    folder: RunFolder | None,
    device: torch.device,
    model: Learner,
    game: Game,
    average: Average | None,
) -> Progress:
    state = None if folder is None else folder.restore("last", device)
    if folder is None or state is None:
        return Progress()
    try:
        model.load_state_dict(state["model"])
        game.load_state_dict(state["optimizers"])
    except (RuntimeError, ValueError, KeyError) as error:
        raise UserError(
            f"the checkpoint of {folder.path} is not of this model ({str(error).splitlines()[0]}); "
            "give the model that it was begun with, or choose another --out."
        ) from error
    if average is not None:
        average.load_state_dict(state["average"])
    best = state["best"]
    return Progress(step=state["round"], best=(best[0], int(best[1])) if best else None)
