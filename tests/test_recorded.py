"""Rounds that are recorded once and played again are the rounds that are played."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.optim import Optimizer

import latentfit as lf
from contract import AT_ONCE, ONCE
from latentfit.data import order
from latentfit.data.resident import Resident
from latentfit.game import Game
from latentfit.models import Learner
from latentfit.players import Player, Turn
from latentfit.recipes import recipe
from latentfit.schedules import ramp, since
from latentfit.training.average import Average
from latentfit.training.recorded import KEPT, WARM, Recorded
from latentfit.training.rounds import Rounds
from tape import Tape

CPU = torch.device("cpu")
COUNT, BATCH = 64, 8


class Undone(Tape):
    """A tape whose recording changes nothing, as that of a GPU: the state is put back."""

    def __init__(self, *held: torch.Tensor) -> None:
        super().__init__()
        self.held = held

    def record(self, program):
        before = [value.detach().clone() for value in self.held]
        generator = torch.default_generator.get_state()
        try:
            return super().record(program)
        finally:
            torch.default_generator.set_state(generator)
            with torch.no_grad():
                for value, was in zip(self.held, before, strict=True):
                    value.copy_(was)


def rounds(model, x, *, taped, told=None, seed=0):
    """The rounds of a model, recorded or not, and everything that they change."""
    game = Game(model, capturable=True)
    average = Average(model, 0.9)

    def tape():
        slots = [s for o in game.optimizers.values() for held in o.state.values()
                 for s in held.values() if isinstance(s, torch.Tensor)]  # fmt: skip
        return Undone(*model.parameters(), *model.buffers(), *average.values, *slots)

    played = Rounds(
        game,
        average,
        Resident(x),
        order(len(x), size=BATCH, seed=seed),
        seed=seed,
        device=CPU,
        tell=(lambda line: None) if told is None else told.append,
        tape=tape if taped else None,
    )
    return played, average


@pytest.mark.parametrize(("name", "shape"), ONCE, ids=[name for name, _ in ONCE])
def test_recorded_rounds_are_the_rounds(name, shape):
    """Far apart in the game, so that every schedule has another value; bit for bit."""
    settings = AT_ONCE.get(name, {})
    model = recipe(name, shape, latent=4, seed=0, width=1 / 64, batch=BATCH, **settings).train()
    twin = copy.deepcopy(model)
    x = torch.rand(COUNT, *shape, generator=torch.Generator().manual_seed(0))
    told = []
    (eager, kept), (recorded, other) = (
        rounds(m, x, taped=taped, told=told) for m, taped in ((model, False), (twin, True))
    )
    replayed = 0
    for step in (0, 1, 2, 3, 4, 5, 400, 401, 402, 403, 404, 2_000, 30_000, 30_001, 30_002, 30_003):
        terms, again = eager.play(step), recorded.play(step)
        replayed += any(n > WARM for n in recorded.recorded.played.values())
        assert terms.keys() == again.keys(), step
        for term, value in terms.items():
            assert torch.equal(value, again[term].to(value)), (step, term)
        for part, value in model.state_dict().items():
            assert torch.equal(value, twin.state_dict()[part]), (step, part)
    assert replayed > 4
    assert not told
    assert all(torch.equal(a, b) for a, b in zip(kept.values, other.values, strict=True))


def test_rounds_on_a_table_are_recorded():
    """Its likelihood has a law for each column."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({
        "size": generator.normal(size=80), "kind": generator.choice(["a", "b", "c"], 80),
        "yes": generator.random(80) > 0.5,
        "gap": np.where(generator.random(80) < 0.3, np.nan, 1.5 * np.arange(80)),
    })  # fmt: skip
    data, told = lf.data.load(frame), []
    settings = {"latent": 3, "width": 1 / 16, "batch": BATCH}
    models = [lf.recipe("sigma-vae", data, **settings).train() for _ in range(2)]
    x = data.train.first(COUNT)
    (eager, _), (recorded, _) = (
        rounds(m, x, taped=taped, told=told) for m, taped in zip(models, (False, True), strict=True)
    )
    for step in range(WARM + 4):
        eager.play(step)
        recorded.play(step)
    one, two = (m.state_dict() for m in models)
    assert not told
    assert recorded.recorded.tapes
    assert all(torch.equal(one[name], two[name]) for name in one)


