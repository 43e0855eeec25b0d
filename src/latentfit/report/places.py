"""What tells where things lie on a machine, cut to what may be published."""

from __future__ import annotations

import re
import shlex
from pathlib import PureWindowsPath
from typing import Any

NAMES = ("--label", "--key", "--drop", "--columns", "--by", "--set")
"""Options whose values are no paths, whatever they look like."""


def bare(text: str) -> str:
    r"""A path of a machine as its last part; any other text as it is.

    Example:
        >>> [bare(t) for t in ("/home/me/a.csv", r"C:\me\a.csv", "~/a", "hf:/home/me/a", "hf:u/a")]
        ['a.csv', 'a.csv', 'a', 'hf:a', 'hf:u/a']
    """
    if text.startswith("hf:"):
        return f"hf:{bare(text[3:])}"
    if re.match(r"/|~|\.\.[/\\]|[A-Za-z]:[/\\]|\\\\", text):
        return PureWindowsPath(text).name or "data"
    return text


def bare_command(command: str) -> str:
    """A command whose paths are bare.

    Example:
        >>> bare_command("latentfit train ae --data /home/me/a.csv --label /b --out=/tmp/run")
        'latentfit train ae --data a.csv --label /b --out=run'
    """
    try:
        words = shlex.split(command)
    except ValueError:  # an older version did not quote: where its words end cannot be told
        return ""
    kept: list[str] = []
    for word in words:
        option, equals, value = word.partition("=")
        if (kept and kept[-1] in NAMES) or option in NAMES:
            kept.append(word)
        elif equals and option.startswith("--"):
            kept.append(f"{option}={bare(value)}")
        else:
            kept.append(bare(word))
    return shlex.join(kept)


def bare_values(held: Any) -> Any:
    """What a JSON file holds, with bare texts.

    A schema and names of classes are left as they are: a model cannot be used with others.

    Example:
        >>> bare_values({"name": "/home/me/a.csv", "classes": ["/b"], "n": [1, "~/c"]})
        {'name': 'a.csv', 'classes': ['/b'], 'n': [1, 'c']}
    """
    if isinstance(held, dict):
        kept = ("schema", "classes")
        return {key: v if key in kept else bare_values(v) for key, v in held.items()}
    if isinstance(held, list):
        return [bare_values(value) for value in held]
    return bare(held) if isinstance(held, str) else held
