"""Twelve kinds of data, real where packages ship some: read, sized, learned, back as they came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_sample_image
from torch.utils.data import TensorDataset

import latentfit as lf
from latentfit.schema import Pixels
from shell import QUIET, command

DRAWN = np.random.default_rng(0)
COUNT = 300


@dataclass(frozen=True)
class Kind:
    """Data of one kind.

    Attributes:
        make: Writes them below a folder and gives what `load` takes.
        shape: Of a sample in its file.
        back: Name of the file that samples are asked in; '' where there is no file.
        options: How to read it.
    """

    make: Callable[[Path], Any]
    shape: tuple[int, ...]
    back: str
    options: dict[str, Any] = field(default_factory=dict)


def digits() -> np.ndarray:
    """Real digits, 8x8, from 0 to 16."""
    return load_digits().images[:COUNT]


def patches(sizes: list[tuple[int, int]]) -> list[np.ndarray]:
    """Pieces of a photograph of a flower."""
    photo = load_sample_image("flower.jpg")
    held = []
    for number in range(COUNT):
        high, wide = sizes[number % len(sizes)]
        top, left = DRAWN.integers(100, 250), DRAWN.integers(150, 450)
        held.append(photo[top : top + high, left : left + wide])
    return held


def folder(images: Any) -> Callable[[Path], str]:
    def make(place: Path) -> str:
        (place / "in").mkdir()
        for number, pixels in enumerate(images()):
            Image.fromarray(pixels).save(place / "in" / f"{number:03}.png")
        return str(place / "in")

    return make


def file(name: str, held: Callable[[], Any]) -> Callable[[Path], str]:
    def make(place: Path) -> str:
        if name.endswith(".csv"):
            held().to_csv(place / name, index=False)
        elif name.endswith(".h5ad"):
            held().write_h5ad(place / name)
        else:
            np.save(place / name, held())
        return str(place / name)

    return make


def bands() -> np.ndarray:
    """Six bands of 12 bits, from the colours of a photograph."""
    colour = np.stack(patches([(10, 10)])).astype(float) / 255
    mixed = colour @ DRAWN.uniform(0, 1 / 3, (3, 6))
    return (4095 * mixed).astype(np.uint16)


def vectors() -> np.ndarray:
    return load_breast_cancer().data[:COUNT, :10]


def mixed() -> pd.DataFrame:
    held = load_breast_cancer(as_frame=True)
    frame = held.data.iloc[:COUNT, :3].copy()
    frame["cells"] = (held.data["mean area"].iloc[:COUNT] // 50).astype(int)
    frame["kind"] = held.target[:COUNT].map({0: "malignant", 1: "benign"})
    frame["large"] = frame["mean radius"] > 14
    frame.loc[frame.index % 7 == 0, "mean texture"] = np.nan
    frame.loc[frame.index % 11 == 0, "kind"] = None
    return frame


def counts() -> pd.DataFrame:
    """Sums of real digits over their rows."""
    return pd.DataFrame(digits().sum(2).astype(int), columns=[f"row {n}" for n in range(8)])


def spectra() -> np.ndarray:
    """Near infrared spectra of a fermentation, every eighth wavelength."""
    chemotools = pytest.importorskip("chemotools.datasets", reason="needs chemotools")
    held, _ = chemotools.load_fermentation_test()
    return np.asarray(held, np.float32)[:: len(held) // COUNT][:COUNT, ::8]


def channels() -> np.ndarray:
    """Spectra and their slopes."""
    held = spectra()
    return np.stack([held, 100 * np.gradient(held, axis=1)], 1)


def cells() -> Any:
    """Digits as counts of 64 genes."""
    anndata = pytest.importorskip("anndata", reason="needs the extra 'cells'")
    names = {
        "obs": pd.DataFrame(index=pd.Index([f"cell{n}" for n in range(COUNT)], dtype=object)),
        "var": pd.DataFrame(index=pd.Index([f"gene{n}" for n in range(64)], dtype=object)),
    }
    return anndata.AnnData(digits().reshape(-1, 64).astype(np.float32), **names)


def items(place: Path) -> Any:
    x = torch.from_numpy(digits() / 16).float()[:, None]
    return TensorDataset(x, torch.from_numpy(load_digits().target[:COUNT]))


def grey() -> np.ndarray:
    return (digits() * 15).astype(np.uint8)


KINDS = {
    "grey": Kind(folder(grey), (1, 8, 8), "out"),
    "colour": Kind(folder(lambda: patches([(12, 12)])), (3, 12, 12), "out"),
    "photos": Kind(folder(lambda: patches([(12, 16), (20, 12), (14, 14)])), (3, 10, 12), "out",
                   {"size": "10x12", "crop": True}),
    "16 bits": Kind(folder(lambda: (digits() * 4095).astype(np.uint16)), (1, 8, 8), "out"),
    "multispectral": Kind(file("x.npy", bands), (6, 10, 10), "out.npz"),
    "vectors": Kind(file("x.npy", vectors), (10,), "out.npz"),
    "mixed table": Kind(file("x.csv", mixed), (6,), "out.csv"),
    "counts": Kind(file("x.csv", counts), (8,), "out.csv"),
    "signals": Kind(file("x.npy", spectra), (131,), "out.npz", {"kind": "signals"}),
    "channels": Kind(file("x.npy", channels), (2, 131), "out.npz", {"kind": "signals"}),
    "cells": Kind(file("x.h5ad", cells), (64,), "out.h5ad"),
    "dataset": Kind(items, (1, 8, 8), ""),
}  # fmt: skip


def must_be_alike(made: Any, given: Any) -> None:
    """Arrays, tables or images of the same form and types, in the same range."""
    if isinstance(given, pd.DataFrame):
        assert list(made.columns) == list(given.columns)
        for name in given:
            assert made[name].dtype.kind == given[name].dtype.kind, name
            assert made[name].isna().any() <= given[name].isna().any(), name
            if given[name].dtype.kind in "if":
                assert made[name].min() >= given[name].min()
                assert made[name].max() <= given[name].max()
            else:
                assert set(made[name].dropna()) <= set(given[name].dropna())
        return
    assert made.shape[1:] == given.shape[1:]
    assert made.dtype == given.dtype
    assert np.isfinite(made).all()


def held(source: Any, kind: Kind) -> Any:
    """What a source holds, as arrays or a table."""
    if not isinstance(source, str):
        return np.stack([x.numpy() for x, _ in source])
    if source.endswith(".csv"):
        return pd.read_csv(source)
    if source.endswith(".h5ad"):
        import anndata

        return anndata.read_h5ad(source).X
    if source.endswith(".npy"):
        return np.load(source)
    size = kind.shape[1:]
    images = [Image.open(path) for path in sorted(Path(source).iterdir())]
    return np.stack([np.asarray(image.resize(size[::-1])) for image in images])


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_sized_learned_and_drawn_as_it_came(name, tmp_path):
    kind = KINDS[name]
    source = kind.make(tmp_path)
    data = lf.data.load(source, **kind.options)
    assert data.shape == kind.shape
    assert len(data.train) + len(data.validation) + len(data.test) == COUNT
    low, high = lf.size(data, budget=0, progress=False).interval
    assert 1 <= low <= high <= 64
    model = lf.recipe("wae-mmd", data, latent=3, width=1 / 16, batch=32)
    lf.train(model, data, rounds=10, out=tmp_path / "run", **QUIET)
    model = lf.load(tmp_path / "run")
    assert model.schema == data.schema
    if isinstance(data.schema, Pixels):
        made = data.schema.pixels(model.sample(40, seed=0))
        if name == "dataset":
            made = made[:, None].astype(np.float32) / 255
    else:
        made = model.sample(40, seed=0, as_array=True)
    assert len(made) == 40
    must_be_alike(made, held(source, kind))
    again = lf.data.load(source, schema=model.schema, **kind.options)
    torch.testing.assert_close(again.test.first(5), data.test.first(5), equal_nan=True)


@pytest.mark.parametrize("name", [name for name in KINDS if KINDS[name].back])
def test_the_shell_gives_the_same_kind_of_file_back(name, tmp_path):
    kind = KINDS[name]
    source, out = kind.make(tmp_path), tmp_path / kind.back
    options = [f"--{key}={value}" if value is not True else f"--{key}"
               for key, value in kind.options.items()]  # fmt: skip
    command("train", "wae-mmd", "--data", source, *options, "--latent", 3, "--rounds", 10, "--set",
            "width=0.0625", "--set", "batch=32", "--out", tmp_path / "run", "--quiet",
            "--no-evaluate", check=True)  # fmt: skip
    command("sample", tmp_path / "run", "-n", 40, "--out", out, check=True)
    if kind.back.endswith(".npz"):
        made = np.load(out)["samples"]
    elif kind.back == "out":
        made = np.stack([np.asarray(Image.open(path)) for path in sorted(out.glob("*.png"))])
    else:
        made = held(str(out), kind)
    assert len(made) == 40
    must_be_alike(made, held(source, kind))


def test_signals_are_drawn_as_lines(tmp_path):
    kind = KINDS["channels"]
    source, run = kind.make(tmp_path), tmp_path / "run"
    command("train", "ae", "--data", source, "--latent", 2, "--rounds", 2, "--set", "width=0.0625",
            "--set", "batch=32", "--out", run, "--quiet", "--no-evaluate", check=True)  # fmt: skip
    for name, *words in (("sample", run), ("reconstruct", run, "--data", source)):
        out = tmp_path / f"{name}.png"
        command(name, *words, "-n", 4, "--out", out, check=True)
        with Image.open(out) as picture:
            assert min(picture.size) > 200
        out.write_bytes(b"changed by a person")
        done = command(name, *words, "-n", 4, "--out", out)
        assert done.returncode == 2
        assert "was not written by this command" in done.stderr
        assert out.read_bytes() == b"changed by a person"
