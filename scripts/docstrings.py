"""Docstrings as Markdown, for the site: formulas, tables and references are written otherwise.

Formulas become MathML, which browsers show by themselves: no page needs a script from elsewhere.
"""

from __future__ import annotations

import re
from typing import Any

import griffe
from latex2mathml.converter import convert

SHOWN = re.compile(r"(?m)^( *)\.\. math:: (.+(?:\n\1 +\S.*)*)")
INLINE = re.compile(r":math:`([^`]+)`")
TABLE = re.compile(r"(?m)^( *)=+( +=+)+\n(?:.*\n)+?\1=+( +=+)+\n(?:(?:.*\n)+?\1=+( +=+)+$)?")
SOURCE = re.compile(r"(?m)^( *)\| (?=\S)")


def as_markdown(text: str) -> str:
    """What python-markdown and griffe read of a docstring that is written for Python's help."""
    text = TABLE.sub(_fenced, text)
    text = SHOWN.sub(lambda found: found[1] + _formula(found[2], "block"), text)
    text = INLINE.sub(lambda found: f"<span>{_formula(found[1], 'inline')}</span>", text)
    text = SOURCE.sub(r"\1- ", text)
    return re.sub(r"(?m)^Example:$", "Examples:", text)  # griffe knows the plural only


def _formula(tex: str, display: str) -> str:
    return convert(" ".join(tex.split()), display=display)


def _fenced(found: re.Match[str]) -> str:
    rows = [row for row in found[0].strip("\n").splitlines() if row.strip(" =")]
    return "\n".join([f"{found[1]}```", *rows, f"{found[1]}```"])


class Markdown(griffe.Extension):
    """Rewrites each docstring before its sections are read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """What griffe calls for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
