"""Text inside of Markdown: nothing of it is taken for a mark, a link, HTML or a line of its own."""

from __future__ import annotations

import re
from typing import Any


class Marked(str):
    """Text that is Markdown already."""


def plain(value: Any) -> Marked:
    r"""Running text, with every mark taken literally.

    Example:
        >>> print(plain("a|b_c\n# [x](http://y) <i>"))
        a\|b\_c \# \[x\](http\://y) \<i\>
    """
    if isinstance(value, Marked):
        return value
    return Marked(re.sub(r"([\\`*_{}\[\]<>#|~&$@]|:(?=//)|(?<=www)\.)", r"\\\1", _line(value)))


def code(value: Any) -> Marked:
    r"""A piece of code in a line; of a table, where a bar would end it, use `plain`.

    Example:
        >>> print(code("a_b"), code("one ` two"))
        `a_b` `` one ` two ``
    """
    text = _line(value)
    fence, pad = _fence(text, 1), " " if "`" in text or not text.strip() else ""
    return Marked(f"{fence}{pad}{text}{pad}{fence}")


def block(value: Any, language: str = "") -> Marked:
    r"""Lines of code by themselves.

    Example:
        >>> print(block("latentfit list", "sh"))
        ```sh
        latentfit list
        ```
    """
    text = "\n".join(_line(line) for line in str(value).splitlines())
    fence = _fence(text, 3)
    return Marked(f"{fence}{language}\n{text}\n{fence}")


def link(address: str) -> Marked:
    r"""An address as a link; what is none, as text.

    Example:
        >>> print(link("https://arxiv.org/abs/1312.6114"), link("<x>"))
        <https://arxiv.org/abs/1312.6114> \<x\>
    """
    held = re.fullmatch(r"https?://[!-;=?-~]+", address)
    return Marked(f"<{address}>") if held else plain(address)


def _line(value: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value))


def _fence(text: str, least: int) -> str:
    runs = re.findall(r"`+", text)
    return "`" * max(least, 1 + max(map(len, runs), default=0))
