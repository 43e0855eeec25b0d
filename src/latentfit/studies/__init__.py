"""Published tables and figures as lists of cells: `latentfit reproduce NAME`."""

from __future__ import annotations

from pathlib import Path

from latentfit.checks import one_of, within
from latentfit.runs.cells import must_be_cells
from latentfit.runs.playing import Engine
from latentfit.runs.pool import play_cells
from latentfit.storage.files import atomically
from latentfit.studies.anomalies import ANOMALIES
from latentfit.studies.base import Study
from latentfit.studies.curves import CURVE_STUDIES
from latentfit.studies.edits import EDITS
from latentfit.studies.gain import GAIN
from latentfit.studies.images import IMAGES
from latentfit.studies.late import LATE
from latentfit.studies.mapped import MAPPED
from latentfit.studies.masks import MASKS
from latentfit.studies.plane import PLANE
from latentfit.studies.priors import PRIORS
from latentfit.studies.rates import RATES_STUDY
from latentfit.studies.size_cases import SIZE_CASES
from latentfit.studies.size_methods import SIZE_METHODS
from latentfit.studies.systems import SYSTEMS

SCALES = ("smoke", "short", "paper")
STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        *CURVE_STUDIES,
        *MASKS,
        *PLANE,
        *IMAGES,
        *SYSTEMS,
        RATES_STUDY,
        *PRIORS,
        GAIN,
        MAPPED,
        EDITS,
        SIZE_CASES,
        SIZE_METHODS,
        ANOMALIES,
        LATE,
    )
}


def reproduce(
    name: str,
    folder: Path,
    *,
    scale: str = "short",
    workers: int | Engine = 1,
    seeds: int | None = None,
    compile: bool = False,
    root: str | None = None,
) -> Path:
    """Play a study and write its table and figures.

    Arguments:
        name: One of `STUDIES`.
        folder: Where cells, table and figures go; the same call goes on where it stopped, and
            studies that share a folder share their cells.
        scale: `smoke` (a minute, to see that it runs), `short` (hours on a CPU), `paper`.
        workers: Trainings at a time, or an engine.
        seeds: Play only the first of the scale's seeds; None plays all.
        compile: Compile each player's terms; pays off from a few thousand rounds on.
        root: Folder of data sets.

    Returns:
        The path of the table.

    Raises:
        UserError: Study or scale is unknown, a number is out of range, data are missing, the folder
            is in use or cannot be written to, or every training failed.
    """
    from latentfit.pictures.figures import save

    study = STUDIES[one_of("study", name, STUDIES)]
    one_of("scale", scale, SCALES)
    if seeds is not None:
        within("seeds", seeds, 1)
    cells = [
        cell.placed(root, compile=compile)
        for cell in study.cells(scale)
        if seeds is None or cell.seed < seeds
    ]
    study.prepare(scale, folder, root)
    rows = play_cells(cells, folder, workers=workers)
    must_be_cells(rows)
    text, figures = study.shows(rows, folder, root)
    seconds = sum(row["seconds"] for row in rows)
    options = ("" if seeds is None else f" --seeds {seeds}") + (" --compile" if compile else "")
    head = (
        f"# {study.name}, scale {scale}\n\n{study.what} ({study.source}). Made by "
        f"`latentfit reproduce {study.name} --scale {scale}{options}`: {len(rows)} trainings, "
        f"{seconds / 60:.0f} core-minutes. ± is the standard deviation over seeds.\n\n"
    )
    for key, figure in figures.items():
        save(figure, folder / f"{key}.png", folder / f"{key}.pdf")
    path = folder / f"{name}.md"
    atomically(path, lambda draft: draft.write_text(head + text, encoding="utf-8"))
    return path


__all__ = ["SCALES", "STUDIES", "Study", "reproduce"]
