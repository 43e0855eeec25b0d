"""From what a person types to a data set."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError, one_of
from latentfit.data import synthetic
from latentfit.data.base import Data
from latentfit.data.files import read_path
from latentfit.data.hub import from_hub
from latentfit.data.make import arrays
from latentfit.data.memory import collected
from latentfit.data.options import Options
from latentfit.data.under import under
from latentfit.plugins import Table
from latentfit.schema import Schema
from latentfit.settings import read, settings_of

LOG = logging.getLogger("latentfit")


def _digits() -> Data:
    rows = _shipped_digits()
    pixels = np.round(rows[:, :-1] * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    labels = rows[:, -1].astype(np.int64)
    return arrays(pixels, labels, name="digits", classes=tuple("0123456789"), fixed=True)


def _shipped_digits() -> np.ndarray:
    """The rows of scikit-learn's digits (1797, 64 + 1): brightness from 0 to 16, then the class."""
    found = importlib.util.find_spec("sklearn")
    for place in (found and found.submodule_search_locations) or ():
        path = Path(place, "datasets", "data", "digits.csv.gz")
        if path.exists():  # importing scikit-learn takes a second, its file a fiftieth
            return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits

    held: Any = load_digits(return_X_y=True)
    return np.column_stack(held)


@dataclass(frozen=True)
class Source:
    """Data that are made or read by a function.

    Attributes:
        name: What a person types, with options after a colon: `name:n=8,seed=0`.
        make: From options to data, each a plain value with a default or a type; or from a path,
            where there is a suffix.
        what: One line.
        suffix: Of the files that it reads, such as `.dat`; '' for a source that is no file.
    """

    name: str
    make: Callable[..., Data]
    what: str
    suffix: str = ""


SOURCES: Table[Source] = Table(
    "data",
    Source,
    (
        Source("digits", _digits, "1,797 handwritten digits, 8x8 grey, shipped with scikit-learn"),
        Source("synthetic", synthetic.gaussian,
               "a Gaussian of known dimension: synthetic:n=8,d=128,seed=0"),
        Source("mixture", synthetic.mixture,
               "Gaussians on a ring in the plane: mixture:k=8,d=128,seed=0"),
        Source("swiss-roll", synthetic.swiss_roll, "a rolled sheet in three dimensions"),
    ),
)  # fmt: skip
"""Data that come with the package, and those of plug-ins."""
STORED: dict[str, tuple[tuple[str, ...], str]] = {
    "mnist": (("MNIST", "mnist"), "70,000 handwritten digits, 28x28 grey"),
    "fashion-mnist": (("FashionMNIST", "fashion-mnist"), "70,000 clothes, 28x28 grey"),
    "cifar10": (("cifar10-jpeg", "cifar10", "CIFAR10"), "60,000 photographs, 32x32 colour"),
    "celeba": (("faces64", "celeba"), "faces with 40 attributes, 64x64 colour"),
}


def names() -> dict[str, str]:
    """The built-in data sets, each with a line about it."""
    lines = {name: source.what for name, source in SOURCES.items()}
    lines |= {name: f"{text}; from --data-root" for name, (_, text) in STORED.items()}
    return lines


def load(
    name: Any,
    *,
    root: str | Path | None = None,
    seed: int = 0,
    limit: int = 4 << 30,
    schema: Schema | None = None,
    **options: Any,
) -> Data:
    """Load a data set by name, or from a file, an archive or a folder.

    What a person should know of how the data were read is logged, a line each, by the logger
    `latentfit`.

    Arguments:
        name: A name of `names()`, with options after a colon where it is generated; or a path to a
            folder of images, an idx folder, a zip or tar of images, .npz, .npy, .csv, .tsv,
            .parquet, .feather, .h5ad; or hf:NAME, a set of the Hugging Face hub or a folder that
            its library saved; or what holds data already: an array, a tensor, a dictionary of
            arrays, a DataFrame, a torch `Dataset`.
        root: Folder of the stored sets; else the environment's LATENTFIT_DATA, else `./data`.
        seed: Of a generated set whose name gives none. Splits do not depend on it.
        limit: Bytes above which a folder of images or of a data set of the hub is streamed from
            disk, and an .npy file is read as its rows are asked for.
        schema: That of a model, `model.schema`: the samples are read in its units, its columns are
            looked for by name, images are brought to its size.
        options: How to read data of your own, those of `data.Options`: `kind`, `size`, `crop`,
            `grey`, `background`, `scale`, `label`, `key`, `drop`, `columns`.

    Raises:
        UserError: There is no such name, option or file, or its content does not fit.

    Example:
        >>> data = load("digits")
        >>> data.shape, len(data.train) + len(data.validation) + len(data.test)
        ((1, 8, 8), 1797)
    """
    for option in options:
        one_of("option of data", option, [item.name for item in fields(Options)])
    data = _loaded(name, root, seed, limit, schema, Options(**options))
    return told(data)


