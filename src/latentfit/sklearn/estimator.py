"""A scikit-learn estimator: codes, reconstructions, samples and scores of arrays and tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from latentfit.checks import UserError, one_of, within
from latentfit.data import Data, load, rows
from latentfit.networks import evaluating
from latentfit.recipes import RECIPES, recipe
from latentfit.runs import built, described, train, write
from latentfit.runs import load as load_run
from latentfit.schema import Table
from latentfit.schema.objects import named
from latentfit.scoring import Usual
from latentfit.scoring.anomaly import KNOWN
from latentfit.seeds import seeded
from latentfit.settings import checked
from latentfit.sizing import Size, size
from latentfit.sklearn.states import as_dict, plain, seed_of
from latentfit.storage import Estimator, RunFolder, read_estimator, write_estimator
from latentfit.training import Settings, pick_device

# Of the loop's settings those that are the estimator's own, or say nothing without a folder.
APART = ("rounds", "seed", "progress", "save_seconds")


class LatentFit(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An auto-encoder with a prior, as an estimator.

    Arrays are vectors of numbers; a DataFrame is a table, whose columns may be numbers, texts,
    categories, truths and dates with missing cells. As everywhere in the library, rows are split by
    their content: four fifths are trained on, a tenth each is held out.

    Arguments:
        recipe: A system with an encoder, see `latentfit list recipes`.
        latent: Number of latent dimensions; `auto` finds it by `lf.size`, which needs 100 training
            samples; None is the recipe's own.
        rounds: Rounds to play.
        settings: Of the recipe, such as `{"width": 0.25}`. Where they give no `batch`, it is the
            recipe's, or all training samples where these are fewer.
        training: Of the loop: `device`, `precision`, `compile`, `log_every`, `validate_every`,
            `patience`, as in `lf.train`.
        budget: Minutes that finding the latent size may take, about. At 0 the samples alone speak,
            and no clock decides on the answer.
        random_state: Decides weights, order, noise and draws. None is a new one each time; NumPy's
            and PyTorch's global streams are left alone.
        verbose: Above 0, show progress.

    Attributes:
        model_: The trained model.
        latent_: Its number of latent dimensions.
        size_: How it was found, with its interval, a `lf.Size`; None where it was given.
        rounds_: Rounds that were played.
        seed_: What the random state gave: `lf.recipe` and `lf.train` make the same model with it.
        n_features_in_: Number of columns.
        feature_names_in_: Their names, where all are texts.

    Example:
        >>> x = np.random.default_rng(0).normal(5, 2, (200, 1)) * np.ones(3)
        >>> fitted = LatentFit("ae", 1, rounds=100, settings={"width": 1 / 16}, random_state=0)
        >>> codes = fitted.fit_transform(x)
        >>> codes.shape, fitted.inverse_transform(codes).shape, fitted.sample(4).shape
        ((200, 1), (200, 3), (4, 3))
    """

    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(
        self,
        recipe: str = "flexae",
        latent: int | Literal["auto"] | None = "auto",
        *,
        rounds: int = 20_000,
        settings: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        budget: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.recipe, self.latent, self.rounds = recipe, latent, rounds
        self.settings, self.training, self.budget = settings, training, budget
        self.random_state, self.verbose = random_state, verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on the rows of X (N, columns), N at least 20; y is ignored.

        Raises:
            UserError: A parameter does not fit, or X holds what cannot be learned.
        """
        chosen = RECIPES[one_of("recipe", self.recipe, RECIPES)]
        settings = checked(as_dict("settings", self.settings), self.recipe, chosen.settings())
        loop = as_dict("training", self.training)
        known = [item.name for item in fields(Settings) if item.name not in APART]
        for name in loop:
            one_of("setting of the training", name, known)
        seed = seed_of(self.random_state)
        how = Settings(rounds=self.rounds, seed=seed, progress=bool(self.verbose), **loop)
        table = _is_table(X)
        if table:
            X = named(validate_data(self, X, skip_check_array=True))
        else:
            X = validate_data(self, X, ensure_min_features=2)
        data = load(X, kind="table" if table else "vectors")
        with seeded(seed, "estimator"):  # the loop moves PyTorch's global stream
            self.size_ = self._sized(data, seed)
            latent = self.latent if self.size_ is None else self.size_.latent
            settings = {"batch": min(chosen.batch, len(data.train)), **settings}
            model = recipe(self.recipe, data, latent=latent, seed=seed, **settings)  # pyright: ignore
            if not model.encodes:
                raise UserError(
                    f"'{self.recipe}' has no encoder, so there are no codes; `latentfit list "
                    "recipes --json` says which have one."
                )
            run = train(model, data, rounds=how.rounds, seed=seed, progress=how.progress,
                        validate=how.patience is not None, **loop)  # fmt: skip
            self._usual = Usual.of(model, data.train.some(KNOWN), seed=seed)
        self.model_, self.latent_, self.rounds_, self.seed_ = model, model.latent, run.rounds, seed
        self._columns = list(X.columns) if table else None
        self._facts, self._card = described(model, data, how, rounds=run.rounds)
        return self

    def _sized(self, data: Data, seed: int) -> Size | None:
        """How the latent size is found; None where it is given.

        Raises:
            UserError: It is neither a number nor `auto`.
        """
        if not isinstance(self.latent, str):
            return None
        if self.latent != "auto":
            raise UserError(f"'latent' must be a number, 'auto' or None, got '{self.latent}'.")
        return size(data, budget=self.budget, seed=seed, progress=bool(self.verbose))

    def transform(self, X: Any) -> np.ndarray:
        """From rows (N, columns) to their codes (N, latent_), float32.

        They are the means of the posteriors, where these are laws; nothing is drawn.
        """
        seen = self.seen(X)
        return self._mapped(self.model_.encode, seen).numpy()

    def inverse_transform(self, X: Any) -> Any:
        """From codes (N, latent_) to rows in the units of the training: an array, or a DataFrame.

        Raises:
            UserError: Codes have another number of dimensions.
        """
        check_is_fitted(self)
        codes = check_array(X, input_name="X").astype(np.float32)
        if codes.shape[1] != self.latent_:
            raise UserError(
                f"codes have {codes.shape[1]} dimensions, the model takes {self.latent_}; give "
                "what transform gives."
            )
        made = self._mapped(self.model_.decode, torch.from_numpy(codes))
        return self.model_.schema.restore(made)

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> Any:
        """Draw rows in the units of the training: an array (n_samples, columns), or a DataFrame.

        Arguments:
            n_samples: How many.
            random_state: As that of the estimator, which is taken where none is given.

        Raises:
            UserError: `n_samples` is no whole number of 1 or more.
        """
        check_is_fitted(self)
        within("n_samples", n_samples, 1)
        seed = seed_of(self.random_state if random_state is None else random_state)
        return self.model_.sample(n_samples, seed=seed, as_array=True)

    def score_samples(self, X: Any) -> np.ndarray:
        """How usual rows (N, columns) are, float64 (N,): at most 0, and lower for rarer ones.

        It is minus the `score` of `latentfit score`: how far the log error of the reconstruction
        and minus the log density of the code lie above their medians over training samples, in
        deviations, together. It is no log density of X.
        """
        seen = self.seen(X)
        return 0.0 - self._usual.judge(self.model_, seen)[2].numpy()

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`; y is ignored."""
        return float(self.score_samples(X).mean())

    def seen(self, X: Any) -> Tensor:
        """Rows (N, columns) as the network sees them: nearly normal numbers, 0 or 1 for a choice.

        Returns:
            (N, entries), float32 on the CPU.
        """
        check_is_fitted(self)
        schema = self.model_.schema
        if not isinstance(schema, Table):
            return schema.apply(validate_data(self, X, reset=False))
        if _is_table(X):
            return rows(validate_data(self, X, reset=False, skip_check_array=True), schema)
        import pandas as pd

        held = validate_data(self, X, reset=False)
        return rows(pd.DataFrame(held, columns=self._columns), schema)

    def save(self, folder: str | Path) -> RunFolder:
        """Write a run folder, which `load`, `lf.load` and `latentfit` read; no object is stored.

        Arguments:
            folder: A new one, or that of the same estimator.

        Raises:
            UserError: The folder holds another run, or something else.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        told = Estimator(
            params=plain(self.get_params(deep=False), self.seed_),
            seed=self.seed_,
            features=self.n_features_in_,
            names=None if names is None else list(names),
            columns=self._columns,
            size=None if self.size_ is None else self.size_.to_json(),
        )
        run = write(folder, self.model_, self._facts, self._card)
        write_estimator(run, told, self._usual.to_tensors())
        return run

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> Self:
        """Read what `save` wrote.

        Arguments:
            folder: The run folder.
            device: Where the model goes.

        Raises:
            UserError: The folder holds no estimator, or its files are damaged.
        """
        run = RunFolder(Path(folder))
        model = load_run(folder, device=device)
        told, usual = read_estimator(run)
        held = cls(**told.params)
        held.model_, held.latent_, held.seed_ = model, model.latent, told.seed
        held.size_ = None if told.size is None else Size.from_json(told.size)
        held._facts, held._card, held._usual = run.facts, run.card, Usual.from_tensors(usual)
        held.rounds_, held.n_features_in_ = held._card.round, told.features
        held._columns = told.columns
        if told.names is not None:
            held.feature_names_in_ = np.array(told.names, dtype=object)
        return held

    @property
    def _n_features_out(self) -> int:
        return self.latent_

    def _mapped(self, function: Callable[[Tensor], Tensor], held: Tensor) -> Tensor:
        with torch.no_grad(), evaluating(self.model_):
            parts = [function(part.to(self.model_.device)).cpu() for part in held.split(512)]
        return torch.cat(parts)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    # Copies in memory, such as those for processes, hold no model but what makes it again.

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(cast(Any, super()).__getstate__())
        if "model_" in state:
            weights = {name: value.cpu() for name, value in self.model_.state_dict().items()}
            state["model_"] = (weights, str(self.model_.device))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "model_" in state:
            weights, device = state["model_"]
            model = built(state["_card"])
            model.load_state_dict(weights)
            state = state | {"model_": model.to(pick_device(device)).eval()}
        super().__setstate__(state)


def _is_table(x: Any) -> bool:
    return hasattr(x, "columns") and hasattr(x, "iloc")
