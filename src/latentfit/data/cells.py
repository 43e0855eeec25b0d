"""Single cells: `AnnData` in memory and in .h5ad files (extra `cells`)."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from latentfit.checks import UserError, line_of, one_of
from latentfit.data.assemble import Found, assemble
from latentfit.data.base import Data
from latentfit.data.options import Options
from latentfit.data.tables import marks_of_rows
from latentfit.schema import Numbers, Schema
from latentfit.shapes import finite
from latentfit.storage.files import atomically

if TYPE_CHECKING:
    from anndata import AnnData

CODES = "X_latentfit"
"""Where `write_codes` puts them in `obsm`."""
ALLOWED = ("scale", "label", "key", "drop", "columns")


def from_h5ad(path: Path, name: str, options: Options, schema: Schema | None) -> Data:
    """A data set of a file of cells; see `cells`.

    Raises:
        UserError: It cannot be read, or as `cells`.
    """
    return cells(_read(path), name, options, schema)


def cells(adata: AnnData, name: str, options: Options, schema: Schema | None = None) -> Data:
    """A data set of cells, a vector of all genes for each.

    Of counts, whole numbers from 0 on, a network sees log(1 + count), standardised gene by gene; of
    other values, and with `kind` vectors, the values, standardised.

    Arguments:
        adata: Of which X counts, dense or sparse.
        name: What reports call it.
        options: Label and key are columns of `obs`; columns and those to drop are genes.
        schema: That of a model: its genes are looked for by their names.

    Raises:
        UserError: Names of cells or genes are not unique, a column, a gene or X is absent, values
            are no finite numbers, or the model takes others.

    Example:
        >>> from anndata import AnnData
        >>> counts = np.random.default_rng(0).poisson(2.0, (50, 6)).astype("float32")
        >>> data = cells(AnnData(counts), "cells", Options())
        >>> data.shape, data.schema.counts, data.train.ids[:2]
        ((6,), True, array(['0', '1'], dtype='<U2'))
    """
    options.must_be_among(ALLOWED, "cells")
    if options.kind not in ("auto", "vectors"):
        raise UserError(f"'{name}' holds cells and no {options.kind}; leave --kind out.")
    if adata.X is None:
        raise UserError(f"'{name}' has no X; put the counts there, such as adata.X = layer.")
    for what, names in (("cell", adata.obs_names), ("gene", adata.var_names)):
        if not names.is_unique:
            double = names[names.duplicated()][0]
            short = {"cell": "obs", "gene": "var"}[what]
            raise UserError(
                f"two {what}s of '{name}' are called '{double}'; call "
                f"{short}_names_make_unique() and save again."
            )
    obs: Any = adata.obs
    for role in ("label", "key"):
        if getattr(options, role) is not None:
            one_of(f"column of obs in --{role}", getattr(options, role), map(str, obs))
    notes: list[str] = []
    genes = _genes(adata, name, options) if schema is None else _known(adata, name, schema, notes)
    x = _dense(adata, genes, name)
    counts = _counts(x) and options.kind == "auto"
    if isinstance(schema, Numbers) and schema.counts and not _counts(x):
        raise UserError(f"the model takes counts, '{name}' holds other numbers; give the counts.")
    whole = Found(
        x=x,
        y=None if options.label is None else obs[options.label].reset_index(drop=True),
        ids=adata.obs_names.to_numpy().astype(str),
        marks=None if options.key is None else marks_of_rows(obs, [options.key]),
    )

    def fit(found: Found, train: Tensor) -> Schema:
        return Numbers.fit(found.x[train.numpy()], scale=options.scale or "each", counts=counts,
                           names=tuple(genes))  # fmt: skip

    if schema is None and counts:
        notes.append("X holds counts; the network sees log(1 + count), samples are counts again.")
    return assemble({"train": whole}, name=name, fit=fit, schema=schema, notes=notes,
                    also=f"cells {counts} {options.scale or 'each'}",
                    together=options.key is not None)  # fmt: skip


def _genes(adata: AnnData, name: str, options: Options) -> list[str]:
    """Names of the genes that are kept."""
    every = [str(gene) for gene in adata.var_names]
    for role in ("columns", "drop"):
        for gene in getattr(options, role):
            if gene not in every:
                raise UserError(f"'{name}' has no gene '{gene}', which --{role} names; check it.")
    chosen = set(options.columns or every) - set(options.drop)
    if not chosen:
        raise UserError(f"no gene of '{name}' is left; leave out fewer.")
    return [gene for gene in every if gene in chosen]


def _known(adata: AnnData, name: str, schema: Schema, notes: list[str]) -> list[str]:
    """Names of the genes that a model takes."""
    if not isinstance(schema, Numbers) or not schema.names:
        raise UserError(f"'{name}' holds cells, the model takes none; give data of its kind.")
    held = set(map(str, adata.var_names))
    absent = [gene for gene in schema.names if gene not in held]
    if absent:
        raise UserError(
            f"'{name}' lacks {len(absent)} of the {len(schema.names)} genes that the model takes, "
            f"such as '{absent[0]}'; give cells with all of them."
        )
    if more := len(held) - len(schema.names):
        notes.append(f"genes that the training did not have are not used: {more:,}.")
    return list(schema.names)


def _dense(adata: AnnData, genes: list[str], name: str) -> np.ndarray:
    """X of these genes, with shape (cells, genes)."""
    every = [str(gene) for gene in adata.var_names]
    x: Any = adata.X
    if genes != every:
        places = {gene: place for place, gene in enumerate(every)}
        x = x[:, [places[gene] for gene in genes]]
    return finite(np.asarray(x.toarray() if hasattr(x, "toarray") else x), name)


def _counts(x: np.ndarray) -> bool:
    """Whether all are whole numbers from 0 on, looked at a few rows at a time."""
    if x.dtype.kind in "ub":
        return True
    parts = (x[start : start + 4096] for start in range(0, len(x), 4096))
    return all(bool((part >= 0).all() and (part == np.floor(part)).all()) for part in parts)


def write_cells(path: Path, x: np.ndarray, genes: Sequence[str]) -> None:
    """Write cells as .h5ad; X is sparse where more than half of it is zero.

    Arguments:
        path: To be written.
        x: With shape (N, genes), as `Numbers.restore` gives it.
        genes: Their names; their numbers where there are none.

    Raises:
        UserError: It cannot be written.
    """
    import pandas as pd
    from scipy.sparse import csr_matrix

    anndata = _library()
    held = csr_matrix(x) if np.count_nonzero(x) * 2 < x.size else x
    names = list(genes) or list(map(str, range(x.shape[1])))
    # Of dtype object: what pandas 3 makes of texts, anndata before 0.13 does not write.
    frames = {
        "obs": pd.DataFrame(index=pd.Index(list(map(str, range(len(x)))), dtype=object)),
        "var": pd.DataFrame(index=pd.Index(names, dtype=object)),
    }
    made = anndata.AnnData(held, **frames)
    atomically(path, lambda draft: made.write_h5ad(draft, compression="gzip"))


def write_codes(source: Path, out: Path, ids: Sequence[str], codes: np.ndarray) -> None:
    """Copy a file of cells, with codes in `obsm["X_latentfit"]`.

    Arguments:
        source: An .h5ad file.
        out: The copy.
        ids: Names of cells, (N,).
        codes: Of these cells, (N, m); the rows of others are NaN.

    Raises:
        UserError: The copy is the source, a cell is not in it, or a file cannot be read or written.
    """
    anndata = _library()
    if out.resolve() == source.resolve():
        raise UserError(f"{out} is the file that the cells came from; give --out another name.")
    names = {str(name): place for place, name in enumerate(_read(source, "r").obs_names)}
    absent = [name for name in map(str, ids) if name not in names]
    if absent:
        raise UserError(f"{source} has no cell '{absent[0]}'; give the file that was encoded.")
    table = np.full((len(names), codes.shape[1]), np.nan, np.float32)
    table[[names[str(name)] for name in ids]] = codes

    def write(draft: Path) -> None:
        import h5py

        shutil.copyfile(source, draft)
        with h5py.File(draft, "r+") as file:
            anndata.io.write_elem(file.require_group("obsm"), CODES, table)

    atomically(out, write)


def _read(path: Path, backed: Any = None) -> AnnData:
    anndata = _library()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are not unique, which end in an error
            return anndata.read_h5ad(path, backed=backed)
    except Exception as error:  # h5py and anndata have many
        said = line_of(error)
        raise UserError(f"{path} is not a readable .h5ad file ({said}); save it again.") from error


def _library() -> ModuleType:
    try:
        import anndata
    except ImportError as error:
        raise UserError("cells need anndata; pip install 'latentfit[cells]'.") from error
    return anndata
