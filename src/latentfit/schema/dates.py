"""Columns of texts that are dates: the one form that all of them have."""

from __future__ import annotations

import re

import numpy as np

from latentfit.checks import UserError
from latentfit.schema.base import Cells
from latentfit.schema.texts import Texts

DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%b %d, %Y",
    "%d %b %Y", "%Y-%m",
)  # fmt: skip
TIMES = (
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %I:%M %p",
    " %I:%M:%S %p",
)  # fmt: skip
ZONE = re.compile(r"\d(Z|[+-]\d\d:?\d\d)$")
MOST_WRONG = 0.05
"""Share of cells up to which those that do not fit are slips, and not values of their own."""


def form_of(held: Texts, name: object = None) -> tuple[str, str]:
    """The form of dates that all texts of a column have, and what a person should know.

    Arguments:
        held: Those of the column.
        name: Of the column.

    Returns:
        As `strftime` has it, '' where they are no dates; and a note, '' where there is none.

    Raises:
        UserError: A few texts stand among dates; the first is named by row and column.

    Example:
        >>> import pandas as pd
        >>> form_of(Texts.of(pd.Series(["31.01.2020", None, "01.02.2020"])))
        ('%d.%m.%Y', '')
    """
    texts, best = held.each.astype(str).str.strip(), ("", np.ones(0, bool))
    for text in dict.fromkeys(texts.iloc[[0, len(texts) // 2, -1]]):
        for form in _forms(text):
            wrong = _wrong(texts, form)
            if not wrong.any():
                return form, _either(texts, form, name)
            if not best[0] or held.counts[wrong].sum() < held.counts[best[1]].sum():
                best = form, wrong
    form, wrong = best
    if form and is_slip(held.counts, wrong):
        place = int(np.flatnonzero(wrong)[0])
        raise UserError(
            f"row {texts.index[place]}, column '{name}': {texts.iloc[place][:40]!r} is no date "
            f"such as {form}, as {held.counts[~wrong].sum():,} others are; mend it, or leave "
            "the column out with --drop."
        )
    return "", ""


def is_slip(counts: np.ndarray, wrong: np.ndarray) -> bool:
    """Whether the few texts that do not fit are slips, and not values of their own.

    Arguments:
        counts: In how many cells each text stands.
        wrong: Which of them do not fit, booleans.
    """
    few = counts[wrong].sum() <= MOST_WRONG * counts.sum() and wrong.sum() <= 5
    return bool(few) and counts.sum() >= 15


def _forms(text: str) -> list[str]:
    import pandas as pd

    if not re.search(r"\d", text) or not 7 <= len(text) <= 40:
        return []
    zone = match[1] if (match := ZONE.search(text)) and ":" in text else ""
    forms = [day + time + zone for day in DAYS for time in TIMES] + ["%H:%M:%S"]
    return [f for f in forms if not pd.isna(pd.to_datetime(text, format=f, errors="coerce"))]


def _wrong(texts: Cells, form: str) -> np.ndarray:
    import pandas as pd

    return pd.to_datetime(texts, format=form, errors="coerce").isna().to_numpy()


def _either(texts: Cells, form: str, name: object) -> str:
    """A note where the day may be the month as well."""
    other = form.replace("%d", "%%").replace("%m", "%d").replace("%%", "%m")
    if not form.startswith(("%d/%m", "%d-%m")) or _wrong(texts, other).any():
        return ""
    return (
        f"column '{name}': {texts.iloc[0]} is read as {form}, the day before the month, as no day "
        "is above 12; if that is wrong, write dates as 2020-12-31."
    )
