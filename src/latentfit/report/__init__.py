"""The page about a run: its figures, scores and settings."""

from latentfit.report.build import write_report

__all__ = ["write_report"]
