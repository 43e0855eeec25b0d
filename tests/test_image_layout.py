"""One rule of layout for folders and archives: splits, classes, what is no sample."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from image_files import by_name, grey, labelled, members, named, write_folder, write_tar, write_zip
from latentfit import data as lfdata
from latentfit.checks import UserError
from latentfit.data.splits import by_position

SHARED = Path(__file__).parents[2] / "shared" / "data"
TRAIN = named("train/a/{}.png", grey(30)) | named("train/b/{}.png", grey(30, seed=1))
TEST = named("test/a/{}.png", grey(5, seed=2)) | named("test/b/{}.png", grey(5, seed=3))
VAL = named("val/a/{}.png", grey(4, seed=4))
WRITERS = {"x": write_folder, "x.zip": write_zip, "x.tar": write_tar, "x.tar.xz": write_tar}


def sizes(data):
    return [len(data.train), len(data.validation), len(data.test)]


@pytest.mark.parametrize("place", WRITERS)
def test_the_same_splits_labels_and_fingerprint_wherever_images_lie(tmp_path, place):
    files = named("a/{}.png", grey(30)) | named("b/deep/{}.png", grey(30, seed=1))
    data = lfdata.load(WRITERS[place](tmp_path / place, files))
    want = lfdata.load(write_folder(tmp_path / "want", files))
    assert members(data) == members(want)
    assert sum(sizes(data)) == 60
    assert all((image == by_name(want)[name]).all() for name, image in by_name(data).items())
    assert labelled(data) == {name: name[0] for name in files}
    assert data.fingerprint == want.fingerprint
    assert len(data.validation) >= 2
    assert len(data.test) >= 2


def test_a_split_stays_when_images_come_and_copies_keep_together(tmp_path):
    files = named("{}.png", grey(200))
    before = members(lfdata.load(write_folder(tmp_path / "x", files)))
    copies = {f"copy-of-{name}": held for name, held in files.items()}
    write_folder(tmp_path / "x", named("new/{}.png", grey(50, seed=9)) | copies)
    after = members(lfdata.load(tmp_path / "x"))
    for part, names in before.items():
        assert set(names) <= set(after[part])
        assert {f"copy-of-{name}" for name in names} <= set(after[part])


@pytest.mark.parametrize(
    ("files", "want"),
    [
        (TRAIN | TEST, {"test": 10}),
        (TRAIN | TEST | VAL, {"train": 60, "validation": 4, "test": 10}),
        (TRAIN | VAL, {"validation": 4}),
        ({n.replace("train", "Training").replace("test", "TESTING"): f
          for n, f in (TRAIN | TEST).items()}, {"test": 10}),
        ({n.replace("val", "valid"): f for n, f in (TRAIN | VAL).items()}, {"validation": 4}),
        ({f"set/of/photos/{n}": f for n, f in (TRAIN | TEST).items()}, {"test": 10}),
        ({n.replace("/", "/images/", 1): f for n, f in (TRAIN | TEST).items()}, {"test": 10}),
    ],
    ids=["test", "all", "val", "words", "valid", "nested", "below"],
)  # fmt: skip
@pytest.mark.parametrize("place", WRITERS)
def test_splits_of_the_data_are_kept(tmp_path, place, files, want):
    data = lfdata.load(WRITERS[place](tmp_path / place, files))
    found = dict(zip(("train", "validation", "test"), sizes(data), strict=True))
    assert {part: found[part] for part in want} == want
    assert sum(found.values()) == len(files)
    assert data.classes == ("a", "b")


def test_windows_separators_and_names_that_lead_out(tmp_path):
    files = {name.replace("/", "\\"): held for name, held in (TRAIN | TEST).items()}
    assert sizes(lfdata.load(write_zip(tmp_path / "w.zip", files)))[2] == 10
    out = {f"../../etc/{name}": held for name, held in (TRAIN | TEST).items()}
    for place in ("x.zip", "x.tar.gz"):
        data = lfdata.load(WRITERS.get(place, write_tar)(tmp_path / place, out))
        assert sizes(data)[2] == 10
        assert not (tmp_path.parent.parent / "etc").exists()


@pytest.mark.parametrize("name", ["train/x.png", "bus/x.png"])
def test_a_class_called_train_is_no_split(tmp_path, name):
    files = named("train/{}.png", grey(20)) | named("car/{}.png", grey(20, seed=1))
    data = lfdata.load(write_folder(tmp_path / "x", files | {name: grey(1, seed=5)[0]}))
    assert data.classes == tuple(sorted({"train", "car", name.split("/")[0]}))


def test_images_beside_the_splits_or_beside_classes_are_told(tmp_path):
    data = lfdata.load(write_folder(tmp_path / "x", TRAIN | TEST | named("other/{}.png", grey(3))))
    assert "3 images outside test, train are left out." in data.notes
    assert sum(sizes(data)) == 70
    files = named("a/{}.png", grey(20)) | named("{}.png", grey(20, seed=1))
    data = lfdata.load(write_folder(tmp_path / "y", files))
    assert data.train.labels is None
    assert any("both at the top and in sub-folders" in note for note in data.notes)
    data = lfdata.load(write_folder(tmp_path / "z", named("{}/x.png", grey(40))))
    assert data.train.labels is None
    assert any("40 sub-folders for 40 images" in note for note in data.notes)


HIDDEN = (".ipynb_checkpoints/0.png", "a/.cache/b/1.png", "a/.2.png", "__MACOSX/a/3.png",
          "a/@eaDir/4.png", "a/Thumbs.db", "a/notes.txt")  # fmt: skip


@pytest.mark.parametrize("place", WRITERS)
def test_what_is_hidden_is_no_sample(tmp_path, place):
    shadow = dict.fromkeys(HIDDEN, grey(1, seed=7)[0])
    files = named("a/{}.png", grey(20)) | named("b/{}.png", grey(20, seed=1))
    data = lfdata.load(WRITERS[place](tmp_path / place, files | shadow))
    assert sum(sizes(data)) == 40
    assert data.classes == ("a", "b")
    assert data.notes == ()


def test_links_are_followed_but_no_ring_and_no_file_twice(tmp_path):
    store = write_folder(tmp_path / "store", named("cat/{}.png", grey(15)))
    root = write_folder(tmp_path / "x", named("dog/{}.png", grey(15, seed=1)))
    (root / "cat").symlink_to(store / "cat")
    (root / "dog" / "linked.png").symlink_to(store / "cat" / "3.png")  # counts as a cat or a dog
    (root / "dog" / "!first.png").symlink_to(root / "dog" / "4.png")
    (root / "dog" / "ring").symlink_to(root)
    (root / "cat" / "self").symlink_to(store)
    (root / "dog" / "dead.png").symlink_to(tmp_path / "nowhere.png")
    data = lfdata.load(root)
    assert sum(sizes(data)) == 30
    assert data.classes == ("cat", "dog")
    told = labelled(data)
    assert told["cat/3.png"] == "cat"
    assert "dog/4.png" in told
    assert any("nowhere are left out" in note for note in data.notes)


def test_splits_of_links_into_one_store(tmp_path):
    root = write_folder(tmp_path / "x", named("all/{}.png", grey(40)))
    for number in range(40):
        place = root / ("train" if number < 30 else "test") / "ab"[number % 2] / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(root / "all" / f"{number}.png")
    data = lfdata.load(root)
    assert len(data.test) == 10
    assert data.classes == ("a", "b")


def test_names_that_are_not_utf_8(tmp_path):
    files = named("a/{}.png", grey(20)) | named("b/{}.png", grey(20, seed=1))
    root = write_folder(tmp_path / "x", files)
    with open(os.path.join(os.fsencode(root), b"a/caf\xe9.png"), "wb") as file:
        file.write(grey(1, seed=3)[0])
    data = lfdata.load(root)
    name = "a/caf\\udce9.png"
    assert name in by_name(data)
    name.encode("utf-8")
    with open(os.path.join(os.fsencode(root), b"b/\xff\n.png"), "wb") as file:
        file.write(b"no image")
    with pytest.raises(UserError, match=r"udcff\\n.png is not a readable image") as caught:
        lfdata.load(root)
    str(caught.value).encode("utf-8")
    assert "\n" not in str(caught.value)


def encrypted(path):
    write_zip(path, named("{}.png", grey(20)))
    held = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = held.find(mark)
        held[at + place] |= 1
    path.write_bytes(held)


def damaged(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, held in named("{}.png", grey(20)).items():
            archive.writestr(name, held)
    held = bytearray(path.read_bytes())
    held[60] ^= 255
    path.write_bytes(held)


def cut(path):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in named("{}.png", grey(20)).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(held.getvalue()[: len(held.getvalue()) // 2])


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("x.zip", encrypted, "encrypted"),
        ("x.zip", damaged, r"x\.zip:0\.png cannot be read"),
        ("x.zip", lambda p: p.write_bytes(b"nonsense"), "not a readable archive"),
        ("x.tar.gz", cut, "not a readable archive"),
        ("x.tar.gz", lambda p: p.write_bytes(b""), "not a readable archive"),
        ("x.zip", lambda p: write_zip(p, {"a.txt": b"x"}), "holds 0 images"),
        ("x.zip", lambda p: write_zip(p, named("{}.heic", grey(3))), "3 of .heic"),
        ("x.zip", lambda p: write_zip(p, named("{}.png", grey(19))), "19 samples; at least 20"),
        ("x", lambda p: p.mkdir(), "holds 0 images"),
    ],
)
def test_archives_that_cannot_be_read(tmp_path, name, make, message):
    make(tmp_path / name)
    with pytest.raises(UserError, match=message) as caught:
        lfdata.load(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_set_of_two_archives_is_split_by_number(tmp_path):
    for part, count in (("train", 30), ("test", 10)):
        files = named(f"{part}/faces/{part}{{:03}}.png", grey(count, seed=count))
        write_zip(tmp_path / f"{part}.zip", files)
    rows = [f"{p}{i:03}.png,{p},{1 if i % 2 else -1}" for p in ("train", "test") for i in range(30)]
    table = tmp_path / "attributes.csv"
    table.write_text("file,split,Smiling\n" + "\n".join(rows))
    data = lfdata.load(tmp_path)
    assert sizes(data) == [27, 3, 10]
    rest, chosen, _ = by_position(30, test=False)
    names = members(data)
    assert names["validation"] == [f"train/train{place:03}.png" for place in chosen.tolist()]
    assert names["train"] == [f"train/train{place:03}.png" for place in rest.tolist()]
    odd = [
        [place % 2 == 1 for place in part] for part in (rest.tolist(), chosen.tolist(), range(10))
    ]
    assert [part.tolist() for part in data.attributes["Smiling"]] == odd
    table.write_text("file,split,Smiling\n" + "\n".join(rows[1:]))
    with pytest.raises(UserError, match=r"no row for 'train000\.png'"):
        lfdata.load(tmp_path)


@pytest.mark.skipif(
    not SHARED.exists(), reason="the shared copies of the stored sets are not at hand"
)
@pytest.mark.parametrize(
    ("name", "mark"), [("celeba", "7786c6576c58a05a"), ("cifar10", "9d9b1e507cf31b66")]
)
def test_stored_sets_stay_what_they_were(name, mark):
    assert lfdata.load(name, root=SHARED).fingerprint == mark