class Line(Learner):
    """One weight that follows the data, by a game of one's own."""

    def __init__(self, terms, optimizer=None, **more):
        super().__init__()
        self.weight, self.more = nn.Linear(3, 1), more
        self.make, self.how = optimizer or lf.optimizers.adam(1e-2), terms

    def turns(self):
        def terms(x):
            return {"error": self.how(self, x)}

        yield Turn(line=Player(terms=terms, owns=(self,), optimizer=self.make, **self.more))


def error(model, x):
    return (model.weight(x) - 1).square().mean()


def play(model, steps, told):
    torch.manual_seed(0)
    found, _ = rounds(model, torch.rand(COUNT, 3), taped=True, told=told)
    return found, [found.play(step) for step in steps]


def test_rates_weights_and_players_change_between_recorded_rounds():
    told = []
    model = Line(error, rate=ramp(10), weights={"error": ramp(20)}, plays=since(1))
    torch.manual_seed(0)
    twin = copy.deepcopy(model)
    found, _ = play(model, range(12), told)
    x = found.split.values
    eager, _ = rounds(twin, x, taped=False)
    for step in range(12):
        eager.play(step)
    assert torch.equal(model.weight.weight, twin.weight.weight)
    assert not told
    assert len(found.recorded.tapes) == 1  # nobody plays in round 0


def test_what_cannot_be_recorded_is_said_once_and_played():
    told = []
    model = Line(lambda m, x: error(m, x) * (2 if float(x.mean()) > 0.5 else 1))
    found, played = play(model, range(WARM + 3), told)
    assert len(told) == 1
    assert "not permitted" in told[0]
    assert "slower" in told[0]
    assert len(played) == WARM + 3
    assert not found.recorded.tapes
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("draws", [True, False])
def test_draws_on_the_cpu_are_not_recorded_for_a_gpu(draws):
    told = []

    def body():
        return {"a": torch.randn(()) if draws else torch.zeros(())}

    gpu = torch.device("cuda")
    held = Recorded(Tape, tell=told.append, clear=lambda: None, device=gpu)
    for _ in range(WARM + 2):
        held.play("program", body)
    assert bool(held.tapes) is not draws
    assert [("random numbers on the CPU" in line) for line in told] == [True] * draws


def test_an_optimizer_that_counts_on_the_cpu_is_named():
    told = []
    model = Line(error, optimizer=lambda owned: torch.optim.Adagrad(owned, lr=0.1))
    found, _ = play(model, range(2), told)
    assert found.recorded is None
    assert "optimizer of player 'line', Adagrad" in told[0]


def test_few_programs_are_kept():
    held = Recorded(Tape, tell=print, clear=lambda: None, device=CPU)
    for program, _ in itertools.product(range(KEPT + 2), range(WARM + 1)):
        held.play(program, lambda: {"a": torch.zeros(())})
    assert list(held.tapes) == list(range(2, KEPT + 2))


def test_a_checkpoint_of_recorded_rounds_goes_on_without(tmp_path):
    model = Line(error, rate=ramp(10))
    found, _ = play(model, range(6), [])
    state = copy.deepcopy(found.game.state_dict())
    group = state["line"]["param_groups"][0]
    assert group["lr"] == 1e-2
    plain = Game(model)
    plain.load_state_dict(state)
    assert isinstance(plain.optimizers["line"], Optimizer)
    assert plain.optimizers["line"].param_groups[0]["capturable"] is False
    assert plain.optimizers["line"].state[model.weight.weight]["step"] == 6
