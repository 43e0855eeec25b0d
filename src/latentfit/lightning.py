"""The game of a model under Lightning's Trainer (extra `lightning`)."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import Data, must_be_data, order
from latentfit.expost import fit_prior
from latentfit.game import Game
from latentfit.models import Model
from latentfit.players import Terms
from latentfit.scoring.scores import validation_score
from latentfit.seeds import mix, reseed
from latentfit.training import Settings
from latentfit.training.average import Average
from latentfit.training.loop import scored
from latentfit.training.matched import matched
from latentfit.training.watch import collect, must_be_finite, who_waits

try:
    from lightning.pytorch import LightningModule
except ImportError as error:
    raise UserError(
        "latentfit.lightning needs Lightning, which is not installed: "
        "pip install 'latentfit[lightning]'."
    ) from error


class GameModule(LightningModule):
    """A model and its data for `Trainer.fit`: each training step plays one round of the game.

    On one process of a CPU the bits are those of `lf.train` with the same seed and as many rounds,
    also where a training goes on from a checkpoint of the Trainer. A round is one step of Lightning
    whatever its players do in it: `max_steps` counts rounds, and so do `ModelCheckpoint` and the
    loggers. An epoch is one pass over the data, as near as whole rounds come. Terms of the players
    are logged under their names, and the validation score of the averaged weights as `validation`,
    lower is better.

    Deviations:
        One process, and precision 32-true: others are refused. On a GPU rounds are played move by
        move, where `lf.train` records them. Logged terms are those of one round, no means.

    Arguments:
        model: What to train, in place; it holds the last weights. `trained` has the averaged ones.
        data: What to train on.
        seed: Of the order of the data and of all noise.

    Raises:
        UserError: Model and data do not fit; later, in a Trainer: it is of several processes or of
            another precision, or a player would not move in its rounds.

    Example:
        >>> import latentfit as lf
        >>> data = lf.data.load("synthetic:n=2,d=4,count=200")
        >>> module = GameModule(lf.recipe("wae-gan", data, latent=2, width=1 / 8), data)
        >>> sorted(module.hparams), module.automatic_optimization
        ([], False)
    """

    def __init__(self, model: Model, data: Data, *, seed: int = 0) -> None:
        must_be_data(data)
        super().__init__()
        self.automatic_optimization = False
        self.model, self.seed = model, seed
        self.samples = matched(model, data)
        self.score = validation_score(self.samples)
        self._game: Game | None = None
        self.average: Average | None = None
        self.kept: tuple[int, dict[str, Tensor] | None] | None = None

    @property
    def game(self) -> Game:
        """What is played.

        Raises:
            UserError: No Trainer has begun.
        """
        if self._game is None:
            raise UserError("a GameModule is played by Trainer.fit.")
        return self._game

    def setup(self, stage: str) -> None:
        """See Lightning.

        Raises:
            UserError: The Trainer does what would be another game.
        """
        trainer = self.trainer
        if stage != "fit":
            raise UserError("a GameModule is only fitted; lf.evaluate scores module.trained().")
        if trainer.world_size > 1:
            raise UserError(
                f"a GameModule plays in one process, the Trainer has {trainer.world_size}; give "
                "devices=1, or use torchrun -m latentfit train."
            )
        if trainer.precision != "32-true":
            raise UserError(
                f"a GameModule plays in precision 32-true, got {trainer.precision}; lf.train has "
                "precision='bf16'."
            )

    def configure_optimizers(self) -> Any:
        """See Lightning: all players' optimisers as one."""
        model = self.model.train()
        self._game = game = Game(model, backward=self.manual_backward)
        if self.trainer.max_steps > 0:
            who_waits(game, self.trainer.max_steps)
        self.average = Average(model, model.average) if model.average is not None else None
        return Moves(game, self.average)

    def train_dataloader(self) -> Batches:
        """See Lightning."""
        return Batches(self)

    def val_dataloader(self) -> range:
        """See Lightning: one step, which scores."""
        return range(1)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """See Lightning: one round.

        Raises:
            DivergenceError: A term or a parameter is not finite, at a step that is logged.
        """
        game, average, step = self.game, self.average, self.global_step
        game.turn_to(step)
        if average is not None:
            average.turn_to(step)
        reseed(mix(self.seed, 0, step), self.device)

        def played() -> Terms:
            terms = game.play(iter(batch))
            if average is not None:
                average.update()
            return terms

        moves: Any = self.optimizers()
        terms: Terms = moves.step(played)
        self.kept = step + 1, average.state_dict() if average is not None else None
        every = self.trainer.log_every_n_steps  # pyright: ignore[reportAttributeAccessIssue]
        if (step + 1) % every == 0:
            must_be_finite(game, collect([terms]), step + 1, None)
        self.log_dict(terms)

    def validation_step(self, batch: int, batch_idx: int) -> None:
        """See Lightning: the score that `lf.train` keeps the best weights by."""
        with self.average.applied() if self.average is not None else nullcontext():
            self.log("validation", scored(self.score, self.model, self.seed), batch_size=1)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """See Lightning."""
        self.kept = checkpoint["global_step"], checkpoint["optimizer_states"][0]["average"]

    def trained(self) -> Model:
        """A copy of the model as `lf.train` would leave it: averaged, its prior fitted, evaluating.

        Raises:
            UserError: No round was played, and no checkpoint loaded.
        """
        if self.kept is None:
            raise UserError("nothing is trained yet; call Trainer.fit, or load a checkpoint.")
        rounds, averaged = self.kept
        model = copy.deepcopy(self.model)
        if averaged is not None:
            model.load_state_dict(averaged, strict=False)
        settings = Settings(rounds=rounds, seed=self.seed, progress=False)
        fit_prior(model, self.samples.to(model.device), settings)
        return model.eval()


class Moves:
    """The optimisers of a game as one, whose step is a round: what Lightning counts and keeps.

    Arguments:
        game: Whose.
        average: Of the weights, which is kept beside; None keeps none.
    """

    def __init__(self, game: Game, average: Average | None) -> None:
        self.game, self.average = game, average
        self.defaults: dict[str, Any] = {}
        self.state: defaultdict[Tensor, Any] = defaultdict(dict)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Those of all players."""
        return [group for one in self.game.optimizers.values() for group in one.param_groups]

    def step(self, closure: Callable[[], Terms]) -> Terms:
        """Play; every move within is a step of its player's own optimiser."""
        return closure()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Every move leaves no gradient."""

    def state_dict(self) -> dict[str, Any]:
        """All that a round starts from beside the model's weights."""
        average = None if self.average is None else self.average.state_dict()
        return {"players": self.game.state_dict(), "average": average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self.game.load_state_dict(state["players"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])


class Batches:
    """The batches of one round after the other, from the round that comes next on.

    Arguments:
        module: Whose rounds.
    """

    def __init__(self, module: GameModule) -> None:
        self.module = module
        self.draws = module.game.draws
        self.length = max(1, len(module.samples.train) // (module.model.batch * self.draws))

    def __len__(self) -> int:
        """Rounds of an epoch."""
        return self.length

    def __iter__(self) -> Iterator[list[Tensor]]:
        module, train = self.module, self.module.samples.train
        start = module.global_step * self.draws
        batches = train.batches(
            order(len(train), size=module.model.batch, seed=module.seed, start=start)
        )
        while True:
            yield [next(batches) for _ in range(self.draws)]

    def state_dict(self) -> dict[str, Any]:
        """Nothing: which batches come next follows from the number of the round."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing is needed to go on."""
