"""The page about a run: its figures, scores and settings; and the card of a shared model."""

from latentfit.report.build import write_report
from latentfit.report.card import model_card

__all__ = ["model_card", "write_report"]
