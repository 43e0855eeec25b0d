"""Nasty inputs by kind, each with what is right."""

from nasty.case import Case, Outcome, judged
from nasty.kinds import cases

__all__ = ["Case", "Outcome", "cases", "judged"]
