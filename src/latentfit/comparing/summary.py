"""What a comparison shows, as tables and one page."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from latentfit.comparing.inference import differences, front, ranks
from latentfit.comparing.rows import ENTRY, floor, main_scores
from latentfit.studies.base import spread, table

if TYPE_CHECKING:
    from latentfit.data.base import Data
    from latentfit.report.html import Picture


@dataclass(frozen=True)
class Summary:
    """What a comparison shows.

    Arguments:
        frame: As `compare` or `compare_runs` gives.
    """

    frame: pd.DataFrame

    @cached_property
    def scores(self) -> tuple[str, ...]:
        """What is compared: generation, and reconstruction where there is one."""
        return main_scores(self.frame)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """By generation, the best first."""
        return ranks(self.frame, self.scores[0], pairs=self.differences)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Of all pairs in all of `scores`, corrected together."""
        return differences(self.frame, self.scores)

    @cached_property
    def front(self) -> list[str]:
        """Entries that no other is better than in both scores; empty where there is one score."""
        return front(self.frame, self.scores) if len(self.scores) == 2 else []

    @cached_property
    def table(self) -> pd.DataFrame:
        """An entry a row, in the order of ranks, as text; systems that always failed come last."""
        places = {line.entry: line for line in _lines(self.ranks)}
        rows = []
        for name in dict.fromkeys([*places, *self.frame[ENTRY]]):
            rank = places.get(name)
            failed = sum(1 for text in self._of(name, "error") if text)
            row = {
                "system": name + (f" ({failed} failed)" if failed else ""),
                "rank": "-" if rank is None else _rank(rank),
            }
            row |= {score: _spread(self._numbers(name, score)) for score in self.scores}
            row["minutes"] = _spread([s / 60 for s in self._numbers(name, "train_seconds")], 2)
            for what, unit in (("memory", 2**20), ("parameters", 1)):
                most = max(self._numbers(name, what), default=None)
                row[what] = "-" if most is None else f"{most / unit:,.0f}" + " MiB" * (unit > 1)
            rows.append(row)
        kept = [c for c in rows[0] if any(row[c] != "-" for row in rows)]
        return pd.DataFrame(rows, columns=kept)

    def _of(self, entry: str, column: str) -> list[Any]:
        """A column of an entry's trainings."""
        both = zip(self.frame[ENTRY], self.frame[column], strict=True)
        return [value for name, value in both if name == entry]

    def _numbers(self, entry: str, column: str) -> list[float]:
        """Those that there are."""
        return [float(v) for v in self._of(entry, column) if v is not None and not math.isnan(v)]

    def sentences(self) -> list[str]:
        """What the numbers say."""
        told, tested = [], [line for line in _lines(self.differences) if line.n > 1]
        real = sum(1 for line in tested if line.real)
        if len(set(self.frame[ENTRY])) < 2:
            told.append("one system alone: there is nothing to compare it with")
        elif not tested:
            told.append(
                "no two entries have two seeds in common, so nothing can be said of what another "
                "seed would give; train more seeds of each"
            )
        elif real:
            are = "is" if real == 1 else "are"
            told.append(f"{real} of {len(tested)} differences {are} real at 5 %, corrected for "
                        f"their number: {'; '.join(map(self._real, self.scores))}")  # fmt: skip
        else:
            told.append(f"none of {len(tested)} differences is real at 5 %, corrected for their "
                        "number: more seeds would tell smaller ones apart")  # fmt: skip
        for score in self.scores:
            if (least := floor(self.frame, score)) is not None:
                told.append(f"training data themselves reach a {score} of {least:.3g}")
        if self.front:
            told.append(f"best trade of {self.scores[1]} for {self.scores[0]}: "
                        + "; ".join(self.front))  # fmt: skip
        return told

    def _real(self, score: str) -> str:
        """Which entries are really better than which others by a score."""
        found: dict[str, list[str]] = {}
        for line in _lines(self.differences):
            if line.score == score and line.real:
                worse = line.second if line.better == line.first else line.first
                found.setdefault(line.better, []).append(worse)
        said = ", ".join(f"{best} before {' and '.join(rest)}" for best, rest in found.items())
        return f"by {score} {said or 'none'}"

    def to_json(self) -> dict[str, Any]:
        """As plain values; NaN is null."""
        tables = {"trainings": self.frame, "ranks": self.ranks, "differences": self.differences}
        plain = {name: _plain(held) for name, held in tables.items()}
        said = {"conditions": self.frame.attrs.get("conditions", []), "scores": list(self.scores)}
        return {**said, **plain, "front": self.front}

    def markdown(self) -> str:
        """The table of entries, and the differences that are real."""
        shown = self.table
        text = table(list(shown), shown.to_numpy().tolist()) + "\n"
        text += "".join(f"- {line}\n" for line in (*self.conditions, *self.sentences()))
        real = [line for line in _lines(self.differences) if line.real]
        rows = [[line.score, line.first, line.second, *_interval(line)] for line in real]
        columns = [
            "score",
            "first",
            "second",
            "first minus second",
            "95 % interval",
            "p, corrected",
        ]
        return text + ("\n" + table(columns, rows) if rows else "")

    def latex(self) -> str:
        """The table of entries, with `booktabs`."""
        held = self.table.rename(columns=_tex).map(_tex)
        return held.to_latex(index=False, column_format="l" + "r" * (held.shape[1] - 1))

    @property
    def conditions(self) -> list[str]:
        """What was equal, and what was not, a line each."""
        return self.frame.attrs.get("conditions", [])

    def page(self, data: Data | None) -> str:
        """A page that needs no other file.

        Arguments:
            data: What was trained on, to show samples of tables and vectors beside it.
        """
        from latentfit.report.html import rendered

        shown = self.table
        return rendered(
            "comparison",
            title=f"{len(shown)} systems compared",
            conditions=self.conditions,
            says=self.sentences(),
            columns=list(shown),
            rows=shown.to_numpy().tolist(),
            differences=[
                (line.score, line.first, line.second, *_interval(line), line.better)
                for line in sorted(_lines(self.differences), key=lambda line: line.corrected)
                if line.n > 1
            ],
            pictures=self._pictures(data),
        )

    def _pictures(self, data: Data | None) -> list[Picture]:
        from latentfit.comparing.samples import samples
        from latentfit.pictures import comparison
        from latentfit.report.html import picture

        found = samples(self.frame, list(self.ranks["entry"]), data)
        rows = [(str(e.entry), e.rank, e.low, e.high) for e in _lines(self.ranks)]
        caption = (
            "Ranks by the mean, and where the true ones lie with 95 % confidence, all at once."
        )
        found.append(picture("ranks", caption, comparison.ranked(rows, self.scores[0])))
        if len(self.scores) == 2:
            made, rebuilt = self.scores
            points = {}
            for name in dict.fromkeys(self.frame[ENTRY]):
                both = (_moments(self._numbers(name, score)) for score in (rebuilt, made))
                x, y = both
                if x is not None and y is not None:
                    points[name] = (x, y)
            caption = "Reconstruction against generation, bars one deviation over seeds."
            figure = comparison.trade_off(points, self.front, (rebuilt, made))
            found.append(picture("front", caption, figure))
        return found


def _lines(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples())


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records", double_precision=15) or "[]")


def _interval(line: Any) -> tuple[str, str, str]:
    ends = f"{line.low:.3g} to {line.high:.3g}"
    return f"{line.difference:.3g}", ends, f"{line.corrected:.2g}"


def _rank(line: Any) -> str:
    return f"{line.rank}" + ("" if line.low == line.high else f" ({line.low} to {line.high})")


def _moments(held: Sequence[float]) -> tuple[float, float] | None:
    """Mean and deviation; 0 of a single one."""
    if not held:
        return None
    return statistics.fmean(held), statistics.stdev(held) if len(held) > 1 else 0.0


def _spread(held: Sequence[float], digits: int = 3) -> str:
    return spread(held, digits) if held else "-"


def _tex(text: str) -> str:
    for plain, escaped in (("\\", r"\textbackslash "), ("{", r"\{"), ("}", r"\}"),
                           ("^", r"\^{}"), ("~", r"\~{}"), ("_", r"\_"), ("&", r"\&"), ("%", r"\%"),
                           ("#", r"\#"), ("$", r"\$"), ("±", r"$\pm$")):  # fmt: skip
        text = text.replace(plain, escaped)
    return text
