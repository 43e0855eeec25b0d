"""Mutation testing of the science against the quick tests: `python scripts/mutants.py`.

A fixed sample of mutants (one operator, number or name changed) of models, games, divergences,
penalties, priors, posteriors, likelihoods, schedules, averages, splits and units is tested with
mutmut; the same call goes on where it stopped: a mutant that was killed is not tested again until
its function changes (delete `mutants/` to begin anew). Those that survive are compared with
`tests/survivors.json`, which says why each changes nothing; any other is an error. With `--planted`
the faults that once passed unseen are planted one by one instead.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = Path("src/latentfit")
KILLED = ("killed", "timeout", "segfault")
KNOWN = ROOT / "tests" / "survivors.json"
# Files, or functions of a file, by what their mangled names begin with.
AREAS: dict[str, tuple[str, ...]] = {
    "models/*.py": (),
    "divergences/*.py": (),
    "adversarial.py": (),
    "expost/density.py": (),
    "expost/flow.py": (),
    "expost/stage.py": (),
    "expost/fit.py": (),
    "priors/*.py": (),
    "posteriors/*.py": (),
    "penalties.py": (),
    "likelihoods.py": (),
    "schedules.py": (),
    "optimizers.py": (),
    "game.py": (),
    "units.py": (),
    "training/average.py": (),
    "training/encode.py": (),
    "data/make.py": ("x_partition", "x__units", "x_fingerprint"),
}
# What a review found that no test noticed: file, what stands there, and the fault.
PLANTED = (
    ("models/flexae.py", '{"fooled": self.critic(self.encoder(x)).mean()}',
     '{"fooled": -self.critic(self.encoder(x)).mean()}'),
    ("models/flexae.py", "high=self.critic(code), low=self.critic(draw)",
     "high=self.critic(draw), low=self.critic(code)"),
    ("models/maskaae.py", "(1 + gap).square()", "(1 - gap).square()"),
    ("models/maskaae.py", '"slope": 10.0', '"slope": 5.0'),
    ("models/flexae.py", "yield Turn(repeats=5, critic=critic)",
     "yield Turn(repeats=4, critic=critic)"),
    ("models/mapae.py", "- mu - self.lam)", "- mu + self.lam)"),
    ("training/loop.py", "model.load_state_dict(average.state_dict(), strict=False)", "pass"),
    ("expost/fit.py", "encode_all(model, data.train).sample()",
     "encode_all(model, data.test).sample()"),
    ("models/aae.py", "real=self.critic(draw), fake=self.critic(code)",
     "real=self.critic(code), fake=self.critic(draw)"),
    ("recipes/adversarial.py", 'Preset(200.0, {"colour": 50.0})',
     'Preset(100.0, {"colour": 50.0})'),
    ("scoring/subject.py", "self.data.test.some(self.count)", "self.data.train.some(self.count)"),
    ("models/introvae.py", '"made": self.divergence(made).mean(),',
     '"made": -self.divergence(made).mean(),'),
    ("recipes/variational.py", 'weights={"divergence": beta}',
     'weights={"divergence": beta / 2}'),
    ("data/make.py", '_units(parts["train"][0])', "_units(values)"),
    ("scoring/subject.py", "held.train, held.other, held.test",
     "held.train, held.train, held.test"),
    ("models/flexae.py", "yield Turn(repeats=5, critic=critic, image_critic=image_critic)",
     "yield Turn(repeats=4, critic=critic, image_critic=image_critic)"),
)  # fmt: skip


def mutants() -> list[str]:
    """Names of all mutants of the areas."""
    from mutmut.mutation.file_mutation import (  # pyright: ignore[reportMissingImports]
        mutate_file_contents,
    )
    from mutmut.utils.format_utils import get_mutant_name  # pyright: ignore[reportMissingImports]

    found = []
    for pattern, wanted in AREAS.items():
        for path in sorted((ROOT / SOURCE).glob(pattern)):
            if path.relative_to(ROOT / SOURCE) == Path("priors/base.py"):
                continue  # protocols, which nothing runs
            place = path.relative_to(ROOT)
            names = mutate_file_contents(str(place), path.read_text()).mutant_names
            found += [
                get_mutant_name(place, name)
                for name in names
                if not wanted or name.startswith(wanted)
            ]
    return found


def outcomes() -> dict[str, str]:
    """What became of each mutant that was tested."""
    from mutmut.stats import status_by_exit_code  # pyright: ignore[reportMissingImports]

    found: dict[str, str] = {}
    for path in (ROOT / "mutants").rglob("*.meta"):
        for name, code in json.loads(path.read_text())["exit_code_by_key"].items():
            found[name] = status_by_exit_code[code]
    return found


def difference(name: str) -> str:
    """The changed lines of a mutant, without their places: what `survivors.json` knows it by."""
    shown = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", name], cwd=ROOT, capture_output=True, text=True
    ).stdout
    lines = [
        line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    where = name.split(".x")[0].removeprefix("latentfit.")
    return f"{where}: " + " ".join(" ".join(line.split()) for line in lines)


def sample(count: int, seed: int) -> int:
    """Test a fixed sample of mutants; the number of survivors that nobody has explained."""
    # By hash, so that the sample stays what it is while others come and go.
    names = sorted(mutants(), key=lambda name: blake2b(f"{seed} {name}".encode()).digest())
    chosen = sorted(names[:count])
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1"]
    held = outcomes()
    # One is tested in any case: mutmut then sees which functions have changed.
    left = [name for name in chosen if held.get(name) not in KILLED] or chosen[:1]
    while left:
        if subprocess.run([*command, *left], cwd=ROOT, env=environment).returncode:
            sys.exit("mutmut did not end well: do the quick tests pass without a mutant?")
        held = outcomes()
        left = [name for name in chosen if held.get(name) in (None, "not checked")]
    known = json.loads(KNOWN.read_text())
    alive = [name for name in chosen if held[name] not in KILLED]
    killed, unknown = len(chosen) - len(alive), 0
    for name in alive:
        text = difference(name)
        reason = known.get(text)
        unknown += reason is None
        word = "explained" if reason else held[name].upper()
        print(f"{word}  {name}\n    {text}\n    {reason or ''}")
    print(f"{killed} of {len(chosen)} killed ({killed / len(chosen):.1%}); {len(alive)} survived, "
          f"{unknown} without a reason; {len(names)} mutants in all, seed {seed}.")  # fmt: skip
    return unknown


def planted() -> int:
    """Plant each of the known faults alone; the number of those that the quick tests miss."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("src", "tests", "pyproject.toml"):
            whole = ROOT / part
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy / part)
        environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
                   "--no-header", "--tb=no", "tests/quick"]  # fmt: skip

        def failures() -> list[str]:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True
            )
            if done.returncode > 1:
                sys.exit(f"the tests did not run:\n{done.stdout}{done.stderr}")
            return [line for line in done.stdout.splitlines() if line.startswith("FAILED")]

        if failures():
            sys.exit("the quick tests fail without a fault.")
        for file, right, wrong in PLANTED:
            path = copy / SOURCE / file
            text = path.read_text()
            if text.count(right) < 1:
                sys.exit(f"{file} no longer holds: {right}")
            path.write_text(text.replace(right, wrong))
            caught = failures()
            path.write_text(text)
            missed += not caught
            print(f"{'caught' if caught else 'MISSED'}  {file}: {wrong}")
            print(f"        {caught[0].split(' - ')[0].removeprefix('FAILED ') if caught else ''}")
    print(f"{len(PLANTED) - missed} of {len(PLANTED)} planted faults are caught by `make quick`.")
    return missed


def main() -> None:
    """Test what was asked for; the exit code is 1 where something was missed."""
    parser = argparse.ArgumentParser(description="Mutants against the quick tests.")
    parser.add_argument("--planted", action="store_true", help="plant known faults instead")
    parser.add_argument("--count", type=int, default=300, help="mutants in the sample")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    given = parser.parse_args()
    sys.exit(bool(planted() if given.planted else sample(given.count, given.seed)))


if __name__ == "__main__":
    main()
