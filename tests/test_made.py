"""Files of a person are never written over; archives that cannot be read are named."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from latentfit.checks import UserError
from latentfit.data import load
from shell import command


@pytest.mark.parametrize("name", ["size.json", "size.png"])
def test_size_leaves_a_file_of_a_person_as_it_is(name, tmp_path):
    (tmp_path / name).write_text("mine")
    words = ["size", "--data", "synthetic:n=2,d=6,count=900", "--budget", 0, "--out", tmp_path]
    done = command(*words)
    assert done.returncode == 2
    assert f"{name} is there already and was not written by this command" in done.stderr
    assert (tmp_path / name).read_text() == "mine"


def test_size_replaces_what_it_wrote(tmp_path):
    words = ["size", "--data", "synthetic:n=2,d=6,count=900", "--budget", 0, "--out", tmp_path]
    assert command(*words).returncode == command(*words).returncode == 0


def test_an_npz_that_is_locked_is_refused_in_a_line(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((30, 4)))
    held = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.infolist()[0].header_offset
    central = held.rindex(b"PK\x01\x02")
    held[start + 6] |= 1  # what says that it needs a password, in both headers
    held[central + 8] |= 1
    path.write_bytes(held)
    with pytest.raises(UserError, match="cannot be read") as said:
        load(path)
    assert "\n" not in str(said.value)
