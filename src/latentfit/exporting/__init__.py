"""Exporting: encoder, decoder and sampler as files that run without this package."""

from latentfit.exporting.export import Exported, export

__all__ = ["Exported", "export"]
