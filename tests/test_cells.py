"""Single cells: read as counts, joined by name, written back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

anndata = pytest.importorskip("anndata", reason="needs the extra 'cells'")

from latentfit import data as lfdata  # noqa: E402
from latentfit.checks import UserError  # noqa: E402
from latentfit.data.base import PARTS  # noqa: E402
from latentfit.data.cells import CODES, write_cells, write_codes  # noqa: E402
from latentfit.schema import read_schema  # noqa: E402

COUNTS = np.random.default_rng(0).poisson([0.2, 3, 40, 0.6, 9], (120, 5)).astype("float32")
COUNTS[:, 3] = 2  # does not change
GENES = ["CD3", "LYZ", "MT-1", "FLAT", "GNLY"]


def made(x=COUNTS, genes=GENES, names=None, **obs):
    index = pd.Index(names or [f"cell{i}" for i in range(x.shape[0])], dtype=object)
    frame = pd.DataFrame(index=index)
    for name, cells in obs.items():
        frame[name] = pd.Series(list(cells), index=index, dtype=object)
    return anndata.AnnData(x, obs=frame, var=pd.DataFrame(index=pd.Index(genes, dtype=object)))


def rows(data):
    """All samples by the names of their cells."""
    return {
        str(name): row
        for part in PARTS
        for name, row in zip(getattr(data, part).ids, getattr(data, part).first(999), strict=True)
    }


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_counts_are_read_as_standardised_logarithms(kind, tmp_path):
    made(kind(COUNTS), patient=["a", "b", "c"] * 40).write_h5ad(tmp_path / "x.h5ad")
    data = lfdata.load(tmp_path / "x.h5ad", label="patient")
    assert (data.shape, data.seen, data.classes) == ((5,), (5,), ("a", "b", "c"))
    held = np.array([int(name[4:]) for name in data.train.ids])
    logs = np.log1p(COUNTS[held].astype(float))
    expected = (logs - logs.mean(0)) / np.where(np.arange(5) == 3, 1, logs.std(0, ddof=1))
    torch.testing.assert_close(data.train.first(999), torch.from_numpy(expected).float())
    assert data.train.labels.tolist() == [number % 3 for number in held]
    again = data.schema.restore(data.train.first(999))
    assert again.dtype == np.float32
    np.testing.assert_array_equal(again, COUNTS[held])
    assert read_schema(data.schema.to_json()) == data.schema


def test_other_numbers_are_vectors_and_so_are_counts_on_request():
    logs = np.log1p(COUNTS)
    data = lfdata.load(made(logs))
    assert not data.schema.counts
    np.testing.assert_allclose(data.schema.restore(data.test.first(1))[0],
                               logs[int(data.test.ids[0][4:])], rtol=1e-6)  # fmt: skip
    assert not lfdata.load(made(), kind="vectors").schema.counts


def test_a_models_genes_are_found_by_name():
    data = lfdata.load(made())
    order = [4, 0, 2, 3, 1]
    other = made(np.c_[COUNTS[:, order], COUNTS[:, :1]], [*(GENES[i] for i in order), "NEW"])
    found = lfdata.load(other, schema=data.schema)
    assert found.notes == ("genes that the training did not have are not used: 1.",)
    one, same = rows(data), rows(found)
    assert one.keys() == same.keys()
    for name in one:
        torch.testing.assert_close(one[name], same[name])
    with pytest.raises(UserError, match=r"lacks 1 of the 5 genes .* such as 'LYZ'"):
        lfdata.load(other[:, [0, 1, 2, 3]], schema=data.schema)
    with pytest.raises(UserError, match="takes counts"):
        lfdata.load(made(COUNTS + 0.5), schema=data.schema)


def test_genes_are_chosen_and_a_key_keeps_patients_together():
    patients = [f"p{i // 4}" for i in range(120)]
    data = lfdata.load(made(patient=patients), columns="LYZ,CD3,GNLY", drop="GNLY", key="patient")
    assert data.schema.names == ("CD3", "LYZ")
    parts = [{patients[int(n[4:])] for n in getattr(data, part).ids} for part in PARTS]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 30


@pytest.mark.parametrize(
    ("make", "options", "said"),
    [
        (
            lambda: made(names=["a"] * 2 + [f"c{i}" for i in range(118)]),
            {},
            "two cells of",
        ),
        (lambda: made(genes=["A", "B", "A", "C", "D"]), {}, "two genes of .* called 'A'"),
        (lambda: made(np.where(COUNTS > 50, np.nan, COUNTS)), {}, "NaN"),
        (lambda: made(), {"label": "patient"}, "column of obs in --label"),
        (lambda: made(), {"drop": "XIST"}, "no gene 'XIST', which --drop names"),
        (lambda: made(), {"drop": ",".join(GENES)}, "no gene of 'cells' is left"),
        (lambda: made(), {"kind": "signals"}, "holds cells and no signals"),
        (lambda: made(), {"size": 8}, "'size' says nothing of cells"),
        (lambda: made(COUNTS[:10]), {}, "at least 20"),
    ],
)
@pytest.mark.filterwarnings("ignore:(Observation|Variable) names are not unique")
def test_what_does_not_fit_is_one_line(make, options, said):
    with pytest.raises(UserError, match=said) as error:
        lfdata.load(make(), **options)
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore:(Observation|Variable) names are not unique")
def test_files_that_cannot_be_read_are_one_line(tmp_path):
    (tmp_path / "x.h5ad").write_bytes(b"no")
    with pytest.raises(UserError, match=r"x\.h5ad is not a readable \.h5ad file"):
        lfdata.load(tmp_path / "x.h5ad")
    made(genes=["A", "B", "A", "C", "D"]).write_h5ad(tmp_path / "y.h5ad")
    with pytest.raises(UserError, match=r"two genes of 'y\.h5ad' are called 'A'"):
        lfdata.load(tmp_path / "y.h5ad")


@pytest.mark.parametrize("zeros", [True, False])
def test_samples_are_written_as_cells(zeros, tmp_path):
    x = COUNTS[:, [0, 0, 3]] if zeros else COUNTS[:, 1:4] + 1
    write_cells(tmp_path / "new.h5ad", x, ["A", "B", "C"])
    read = anndata.read_h5ad(tmp_path / "new.h5ad")
    assert list(read.var_names) == ["A", "B", "C"]
    assert (sparse.issparse(read.X), read.X.dtype) == (zeros, np.float32)
    np.testing.assert_array_equal(read.X.toarray() if zeros else read.X, x)


def test_codes_are_joined_by_name_to_a_copy(tmp_path):
    source, out = tmp_path / "x.h5ad", tmp_path / "out.h5ad"
    whole = made(sparse.csr_matrix(COUNTS), patient=["a", "b"] * 60)
    whole.obsm["X_pca"] = COUNTS[:, :2]
    whole.write_h5ad(source)
    before = source.read_bytes()
    codes = np.arange(6.0).reshape(3, 2)
    write_codes(source, out, ["cell7", "cell0", "cell119"], codes)
    assert source.read_bytes() == before
    read = anndata.read_h5ad(out)
    np.testing.assert_array_equal(read.obsm[CODES][[7, 0, 119]], codes)
    assert np.isnan(read.obsm[CODES]).all(1).sum() == 117
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)
    np.testing.assert_array_equal(read.obsm["X_pca"], COUNTS[:, :2])
    write_codes(out, tmp_path / "again.h5ad", ["cell7"], codes[:1] + 1)  # in place of the old ones
    assert np.isnan(anndata.read_h5ad(tmp_path / "again.h5ad").obsm[CODES]).all(1).sum() == 119
    with pytest.raises(UserError, match="is the file that the cells came from"):
        write_codes(source, source, ["cell7"], codes[:1])
    with pytest.raises(UserError, match="has no cell 'nobody'"):
        write_codes(source, out, ["nobody"], codes[:1])
