"""Ray plays the same bits as this machine's processes, and loses nothing when it loses workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest

import latentfit as lf
from latentfit.checks import UserError
from latentfit.comparing import Conditions
from latentfit.runs import cluster as module
from latentfit.runs.cells import Cell
from latentfit.runs.cluster import Cluster
from latentfit.runs.pool import play_cells
from shell import command

DATA = "synthetic:n=2,d=6,count=400"


@pytest.fixture(scope="module")
def machines():
    """Two machines of one core each, on this one."""
    ray = pytest.importorskip("ray")  # seconds, which a collection of tests need not take
    from ray.cluster_utils import Cluster as Machines

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # no machine has this module
    held = Machines(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    held.add_node(num_cpus=1)
    yield held
    ray.shutdown()
    held.shutdown()


@pytest.fixture(scope="module")
def data():
    return lf.data.load(DATA)


@pytest.fixture(scope="module")
def cells(data):
    return Conditions(data, ("ae", "flexae"), (2,), 2, 60, {"width": 0.05}).cells()


@pytest.fixture(scope="module")
def local(cells, data, tmp_path_factory):
    return play_cells(cells, tmp_path_factory.mktemp("local"), data=data, progress=False)


def numbers(rows):
    """What must not depend on who played."""
    return [{k: row[k] for k in ("key", "scores", "parameters")} for row in rows]


@dataclass(frozen=True)
class Troubled:
    """A cell whose players come to grief: `killed`, `ended` or `none`.

    The first player of any that comes to the machine named in `doomed` waits there until that is
    gone.
    """

    cell: Cell
    trouble: str

    @property
    def seed(self):
        return self.cell.seed

    @property
    def key(self):
        return self.cell.key

    def placed(self, root, *, compile):
        return self

    def play(self, folder, data):
        import ray

        here, waits = ray.get_runtime_context().get_node_id(), folder / "waits"
        if here == (folder / "doomed").read_text() and not waits.exists():
            waits.write_text("")
            time.sleep(600)
        mark, run = folder / f"{self.trouble}-{self.key}", folder / "runs" / self.key
        if self.trouble == "none" or mark.exists():
            lines = run / "metrics.jsonl"
            rounds = json.loads(lines.read_text().splitlines()[-1])["round"] if mark.exists() else 0
            (folder / f"begins-{self.key}").write_text(str(rounds))
            return self.cell.play(folder, data)
        model = lf.recipe(self.cell.recipe, data, latent=self.cell.latent, seed=self.seed,
                          **self.cell.settings)  # fmt: skip
        given = {"out": run, "seed": self.seed, "validate": False, "progress": False}
        lf.train(model, data, rounds=30, **given)
        mark.write_text("")
        if self.trouble == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        # As `ray stop` does, in the middle of a training, which saves and ends.
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        while True:
            lf.train(lf.recipe("ae", data, latent=2), data, rounds=100_000, progress=False)


def test_nothing_is_lost_with_workers_and_a_machine_and_the_bits_are_the_same(
    machines, cells, data, local, tmp_path
):
    more = machines.add_node(num_cpus=2)
    (tmp_path / "doomed").write_text(more.node_id)
    engine = Cluster(machines.address)
    assert engine.workers == 4
    assert Cluster(machines.address, most=1).workers == 1

    def take_down():
        while not (tmp_path / "waits").exists():
            time.sleep(0.05)
        machines.remove_node(more, allow_graceful=False)

    thread = threading.Thread(target=take_down)
    thread.start()
    played = [Troubled(cell, t) for cell, t in zip(cells, TROUBLES, strict=True)]
    rows = play_cells(played, tmp_path, data=data, workers=engine, progress=False)
    thread.join(60)
    assert (tmp_path / "waits").exists()
    assert numbers(rows) == numbers(local)
    begun = [int((tmp_path / f"begins-{cell.key}").read_text()) for cell in cells]
    assert begun == [30, 30, 0, 0]  # from their checkpoints
    refused(engine, cells, data, tmp_path)


TROUBLES = ("killed", "ended", "none", "none")


def refused(engine, cells, data, tmp_path):
    """What is wrong with a machine, or with what is asked of it, is told."""
    (tmp_path / "one").mkdir()
    with pytest.raises(UserError, match="does not see"):
        list(engine.rows(cells[:1], tmp_path / "one", data))  # nobody holds it: not our folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "__version__", "0.0.1")
        with pytest.raises(UserError, match=r"has latentfit .*, this one 0\.0\.1"):
            play_cells(cells[:1], tmp_path / "two", data=data, workers=engine, progress=False)
    with pytest.raises(UserError, match="has joined the Ray cluster at"):
        Cluster("127.0.0.1:1").workers  # noqa: B018
    with pytest.raises(UserError, match="has no GPU"):
        play_cells(cells[:1], tmp_path / "three", data=data, progress=False,
                   workers=Cluster(engine.address, gpus=0.5))  # fmt: skip
    with pytest.raises(UserError, match="'gpus' must be"):
        Cluster(gpus=2)


def test_what_a_person_gets_wrong_is_told(tmp_path):
    given = ("compare", "ae", "--data", DATA, "--out", tmp_path, "--rounds", 10)
    for more, says in (
        (("--engine", "slurm"), "unknown engine 'slurm'"),
        (("--address", "auto"), "'--address' is of a cluster; give --engine ray"),
        (("--gpus", 0.5), "'--gpus' is of a cluster"),
        (("--engine", "ray", "--workers", 0), "'workers' must be"),
    ):
        told = command(*given, *more)
        assert told.returncode == 2, told.stderr
        assert says in told.stderr


WORDS = [sys.executable, "-m", "latentfit", "compare", "ae", "--data", DATA, "--latent", "2",
         "--seeds", "6", "--rounds", "800", "--set", "width=0.05", "--engine", "ray"]  # fmt: skip


def kept(out):
    """The rows that a folder holds."""
    path = out / "cells.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.claim  # a minute: three times Ray starts anew
def test_the_driver_is_stopped_and_killed_and_given_again(tmp_path):
    words, out = [*WORDS, "--out", str(tmp_path / "a")], tmp_path / "a"
    for how in (signal.SIGINT, signal.SIGKILL):
        driver, before = subprocess.Popen(words, stderr=subprocess.PIPE, text=True), len(kept(out))
        end = time.monotonic() + 400
        while len(kept(out)) == before:
            assert driver.poll() is None, driver.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.05)
        driver.send_signal(how)
        said = driver.communicate(timeout=200)[1]
        if how == signal.SIGINT:
            assert driver.returncode == 130, said
            assert "everything is saved in" in said
    held = len(kept(out))
    assert 2 <= held < 6
    again = subprocess.run(words, capture_output=True, text=True, timeout=400, check=True)
    assert f"/{6 - held}]" in again.stderr  # only what was left
    rows = kept(out)
    mine = play_cells([_of(row) for row in rows], tmp_path / "b", data=lf.data.load(DATA),
                      progress=False)  # fmt: skip
    assert numbers(rows) == numbers(mine)


def _of(row):
    return Cell(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()
                   if k in Cell.__dataclass_fields__})  # fmt: skip
