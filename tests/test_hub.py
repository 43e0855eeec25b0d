"""Data sets of the Hugging Face library, saved and read again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

datasets = pytest.importorskip("datasets", reason="needs the extra 'hub'")

from latentfit import data as lfdata  # noqa: E402
from latentfit.checks import UserError  # noqa: E402
from latentfit.cli.train import whole  # noqa: E402
from latentfit.data.base import PARTS  # noqa: E402
from latentfit.data.resident import Resident  # noqa: E402
from latentfit.data.streamed import Streamed  # noqa: E402

DRAWN = np.random.default_rng(0)
NAMES = datasets.ClassLabel(names=["cat", "dog"])


def saved(folder, features=None, **splits):
    """A folder of the splits, each a dictionary of columns."""
    parts = {name: datasets.Dataset.from_dict(held, features=features)
             for name, held in splits.items()}  # fmt: skip
    whole = parts["only"] if "only" in parts else datasets.DatasetDict(parts)
    whole.save_to_disk(str(folder))
    return f"hf:{folder}"


def pictures(count, size=(8, 6)):
    pixels = DRAWN.integers(0, 256, (count, *size, 3), np.uint8)
    return pixels, [Image.fromarray(one) for one in pixels]


def test_images_come_with_their_splits_and_the_names_of_their_classes(tmp_path):
    features = datasets.Features(picture=datasets.Image(), animal=NAMES)
    (train, held), (test, more) = pictures(40), pictures(10)
    name = saved(tmp_path, features, train={"picture": held, "animal": [0, 1] * 20},
                 test={"picture": more, "animal": [1] * 10})  # fmt: skip
    data = lfdata.load(name)
    assert (data.shape, data.classes) == ((3, 8, 6), ("cat", "dog"))
    assert (len(data.test), data.test.labels.tolist()) == (10, [1] * 10)
    assert len(data.train) + len(data.validation) == 40
    first = torch.from_numpy(test).movedim(3, 1).float() / 255
    torch.testing.assert_close(data.test.first(10), first)
    row = data.train.ids[0]
    assert data.train.labels[0] == row % 2
    torch.testing.assert_close(data.train.first(1)[0] * 255,
                               torch.from_numpy(train[row]).movedim(2, 0).float())  # fmt: skip


def test_images_of_any_size_are_brought_to_one_and_read_when_asked_for(tmp_path):
    features = datasets.Features(picture=datasets.Image(), animal=NAMES,
                                 caption=datasets.Value("string"))  # fmt: skip
    _, small = pictures(20)
    _, large = pictures(20, (16, 12))
    held = {"picture": small + large, "animal": [0, 1] * 20, "caption": ["x"] * 40}
    name = saved(tmp_path, features, train=held, test={n: v[:8] for n, v in held.items()})
    with pytest.raises(UserError, match=r"differ in size .*--size"):
        lfdata.load(name)
    data = lfdata.load(name, size=8, grey=True)
    assert (data.shape, len(data.test), data.name) == ((1, 8, 8), 8, tmp_path.name)
    assert "columns that are not used: caption." in data.notes
    assert any("resized to 8x8" in note for note in data.notes)
    streamed = lfdata.load(name, size=8, grey=True, limit=100)
    assert (type(data.train), type(streamed.train)) == (Resident, Streamed)
    assert streamed.fingerprint == data.fingerprint
    torch.testing.assert_close(streamed.train.first(9), data.train.first(9))
    assert streamed.train.labels.tolist() == data.train.labels.tolist()
    ahead = next(streamed.train.batches([torch.arange(4)]))  # by processes of its own
    torch.testing.assert_close(ahead, data.train.first(4))
    table = lfdata.load(name, drop="picture,caption")  # what is left has no sample
    assert table.shape == (1,)


def test_an_image_that_is_not_there_is_one_line(tmp_path):
    features = datasets.Features(picture=datasets.Image())
    _, held = pictures(30)
    name = saved(tmp_path, features, only={"picture": [*held, None]})
    with pytest.raises(UserError, match="row 30 has no image in 'picture'"):
        lfdata.load(name)


def test_columns_choose_what_the_samples_are(tmp_path):
    x = {"x": DRAWN.normal(size=(30, 4)).tolist(), "y": [float(i % 7) for i in range(30)],
         "z": [float(i % 5) for i in range(30)], "kind": ["a", "b", "c"] * 10}  # fmt: skip
    name = saved(tmp_path, only=x)
    for chosen in ({"columns": "x"}, {"drop": "y,z", "label": "kind"}):
        data = lfdata.load(name, **chosen)
        assert data.shape == (4,)
        assert data.classes == (("a", "b", "c") if "label" in chosen else ())
    assert lfdata.load(name, drop="x,kind").shape == (2,)
    assert lfdata.load(name, columns="y,z", label="kind").classes == ("a", "b", "c")
    for wrong in ({"columns": "x,w"}, {"drop": "w"}, {"drop": "y,z,kind", "label": "w"}):
        with pytest.raises(UserError, match=r"'w'|column 'x' of"):
            lfdata.load(name, **wrong)


@pytest.mark.parametrize(("text", "expected"), [
    ("me/set", ("me/set", None, None)), ("me/set:small", ("me/set", "small", None)),
    ("me/set@v1", ("me/set", None, "v1")), ("me/set:small@v1", ("me/set", "small", "v1")),
])  # fmt: skip
def test_a_configuration_and_a_revision_are_asked_for(text, expected, monkeypatch):
    asked = []

    def load(name, config, *, revision):
        asked.append((name, config, revision))
        return datasets.Dataset.from_dict({"x": DRAWN.normal(size=(30, 4)).tolist()})

    monkeypatch.setattr(datasets, "load_dataset", load)
    data = lfdata.load(f"hf:{text}")
    assert (asked, data.name) == ([expected], text)


def test_classes_that_are_kept_back_leave_all_without(tmp_path):
    features = datasets.Features(x=datasets.List(datasets.Value("float32"), length=4), animal=NAMES)
    name = saved(tmp_path, features,
                 train={"x": DRAWN.normal(size=(30, 4)), "animal": [0, 1] * 15},
                 test={"x": DRAWN.normal(size=(5, 4)), "animal": [-1] * 5})  # fmt: skip
    assert lfdata.load(name).train.labels is None


@pytest.mark.parametrize(("kind", "seen"), [("auto", (40,)), ("signals", (1, 40))])
def test_lists_of_one_length_are_vectors_or_signals(kind, seen, tmp_path):
    x = DRAWN.normal(size=(60, 40))
    data = lfdata.load(saved(tmp_path, only={"x": x.tolist()}), kind=kind)
    assert (data.seen, len(data.train) + len(data.validation) + len(data.test)) == (seen, 60)
    np.testing.assert_allclose(data.schema.restore(data.test.first(1))[0], x[data.test.ids[0]],
                               rtol=1e-5, atol=1e-6)  # fmt: skip


def test_other_columns_are_a_table_with_its_own_splits(tmp_path):
    features = datasets.Features(age=datasets.Value("float64"), animal=NAMES,
                                 town=datasets.Value("string"))  # fmt: skip

    def rows(count, start):
        ages = range(start, start + count)
        return {"age": [age + 0.5 for age in ages], "animal": [age % 2 for age in ages],
                "town": [("Rom", "Bonn", None)[age % 3] for age in ages]}  # fmt: skip

    name = saved(tmp_path, features, train=rows(60, 0), dev=rows(12, 30), test=rows(9, 20))
    data = lfdata.load(name)
    assert [len(getattr(data, part)) for part in PARTS] == [60, 12, 9]
    assert [int(getattr(data, part).ids[0]) for part in PARTS] == [0, 60, 72]
    frame = data.schema.restore(data.test.first(9))
    np.testing.assert_allclose(frame["age"], np.arange(20.5, 29), rtol=1e-6)
    assert frame["animal"].tolist() == ["cat", "dog"] * 4 + ["cat"]
    assert frame["town"].isna().tolist() == [age % 3 == 2 for age in range(20, 29)]
    labelled = lfdata.load(name, label="animal")
    assert (labelled.shape, labelled.classes) == ((2,), ("cat", "dog"))
    again = lfdata.load(name, schema=data.schema)
    assert [len(getattr(again, part)) for part in PARTS] == [60, 12, 9]
    torch.testing.assert_close(again.test.first(9), data.test.first(9), equal_nan=True)


def test_a_split_that_is_not_used_is_named(tmp_path):
    x = {"x": DRAWN.normal(size=(30, 4)).tolist()}
    data = lfdata.load(saved(tmp_path, train=x, unsupervised=x))
    assert data.notes == ("splits that are not used: unsupervised.",)


def test_a_folder_of_files_is_read_as_the_library_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "held").mkdir()
    text = "a,b\n" + "\n".join(f"{i % 7},{i * 0.5}" for i in range(40))
    (tmp_path / "held" / "train.csv").write_text(text)
    assert lfdata.load(f"hf:{tmp_path / 'held'}").shape == (2,)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"x": [[1.0, 2.0]] * 20 + [[1.0]] * 10}, "differ in shape"),
        ({"x": [[1.0, 2.0]] * 30, "y": [1.0] * 30}, "column 'x' of .* is a List among others"),
        ({"x": [["a", "b"]] * 30}, "numbers are needed"),
        ({"a": [1.0] * 5, "b": [2.0] * 5}, "at least 20"),
    ],
)
def test_what_holds_no_samples_is_one_line(columns, said, tmp_path):
    name = saved(tmp_path, only=columns)
    with pytest.raises(UserError, match=said) as error:
        lfdata.load(name)
    assert "\n" not in str(error.value)


def test_sets_that_are_not_there_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    for name in ("hf:nobody/nothing", "hf:nobody/nothing:small", f"hf:{tmp_path}"):
        with pytest.raises(UserError, match="the hub gives no data set") as error:
            lfdata.load(name)
        assert "\n" not in str(error.value)


def test_a_run_names_its_folder_from_the_root_on(tmp_path, monkeypatch):
    (tmp_path / "held").mkdir()
    monkeypatch.chdir(tmp_path)
    assert whole("hf:held") == f"hf:{tmp_path / 'held'}"
    assert whole("held") == str(tmp_path / "held")
    for name in ("hf:user/name@main", "digits", "synthetic:n=2"):
        assert whole(name) == name
