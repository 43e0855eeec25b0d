"""What holds data already, item by item: images, classes, and what is neither."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, Subset

from latentfit import data as lfdata
from latentfit.checks import UserError
from latentfit.data import Source, load
from latentfit.data.load import SOURCES

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 6, 3), dtype=np.uint8)


class Items(Dataset):
    """Thirty items, each made of its number."""

    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 30

    def __getitem__(self, place):
        return self.make(place)


def first(make):
    """The first training sample and class of such items."""
    train = lfdata.load(Items(make)).train
    return train.first(1)[0], None if train.labels is None else int(train.labels[0])


def x(place):
    return torch.full((1, 4, 4), place / 30)


@pytest.mark.parametrize("label", [
    1, True, np.int64(1), torch.tensor(1), torch.tensor([1]), np.array([[1]]), 1.0, [1],
    torch.tensor(1.0, dtype=torch.bfloat16),
], ids=str)  # fmt: skip
def test_whole_numbers_are_classes(label):
    assert first(lambda place: (x(place), label))[1] == 1


@pytest.mark.parametrize("label", ["cat", np.str_("cat"), np.array("cat")], ids=repr)
def test_names_are_classes(label):
    data = lfdata.load(Items(lambda place: (x(place), label if place % 3 else "ape")))
    assert data.classes == ("ape", "cat")
    held = [bool(place % 3) for place in data.train.ids.tolist()]
    assert data.train.labels.bool().tolist() == held


@pytest.mark.parametrize("make", [
    lambda place: {"x": x(place), "y": place % 2},
    lambda place: {"image": x(place), "label": place % 2, "path": "a.png"},
    lambda place: {"samples": x(place), "labels": np.int64(place % 2)},
])  # fmt: skip
def test_dictionaries_are_items(make):
    data = lfdata.load(Items(make))
    assert data.shape == (1, 4, 4)
    assert data.train.labels.tolist() == [place % 2 for place in data.train.ids.tolist()]


class Stream(IterableDataset):
    def __iter__(self):
        return ((x(place), place % 2) for place in range(30))


def test_a_stream_is_the_data_set_of_its_items():
    one, other = lfdata.load(Stream()), lfdata.load(Items(lambda place: (x(place), place % 2)))
    assert one.fingerprint == other.fingerprint
    assert one.train.labels.tolist() == other.train.labels.tolist()


def test_a_subset_keeps_its_own_numbers():
    data = lfdata.load(Subset(Items(lambda place: (x(place), place)), range(29, 4, -1)))
    assert data.train.labels.tolist() == [29 - place for place in data.train.ids.tolist()]


def test_categories_and_missing_labels_of_a_frame():
    frame = pd.DataFrame({"a": np.arange(40) % 7 + 0.5, "b": np.arange(40) * 0.3,
                          "sex": pd.Categorical(["m", "f"] * 20, ["m", "f", "x"])})  # fmt: skip
    data = lfdata.load(frame, label="sex")
    assert (data.shape, data.classes) == ((2,), ("f", "m"))
    held = [1 - place % 2 for place in data.train.ids.tolist()]
    assert data.train.labels.tolist() == held
    frame.loc[17, "sex"] = None
    with pytest.raises(UserError, match=r"label of row 17 .* is missing"):
        lfdata.load(frame, label="sex")


def test_a_dictionary_of_arrays_is_an_npz(tmp_path):
    held = {"signals": np.random.default_rng(0).normal(size=(50, 40)), "y": np.arange(50) % 3}
    np.savez(tmp_path / "x.npz", **held)
    one, other = lfdata.load(held), lfdata.load(tmp_path / "x.npz")
    assert one.seen == other.seen == (1, 40)
    assert one.fingerprint == other.fingerprint
    assert one.train.labels.tolist() == other.train.labels.tolist()


@pytest.mark.parametrize(("make", "said"), [
    (lambda place: Image.fromarray(PIXELS[: 8 - place % 2]), "samples of Items differ in shape"),
    (lambda place: "cat.png", r"has shape \(30,\)"),
    (lambda place: np.full((1, 4, 4), np.nan), "NaN or infinite"),
    (lambda place: (x(place), f"name {place}"), "30 different labels for 30 samples"),
])  # fmt: skip
def test_samples_that_are_none_are_one_line(make, said):
    with pytest.raises(UserError, match=said) as error:
        lfdata.load(Items(make))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("label", [0.5, torch.tensor(2.5), float("nan"), float("inf")], ids=str)
def test_fractions_are_no_classes(label):
    with pytest.raises(UserError, match=r"label .* of sample 0 of 'Items' is no whole number"):
        lfdata.load(Items(lambda place: (x(place), label)))


@pytest.mark.parametrize(("item", "got"), [
    ((x(1), None), "class 'None'"),
    ((x(1), x(1)), "class a Tensor of shape (1, 4, 4)"),
    ((x(1), [1, 2]), "class a list of 2 parts"),
    ((x(1), {"a": 1}), "class a dict with the keys a"),
    ((x(1), 1, 2), "got a tuple of 3 parts"),
    ({"picture": x(1), "label": 2}, "got a dict with the keys picture, label"),
    (None, "got 'None'"),
])  # fmt: skip
def test_what_is_no_item_is_said(item, got):
    with pytest.raises(UserError, match=r"or \(sample, class\) with a name or number") as said:
        lfdata.load(Items(lambda place: item))
    assert got in str(said.value)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(("label", "says"), [
    (0.5, "label 0.5 of sample"), (torch.tensor(2.5), "label 2.5 of sample"),
    (float("nan"), "label nan of sample"), (float("inf"), "label inf of sample"),
])  # fmt: skip
def test_what_is_no_class_is_said(label, says):
    with pytest.raises(UserError, match=says):
        lfdata.load(Items(lambda place: (x(place), label)))


def test_names_are_classes_in_sorted_order():
    data = lfdata.load(Items(lambda place: (x(place), "a\ncat" if place % 2 else "a dog")))
    assert data.classes == ("a\ncat", "a dog")
    for sample, label in zip(data.train.first(99), data.train.labels, strict=True):
        assert int((sample[0, 0, 0] * 30).round()) % 2 == 1 - int(label)


def test_dictionaries_of_sample_and_class_are_items():
    data = lfdata.load(Items(lambda place: {"image": x(place), "label": place % 3}))
    assert sorted(data.train.labels.unique().tolist()) == [0, 1, 2]


def test_items_of_which_some_have_no_class_are_refused():
    with pytest.raises(UserError, match="15 with a class and 15 without"):
        lfdata.load(Items(lambda place: x(place) if place % 2 else (x(place), 1)))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_tensors_that_learn_and_narrow_ones_are_samples(kind):
    sample, _ = first(lambda place: torch.full((1, 4, 4), 0.5, dtype=kind, requires_grad=True))
    assert (sample == 0.5).all()


@pytest.mark.parametrize(("mode", "shape"), [
    ("1", (1, 8, 6)), ("L", (1, 8, 6)), ("LA", (1, 8, 6)), ("I;16", (1, 8, 6)), ("I", (1, 8, 6)),
    ("RGB", (3, 8, 6)), ("RGBA", (3, 8, 6)), ("P", (3, 8, 6)), ("CMYK", (3, 8, 6)),
])  # fmt: skip
def test_pillow_images_of_any_mode_are_their_pixels(mode, shape):
    if mode == "I;16":
        image = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(PIXELS).convert(mode)
    assert image.mode == mode
    sample, _ = first(lambda place: (image, 0))
    assert sample.shape == shape
    grey = shape[0] == 1
    seen = image if mode == "I" else image.convert("L" if grey else "RGB")
    expected = PIXELS[..., 0] if mode == "I;16" else np.asarray(seen)
    expected = expected[None] if grey else np.moveaxis(expected, -1, 0)
    np.testing.assert_array_equal((sample * 255).round().numpy(), expected)


def test_true_is_white():
    held = np.random.default_rng(0).random((30, 5, 4)) > 0.5
    for given in (held, torch.from_numpy(held), held[..., None]):
        data = lfdata.load(given)
        assert data.train.first(99).unique().tolist() == [0.0, 1.0]
    assert lfdata.load(np.random.default_rng(0).random((30, 5)) > 0.5).shape == (5,)


# Sources of other people -------------------------------------------------------------------------


def toy(*, n: int, flag: bool = True, scale: float | None = None, seed: int = 0):
    """Vectors that say what they were made with."""
    made = lfdata.load(torch.randn(40, n))
    return made, flag, scale, seed


def untyped(n):
    raise AssertionError(n)


@pytest.fixture
def sources(monkeypatch):
    more = [
        Source("toy", cast(Any, toy), "a toy"),
        Source("untyped", untyped, "no types"),
        Source("dat", lambda path: lfdata.load(np.zeros((20, 3))), "files", ".dat"),
    ]
    rows = {**SOURCES, **{source.name: source for source in more}}
    monkeypatch.setitem(vars(SOURCES), "_rows", rows)


@pytest.mark.parametrize(("name", "flag", "scale", "seed"), [
    ("toy:n=3", True, None, 7),
    ("toy:n=3,flag=false,scale=2,seed=1", False, 2.0, 1),
    ("toy:n=3,scale=none", True, None, 7),
])  # fmt: skip
def test_options_are_read_as_settings_are(sources, name, flag, scale, seed):
    made, *others = cast(Any, load(name, seed=7))
    assert made.shape == (3,)
    assert others == [flag, scale, seed]


@pytest.mark.parametrize(("name", "says"), [
    ("toy", "'toy' needs a value of 'n'; use toy:n=VALUE"),
    ("toy:flag=false", "'toy' needs a value of 'n'"),
    ("toy:n=2.5", "'n' must be a whole number, got '2.5'"),
    ("toy:n=3,flag=0", "unknown flag '0'; Allowed: false, true"),
    ("toy:n=3,size=2", "unknown setting of toy 'size'"),
    ("toy:n", "'n' in toy:n must be name=value"),
    ("untyped", "option 'n' of 'untyped' has no default and no plain type"),
    ("dat", "'dat' reads files whose names end in .dat"),
    ("dat:n=3", "'dat' reads files"),
])  # fmt: skip
def test_options_that_do_not_fit_are_said(sources, name, says):
    with pytest.raises(UserError) as said:
        load(name)
    assert says in str(said.value)
    assert "\n" not in str(said.value)


def test_a_file_with_the_suffix_of_a_source_is_read(sources, tmp_path):
    (tmp_path / "x.dat").write_text("any")
    assert load(tmp_path / "x.dat").shape == (3,)
