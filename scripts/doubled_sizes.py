"""Do short trainings change the answer where it is known: `python scripts/doubled_sizes.py`.

Plays neighbours and short trainings, no masks, on one seed of the sets that the rule was chosen on
and on a second of those with noise, rounding or counts. It writes `short-trainings.jsonl`; give the
same command again to go on.
"""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

from latentfit.sizing import Table, conclude, gather, largest
from latentfit.storage.files import read_lines
from latentfit.studies.known_sets import CHOOSING, KnownSet, known_sets

OUT = Path(__file__).parents[1] / "results" / "size-cases" / "short-trainings.jsonl"
UNCLEAN = ("noise", "rounded", "counts")


def answers(of: KnownSet) -> dict[str, object]:
    """What neighbours alone say of a set, and what short trainings make of it."""
    data = of.data()
    with tempfile.TemporaryDirectory() as place:
        table = Table(data, Path(place), math.inf, workers=1, progress=False)
        evidence = gather(table, most=largest(data), seed=of.seed, masks=False)
    found, plain = conclude(evidence), conclude({**evidence, "check": []})
    check = [[row["latent"], row["lost"], row["fd"]] for row in evidence["check"]]
    return {"name": of.name, "n": of.n, "plain": plain.latent, "answer": found.latent,
            "sure": found.sure, "check": check}  # fmt: skip


def main() -> None:
    """Play what is not there yet."""
    held = {row["name"] for row in read_lines(OUT)}
    more = [of for of in known_sets(CHOOSING[1:]) if of.stratum in UNCLEAN]
    for of in [*known_sets(CHOOSING[:1]), *more]:
        if of.name not in held:
            row = answers(of)
            print(row, flush=True)
            with OUT.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
