"""Schemas: what a sample is in its file, and what a network sees of it."""

from latentfit.schema.base import Block, Dialect, Layout, Schema
from latentfit.schema.choices import Choice, Constant
from latentfit.schema.columns import Column
from latentfit.schema.numbers import Numbers
from latentfit.schema.pixels import Pixels
from latentfit.schema.quantities import Date, Number
from latentfit.schema.read import plain, read_schema
from latentfit.schema.table import Table

__all__ = [
    "Block",
    "Choice",
    "Column",
    "Constant",
    "Date",
    "Dialect",
    "Layout",
    "Number",
    "Numbers",
    "Pixels",
    "Schema",
    "Table",
    "plain",
    "read_schema",
]
