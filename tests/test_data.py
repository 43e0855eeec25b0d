"""Every reader against the pixels it should give; splits, order, units, messages."""

from __future__ import annotations

import gzip
import io
import itertools
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from latentfit import data as lfdata
from latentfit.checks import UserError
from latentfit.data.load import _shipped_digits

SHARED = Path(__file__).parents[2] / "shared" / "data"
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (30, 28, 20), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (30, 9, 7, 3), dtype=np.uint8)


def png(image):
    held = io.BytesIO()
    Image.fromarray(image).save(held, "png")
    return held.getvalue()


def everything(data):
    """All pixels of all splits, as a set of bytes."""
    parts = (data.train, data.validation, data.test)
    return {
        (255 * x).round().byte().numpy().tobytes() for part in parts for x in part.first(len(part))
    }


def expected(images):
    images = images[..., None] if images.ndim == 3 else images
    return {np.ascontiguousarray(np.moveaxis(image, -1, 0)).tobytes() for image in images}


def write_zip(path, images):
    with zipfile.ZipFile(path, "w") as archive:
        for number, image in enumerate(images):
            archive.writestr(f"../../etc/{number:03}.png", png(image))
        archive.writestr("notes.txt", "not an image")


def write_tar(path, images):
    with tarfile.open(path, f"w:{path.suffix[1:]}") as archive:
        for number, image in enumerate(images):
            folder = "odd" if number % 2 else "even"
            member = tarfile.TarInfo(f"../../etc/{folder}/{number:03}.png")
            member.size = len(png(image))
            archive.addfile(member, io.BytesIO(png(image)))


def write_folder(path, images):
    for number, image in enumerate(images):
        place = path / ("b" if number % 2 else "a")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:03}.png").write_bytes(png(image))


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.zip", write_zip),
        ("x.tar.gz", write_tar),
        ("x.tar.xz", write_tar),
        ("folder", write_folder),
        ("x.npy", np.save),
        ("x.npz", lambda path, x: np.savez(path, x=x, y=np.arange(len(x)) % 3)),
    ],
)
def test_readers_give_the_pixels(tmp_path, name, write, images):
    write(tmp_path / name, images)
    data = lfdata.load(str(tmp_path / name))
    assert everything(data) == expected(images)
    assert data.shape == ((1, 28, 20) if images is GREY else (3, 9, 7))
    sizes = len(data.train), len(data.validation), len(data.test)
    assert sum(sizes) == 30
    assert min(sizes) >= 2
    assert not (tmp_path.parent / "etc").exists()
    again = lfdata.load(str(tmp_path / name))
    assert data.fingerprint == again.fingerprint
    if name in ("x.tar.gz", "x.tar.xz", "folder"):
        assert len(data.classes) == 2


@pytest.mark.parametrize(("place", "suffix"), [(".", ".gz"), ("raw", "")])
def test_an_idx_folder(tmp_path, place, suffix):
    def idx(array):
        head = bytes([0, 0, 8, array.ndim])
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        held = head + sizes + array.tobytes()
        return gzip.compress(held) if suffix else held

    (tmp_path / place).mkdir(exist_ok=True)
    for part, count in (("train", 30), ("t10k", 10)):
        labels = np.arange(count, dtype=np.uint8) % 10
        for kind, array in (("images-idx3", GREY[:count]), ("labels-idx1", labels)):
            (tmp_path / place / f"{part}-{kind}-ubyte{suffix}").write_bytes(idx(array))
    data = lfdata.load(str(tmp_path))
    assert torch.equal(data.test.first(10)[:, 0], torch.from_numpy(GREY[:10]).float() / 255)
    assert data.test.labels is not None
    assert data.test.labels.tolist() == list(range(10))


def test_a_test_split_of_the_data_is_kept(tmp_path):
    write_folder(tmp_path / "x" / "train", GREY)
    write_folder(tmp_path / "x" / "test", GREY[:10])
    y = np.arange(30) % 2
    np.savez(tmp_path / "x.npz", x_train=GREY, y_train=y, x_test=GREY[:10], y_test=y[:10])
    for name in ("x", "x.npz"):
        data = lfdata.load(tmp_path / name)
        assert (len(data.train) + len(data.validation), len(data.test)) == (30, 10)
        held = {(image * 255).round().byte().numpy().tobytes() for image in data.test.first(10)}
        assert held == expected(GREY[:10])
        assert data.test.labels is not None
        assert sorted(data.test.labels.tolist()) == [0] * 5 + [1] * 5


def test_numbers_of_a_file_are_brought_near_to_normal_and_restored(tmp_path):
    x = RNG.normal(5, 3, (100, 4)).astype(np.float32)
    x[:, 2] = 7
    np.savetxt(tmp_path / "x.csv", x, delimiter=",", header="a,b,c,d", comments="")
    data = lfdata.load(str(tmp_path / "x.csv"))
    train = data.train.first(1000)
    assert train.mean(0).abs().max() < 0.05  # the ends of the curve are those of all rows
    assert train.std(0).sub(1).abs().max() < 0.05
    assert train.shape[1] == 3  # what is constant is kept aside
    # Each sample comes back as a row of the file, within the rounding of two float32 operations.
    restored = data.schema.restore(data.test.first(9)).to_numpy()
    assert restored.shape == (9, 4)
    nearest = np.abs(restored[:, None] - x[None]).max(2).min(1)
    assert nearest.max() < 4 * np.finfo(np.float32).eps * np.abs(x).max()


