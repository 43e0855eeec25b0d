"""Data: built-in sets, files of your own, arrays in memory."""

from latentfit.data.base import Data, Split, order
from latentfit.data.frames import rows, table
from latentfit.data.load import SOURCES, Source, load, names
from latentfit.data.make import arrays
from latentfit.data.options import Options
from latentfit.data.resident import Resident

__all__ = [
    "SOURCES",
    "Data",
    "Options",
    "Resident",
    "Source",
    "Split",
    "arrays",
    "load",
    "names",
    "order",
    "rows",
    "table",
]
