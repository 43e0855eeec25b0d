"""Scoring: what a model is worth, on the test split of its data."""

from latentfit.scoring.anomaly import Detector, Unusual, Usual
from latentfit.scoring.metric import Comparison, Metric
from latentfit.scoring.scores import evaluate, meaning, score
from latentfit.scoring.subject import Pair, Subject
from latentfit.scoring.table import METRICS
from latentfit.scoring.verdict import Verdict, verdict

__all__ = [
    "METRICS",
    "Comparison",
    "Detector",
    "Metric",
    "Pair",
    "Subject",
    "Unusual",
    "Usual",
    "Verdict",
    "evaluate",
    "meaning",
    "score",
    "verdict",
]
