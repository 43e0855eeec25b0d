"""What an estimator keeps in the folder of its run, beside the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from latentfit.checks import UserError
from latentfit.storage.facts import Record
from latentfit.storage.files import atomically, read_json, write_json
from latentfit.storage.folder import RunFolder

PLAIN, TENSORS = "estimator.json", "estimator.safetensors"


@dataclass(frozen=True, kw_only=True)
class Estimator(Record):
    """`estimator.json`: what a scikit-learn estimator is beside its model.

    Attributes:
        params: Its parameters, plain values.
        seed: That its random state gave.
        features: Number of columns that it was fitted on.
        names: Their names, where scikit-learn knows some.
        columns: Names of the columns of a table; None of an array.
        size: How the latent size was found; None where it was given.
    """

    params: dict[str, Any]
    seed: int
    features: int
    names: list[str] | None = None
    columns: list[str | int] | None = None
    size: dict[str, Any] | None = None


def write_estimator(folder: RunFolder, told: Estimator, tensors: dict[str, Tensor]) -> None:
    """Keep an estimator beside its model: plain values, and what it has learned."""
    atomically(folder.path / TENSORS, lambda draft: save_file(tensors, draft))
    write_json(folder.path / PLAIN, told.to_json())


def read_estimator(folder: RunFolder) -> tuple[Estimator, dict[str, Tensor]]:
    """Read what `write_estimator` wrote.

    Raises:
        UserError: The folder holds no estimator, one of a later version, or a damaged file.
    """
    path = folder.path / PLAIN
    if folder.finished and not path.exists():
        raise UserError(
            f"{folder.path} holds a run that no estimator has saved; lf.load reads its model."
        )
    told = Estimator.read(read_json(path), path)
    try:
        return told, load_file(folder.path / TENSORS)
    except Exception as error:
        raise UserError(
            f"{folder.path / TENSORS} cannot be read ({type(error).__name__}); restore it from a "
            "copy."
        ) from error
