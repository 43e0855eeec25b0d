"""The command that tells unusual samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentfit.cli.app import DataOption, Device, Json, OwnRun, Root, Seed, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import data_of, must_encode, say, show_table

if TYPE_CHECKING:
    import pandas as pd

    from latentfit.data import Data
    from latentfit.scoring.anomaly import Detector


@app.command()
@reads_data
def score(
    run: OwnRun,
    data: DataOption,
    out: Annotated[
        Path, typer.Option(help="A .csv, .tsv, .parquet or .feather file; a .png goes beside it.")
    ] = Path("scores.csv"),
    rate: Annotated[
        float, typer.Option(help="Share of usual samples that may raise a false alarm.")
    ] = 0.05,
    seed: Seed = 0,
    data_root: Root = None,
    device: Device = "auto",
    as_json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Tell unusual samples: which of new data are unlike those that a model was trained on?

    A row for each sample: the error of its reconstruction, how rare its code is, both together, and
    the chance `p` that a usual sample scores as high, from samples that the training did not see.
    Where p is at most `--rate`, `alarm` is true. Of columns with names, `column` is the one
    that is least as usual; a cell that the training never had, such as a new text, makes its row
    the least usual.

    Example: `latentfit score runs/machine --data new.csv --rate 0.01`
    """
    import json

    import numpy as np

    from latentfit.checks import UserError
    from latentfit.cli.outputs import TABLES, write_table
    from latentfit.pictures.figures import save
    from latentfit.pictures.unusual import unusual
    from latentfit.runs import load
    from latentfit.scoring.anomaly import Detector
    from latentfit.storage.made import must_be_ours, remember

    picture = out.with_suffix(".png")
    if out.suffix.lower() not in TABLES:
        raise UserError(f"scores do not go into {out.name}; use {', '.join(TABLES)}.")
    for path in (out, picture):
        must_be_ours(path)
    model = load(run, device=device)
    must_encode(model, run)
    known = data_of(run, model, None, data_root)
    new = data_of(run, model, data, data_root, lenient=True, **reading)
    detector = Detector(model, known, seed=seed)
    detector.must_reach(rate)
    frame, unknown = _judged(detector, new)
    frame["alarm"] = frame["p"] <= rate
    write_table(frame, out)
    save(unusual(frame, rate), picture)
    remember(picture)
    alarms = int(np.count_nonzero(frame["alarm"]))
    facts = {"samples": len(frame), "alarms": alarms, "rate": rate, "held_out": detector.held,
             "unknown": unknown, "out": str(out), "picture": str(picture)}  # fmt: skip
    if as_json:
        typer.echo(json.dumps(facts))
        return
    worst = frame.sort_values("score", ascending=False).head(5)
    show_table(list(frame.columns), [[_short(cell) for cell in row] for row in worst.to_numpy()])
    if unknown:
        say(f"{unknown:,} samples have a cell that the training never had; they come first.")
    say(
        f"{alarms:,} alarms among {len(frame):,} samples; usual ones alone would raise about "
        f"{rate * len(frame):,.0f}, by {detector.held:,} held-out samples. Wrote {out}, {picture}."
    )


def _judged(detector: Detector, data: Data) -> tuple[pd.DataFrame, int]:
    """A row for each sample of all splits, in the order of the file.

    Returns:
        The rows, and how many samples have a cell that the training never had.
    """
    import numpy as np
    import pandas as pd

    from latentfit.data.base import PARTS

    tables, unknown = [], 0
    names = np.array([*data.schema.columns_of_entries, ""], dtype=object)
    for split in (getattr(data, part) for part in PARTS):
        found, odd = [], []
        for part in split.chunks(4096):
            found.append(detector.judge(part))
            unknown += int((~part.flatten(1).isfinite().all(1)).sum())
            if len(names) > 1:
                odd.append(names[detector.entries(part).numpy()])
        if not found:
            continue
        ids = np.arange(len(split)) if split.ids is None else split.ids
        columns = {
            name: np.concatenate([getattr(part, name).numpy() for part in found])
            for name in ("error", "surprise", "score", "p")
        }
        if odd:
            columns["column"] = np.concatenate(odd)
        called = "row" if ids.dtype.kind in "iu" else "id"
        tables.append(pd.DataFrame({called: ids, **columns}))
    joined = pd.concat(tables, ignore_index=True)
    return joined.sort_values(joined.columns[0], kind="stable", ignore_index=True), unknown


def _short(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