def told(data: Data) -> Data:
    """The data, after what a person should know of them was logged."""
    for note in data.notes if isinstance(data, Data) else ():
        LOG.warning("%s: %s", data.name, note)
    return data


def _loaded(
    name: Any,
    root: str | Path | None,
    seed: int,
    limit: int,
    schema: Schema | None,
    options: Options,
) -> Data:
    if not isinstance(name, str | Path):
        return collected(name, options, schema)
    name = str(name)
    if not name:
        raise UserError(
            f"the name of the data is empty; use a path or one of {', '.join(names())}."
        )
    kind, colon, words = name.partition(":")
    if kind in SOURCES and not SOURCES[kind].suffix:
        options.must_be_among((), f"'{kind}'")
        make = SOURCES[kind].make
        if colon and not inspect.signature(make).parameters:
            raise UserError(f"'{kind}' takes no options, got '{name}'; use {kind} alone.")
        return under(schema, make(**_options(kind, words, make, seed)))
    if kind in STORED:
        if colon:
            raise UserError(f"'{kind}' takes no options, got '{name}'; use {kind} alone.")
        return _stored(kind, stored_root(root), limit, options, schema)
    if kind == "hf" and words:
        return from_hub(words, options, schema, limit)
    path = Path(name).expanduser()
    if _exists(path):
        for source in SOURCES.values():
            if source.suffix and path.name.lower().endswith(source.suffix):
                options.must_be_among((), f"files read by '{source.name}'")
                return under(schema, source.make(path))
        return read_path(path, limit=limit, options=options, schema=schema)
    if kind in SOURCES:
        ending = SOURCES[kind].suffix
        raise UserError(f"'{kind}' reads files whose names end in {ending}; give the path of one.")
    if path.suffix or "/" in name:
        raise UserError(
            f"no file or folder {name}; check the path, or use a name: {', '.join(names())}."
        )
    one_of("data set", name, names())
    raise UserError(f"no data set '{name}'; use one of {', '.join(names())}.")


def _exists(path: Path) -> bool:
    """Whether there is a file or folder; a name that none can have is none's."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def stored_root(given: str | Path | None) -> Path:
    """The folder of the stored sets: the caller's, else the environment's, else `./data`."""
    return Path(given or os.environ.get("LATENTFIT_DATA") or "data").expanduser()


def _stored(name: str, root: Path, limit: int, options: Options, schema: Schema | None) -> Data:
    folders = STORED[name][0]
    for folder in folders:
        if (root / folder).is_dir():
            called = "CIFAR-10 (JPEG)" if folder == "cifar10-jpeg" else name  # not CIFAR-10 itself
            return read_path(
                root / folder, name=called, limit=limit, options=options, schema=schema
            )
    raise UserError(
        f"no '{name}' under {root}; expected a folder {' or '.join(folders)} there. "
        "Point to its parent with --data-root or LATENTFIT_DATA."
    )


def _options(kind: str, text: str, make: Callable[..., Data], seed: int) -> dict[str, Any]:
    """The options of a source that were typed, and the seed where it has one."""
    pairs, settings = [pair for pair in text.split(",") if pair], settings_of(make)
    for pair in pairs:
        if "=" not in pair:
            raise UserError(f"'{pair}' in {kind}:{text} must be name=value.")
    taken = inspect.signature(make).parameters
    given = ({"seed": seed} if "seed" in taken else {}) | read(pairs, kind, settings)
    for name, option in taken.items():
        starred = option.kind in (option.VAR_POSITIONAL, option.VAR_KEYWORD)
        if name in given or starred or option.default is not option.empty:
            continue
        if name not in settings:
            raise UserError(
                f"option '{name}' of '{kind}' has no default and no plain type; give it one where "
                f"the source is defined, such as {name}: int."
            )
        raise UserError(f"'{kind}' needs a value of '{name}'; use {kind}:{name}=VALUE.")
    return given
