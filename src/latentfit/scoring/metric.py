"""What a score is: a row of a table."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from latentfit.metrics import Extractor
from latentfit.scoring.subject import Pair, Subject

Found = float | int | None | Mapping[str, float | int | None]
"""A score; or a score with what stands beside it, by the suffix of its name, '' for itself."""


@dataclass(frozen=True)
class Metric:
    """A score of a model on its data.

    Attributes:
        name: What `evaluate` calls it; `<features>` stands for the extractor's name.
        group: What `evaluate --metrics` takes; the scores of the group '' always come.
        of: From the subject to a number or a few; nothing where it does not apply.
        meaning: What it says, in a line, without its direction.
        better: Its direction; '' where neither is better.
        variant: Exactly how it is computed, for the record.
        also: Names on some features, where it has one of its own.
        vectors: Whether it is for vectors only.
        asked: Whether it comes only where its group is asked for.
    """

    name: str
    group: str
    of: Callable[[Any], Found]
    meaning: str
    better: Literal["lower", "higher", ""] = ""
    variant: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    vectors: bool = False
    asked: bool = False

    def found(self, subject: Subject) -> Mapping[str, float | int | None]:
        """The score of a subject and what stands beside it, by the suffix of its name."""
        found = self.of(subject)
        return found if isinstance(found, Mapping) else {"": found}

    def key(self, extractor: Extractor) -> str:
        """Its name on some features."""
        return self.also.get(extractor.name, self.name.replace("<features>", extractor.name))

    def says(self, features: str = "<features>") -> str:
        """What it says, with its direction.

        Arguments:
            features: What it is computed on.
        """
        text = self.meaning.replace("<features>", features)
        return f"{text}; {self.better} is better" if self.better else text

    def matches(self, score: str) -> str | None:
        """The features in a score's name, '' where it names none; None where it is another's."""
        for features, name in self.also.items():
            if score == name:
                return features
        pattern = re.escape(self.name).replace("<features>", "(.+)")
        found = re.fullmatch(pattern, score)
        return None if found is None else "".join(found.groups())


class Comparison(Metric):
    """A score of a `Pair`: of samples against test data.

    It is repeated on every draw of samples, and is there for reconstructions and for training data,
    the floor, too.
    """

    of: Callable[[Pair], float]

    def found(self, subject: Subject) -> Mapping[str, float | int | None]:
        """As `Metric.found`: the mean over the draws, `_sd`, and the others."""
        if self.vectors and (subject.image or subject.extractor.name != "pixels"):
            return {}
        values = [self.of(pair) for pair in subject.pairs[""]]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        others = {s: self.of(pair) for s, (pair, *_) in subject.pairs.items() if s}
        return {"": statistics.fmean(values), "_sd": spread, **others}


BESIDE = {
    "_reconstruction": "the same for reconstructions of the test samples",
    "_floor": "the same for training samples: what data themselves reach",
    "_sd": "standard deviation over independent draws of generated samples",
    "_se": "standard error of the mean over test samples",
    "_low": "lower end of its 95 % interval",
    "_high": "upper end of its 95 % interval",
}
"""What stands beside a score, by the suffix of its name."""
