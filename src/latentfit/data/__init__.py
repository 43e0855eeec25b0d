"""Data: built-in sets, files of your own, arrays in memory."""

from latentfit.data.base import Data, Split, order
from latentfit.data.load import SOURCES, Source, load, names
from latentfit.data.make import arrays
from latentfit.data.resident import Resident
from latentfit.units import Units

__all__ = [
    "SOURCES",
    "Data",
    "Resident",
    "Source",
    "Split",
    "Units",
    "arrays",
    "load",
    "names",
    "order",
]