def test_splits_are_disjoint_and_fixed():
    data = lfdata.load("digits")
    splits = (data.train, data.validation, data.test)
    assert [len(part) for part in splits] == [1439, 179, 179]
    assert data.fingerprint == "e13bb06e79d3e343"
    held = [{row.numpy().tobytes() for row in part.first(10_000)} for part in splits]
    assert len(set.union(*held)) == sum(map(len, held)) == len(everything(data)) == 1797


def test_digits_are_those_of_scikit_learn_without_importing_it():
    x, y = load_digits(return_X_y=True)
    assert np.array_equal(_shipped_digits(), np.column_stack([x, y]))
    code = "import sys, latentfit as lf; lf.data.load('digits'); sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_labels_stay_with_their_samples():
    x = np.repeat(np.arange(100, dtype=np.uint8), 4).reshape(100, 2, 2)
    data = lfdata.arrays(x, np.arange(100) * 2)
    seen = []
    for part in (data.train, data.validation, data.test):
        values = (part.first(100)[:, 0, 0, 0] * 255).round().long()
        assert part.labels is not None
        assert torch.equal(part.labels, values * 2)
        seen += values.tolist()
    assert sorted(seen) == list(range(100))  # disjoint, and nothing is lost


def test_the_seed_makes_generated_sets_but_no_splits():
    name = "synthetic:n=2,d=4,count=600"
    marks = {lfdata.load(name, seed=seed).fingerprint for seed in (0, 1)}
    assert len(marks) == 2
    assert lfdata.load(f"{name},seed=0", seed=1).fingerprint in marks
    assert lfdata.load("digits", seed=1).fingerprint == lfdata.load("digits").fingerprint


def test_order_resumes_and_ranks_share_a_batch():
    whole = list(itertools.islice(lfdata.order(50, size=8, seed=3), 20))
    later = list(itertools.islice(lfdata.order(50, size=8, seed=3, start=7), 13))
    assert all(torch.equal(a, b) for a, b in zip(whole[7:], later, strict=True))
    ranks = [list(itertools.islice(lfdata.order(50, size=4, seed=3, rank=r, world=2), 20))
             for r in (0, 1)]  # fmt: skip
    assert all(
        torch.equal(batch, torch.cat(parts)) for batch, *parts in zip(whole, *ranks, strict=True)
    )
    assert torch.cat(whole[:6]).unique().numel() == 48


@pytest.mark.parametrize(
    "name", ["synthetic:n=3,d=20,count=600", "mixture:count=600", "swiss-roll"]
)
def test_generated_sets(name):
    a, b = lfdata.load(name), lfdata.load(name)
    assert a.fingerprint == b.fingerprint
    assert a.train.first(9999).std(0).sub(1).abs().max() < 1e-4


def bad_csv(path):
    rows = [f"{number},{number * 7 % 13}" for number in range(40)]
    path.write_text("\n".join([*rows, "3,four"]))


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("x.npy", lambda p: np.save(p, np.full((30, 4), np.nan)), "NaN"),
        ("x.npy", lambda p: np.save(p, np.full((30, 8, 8), 3.0)), "must lie in"),
        ("x.npy", lambda p: np.save(p, np.zeros((30, 8, 8, 5, 2))), "has shape"),
        ("x.npy", lambda p: np.save(p, np.zeros((5, 4))), "at least 20"),
        ("x.npy", lambda p: np.save(p, np.array([{}] * 30), allow_pickle=True), "cannot be read"),
        ("x.npz", lambda p: np.savez(p, a=np.zeros(3), b=np.zeros(3)), "call the samples"),
        ("x.csv", bad_csv, "row 40, column '1': 'four' is no number, as 40 others are"),
        ("x.csv", lambda p: p.write_text("1,2\n3\n"), "same columns"),
        ("x.txt", lambda p: p.write_text("hi"), "cannot read"),
    ],
)  # fmt: skip
def test_messages_about_files(tmp_path, name, make, message):
    make(tmp_path / name)
    with pytest.raises(UserError, match=message) as caught:
        lfdata.load(str(tmp_path / name))
    assert "\n" not in str(caught.value)
    assert "unsafe" not in str(caught.value)  # as numpy advises for pickles


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minst", "did you mean mnist"),
        ("nowhere/x.npy", "no file or folder"),
        ("synthetic:n=x", "'n' must be a whole number"),
        ("synthetic:m=3", "unknown setting of synthetic"),
        ("mnist", "--data-root"),
        ("mnist:n=3", "takes no options"),
        ("", "is empty"),
        ("mixture:d=0", "at least 2"),
    ],
)
def test_messages_about_names(tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        lfdata.load(name, root=tmp_path)


def test_the_environment_says_where_sets_lie(tmp_path, monkeypatch):
    write_folder(tmp_path / "celeba", COLOUR)
    monkeypatch.setenv("LATENTFIT_DATA", str(tmp_path))
    assert lfdata.load("celeba").name == "celeba"
    with pytest.raises(UserError, match="nowhere"):
        lfdata.load("celeba", root=tmp_path / "nowhere")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared copies of MNIST are not at hand")
def test_stored_mnist():
    from latentfit import metrics

    data = lfdata.load("mnist", root=SHARED)
    assert (len(data.train), len(data.validation), len(data.test)) == (54_000, 6_000, 10_000)
    assert data.test.labels is not None
    guesses = metrics.classifier("mnist")(data.test.first(1000)).argmax(1)
    assert (guesses == data.test.labels[:1000]).float().mean() > 0.98
