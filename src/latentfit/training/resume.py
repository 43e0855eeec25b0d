"""What a person is told of a run that was begun before."""

from __future__ import annotations

import logging

from latentfit.checks import UserError
from latentfit.storage import RunFolder

LOG = logging.getLogger("latentfit")


def tell(folder: RunFolder, rounds: int, *, quiet: bool = False) -> None:
    """Log whether a run that was begun goes on, begins anew, or is finished.

    Arguments:
        folder: Of a run that was begun before.
        rounds: Rounds that are asked for.
        quiet: Log it as information, which is not shown, not as a warning.

    Raises:
        UserError: It is finished but its checkpoint is gone, so that it cannot go on.
    """
    played, level = folder.played, logging.INFO if quiet else logging.WARNING
    asked = f"{rounds:,}"
    if played is None and folder.finished:
        raise UserError(
            f"{folder.path} cannot go on: its checkpoint 'last' is gone. Its model still samples "
            "and scores; to train anew, choose another --out or remove the folder."
        )
    if played is None:
        LOG.log(level, "%s: no checkpoint was written yet; the run begins anew.", folder.path)
    elif played < rounds:
        LOG.log(
            level, "%s: goes on after round %s of %s.", folder.path, f"{played:,}", f"{rounds:,}"
        )
    else:
        fewer = "" if played == rounds else f"; {asked} were asked for, and all are kept"
        LOG.log(
            level, "%s: is finished, %s rounds were played%s.", folder.path, f"{played:,}", fewer
        )
