"""Nasty files and arguments, each with what is right: python scripts/campaign.py [--seed 0].

Makes some hundred inputs by generators (`scripts/nasty`), loads each, looks at every value, trains
and samples many of them, and writes what came to `results/campaign/`. An input is right if it is
refused in one line that names what is wrong, or loaded whole: as many samples as there are, their
values, labels and columns, and a note of whatever was left out. Ends with 1 if one is wrong.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from nasty import Case, Outcome, cases, judged

from latentfit.storage.files import write_text
from latentfit.studies.base import table

RESULTS = Path(__file__).parents[1] / "results" / "campaign"


def main() -> None:
    """Play all cases, or those whose name or kind matches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a pattern of names; nothing is written then")
    parser.add_argument("--to", type=Path, default=RESULTS)
    given = parser.parse_args()
    logging.getLogger("latentfit").propagate = False
    os.environ["LATENTFIT_CACHE"] = tempfile.mkdtemp()
    found: list[tuple[Case, Outcome]] = []
    with tempfile.TemporaryDirectory() as place:
        for number, case in enumerate(cases(given.seed)):
            if not re.search(given.only, f"{case.kind}: {case.name}"):
                continue
            outcome = judged(case, Path(place) / str(number), given.seed)
            outcome = Outcome(outcome.came, outcome.message.replace(place, "."), outcome.right)
            found.append((case, outcome))
            if not outcome.right:
                print(f"{case.kind}: {case.name}: {outcome.came}: {outcome.message[:300]}")
    wrong = sum(not outcome.right for _, outcome in found)
    print(f"{len(found)} cases, {wrong} wrong")
    if not given.only:
        write(given.to, found, given.seed)
    sys.exit(int(wrong > 0))


def write(folder: Path, found: list[tuple[Case, Outcome]], seed: int) -> None:
    """Write JSON lines and a table."""
    lines = [
        {"case": case.name, "kind": case.kind, "input": case.words, "outcome": outcome.came,
         "message": outcome.message[:100], "right": outcome.right}
        for case, outcome in found
    ]  # fmt: skip
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_text(folder / "campaign.jsonl", text)
    kinds = Counter(case.kind for case, _ in found)
    told = ", ".join(f"{count} of {kind}s" for kind, count in kinds.items())
    rows = [[_cell(str(value)) for value in line.values()] for line in lines]
    head = f"# Nasty inputs\n\n{len(found)} cases: {told}; "
    head += f"{sum(o.right for _, o in found)} are right. "
    head += f"Made by `python scripts/campaign.py --seed {seed}`.\n\n"
    columns = ["case", "kind", "input", "outcome", "message", "right"]
    write_text(folder / "table.md", head + table(columns, rows))


def _cell(text: str) -> str:
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


if __name__ == "__main__":
    main()
