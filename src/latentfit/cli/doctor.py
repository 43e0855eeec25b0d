"""The command that says what a bug report needs of a machine; nothing of it is secret."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from latentfit.cli.app import Json, Root, app
from latentfit.cli.shared import show_table


@app.command()
def doctor(data_root: Root = None, as_json: Json = False) -> None:
    """Say what is installed, which devices there are, and which folders can be written.

    For a bug report: versions, extras, threads and graphics cards, caches with their sizes, free
    disk. It prints no variables of the environment and no name of a person: the home folder is
    `~`. Nothing is written.

    Examples: `latentfit doctor`, `latentfit doctor --json`
    """
    import json

    held = facts(data_root)
    if as_json:
        typer.echo(json.dumps(held))
        return
    rows = [["latentfit", held["latentfit"]], ["Python", held["python"]], ["on", held["system"]]]
    rows += [[name, version or "missing"] for name, version in held["packages"].items()]
    show_table(["what", "version"], rows)
    typer.echo()
    show_table(["extra", "installed"], [_row(*item) for item in held["extras"].items()])
    typer.echo()
    devices = held["devices"]
    cards = [[name, "GPU, by CUDA"] for name in devices["cuda"]]
    cards += [["mps", "GPU of the machine"]] if devices["mps"] else []
    threads = f"{devices['threads']} of {devices['cores']} cores"
    show_table(["device", "what"], [["cpu", f"threads: {threads}"], *cards])
    typer.echo(f"'--device auto' takes {devices['auto']}.\n")
    columns = ["folder", "path", "holds", "free", "writable"]
    show_table(columns, [_folder_row(*item) for item in held["folders"].items()])


def facts(data_root: Path | None = None) -> dict[str, Any]:
    """What the command says, as one JSON value.

    Arguments:
        data_root: Folder of the stored sets; that of `data.load` where not given.
    """
    import platform

    from latentfit.data.load import stored_root
    from latentfit.version import __version__

    own, needed = _required()
    extras = {
        extra: {name: _version(name) for name in packages} for extra, packages in needed.items()
    }
    places = {"working folder": Path(), "data root": stored_root(data_root)}
    return {
        "latentfit": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in own},
        "extras": {
            extra: {"installed": all(packages.values()), "packages": packages}
            for extra, packages in extras.items()
        },
        "devices": _devices(),
        "folders": {what: _folder(path) for what, path in places.items()}
        | {what: _folder(path) | {"bytes": _bytes(path)} for what, path in _caches().items()},
    }


def _required() -> tuple[list[str], dict[str, list[str]]]:
    """Names of the packages that are always needed, and of those that each extra needs."""
    from packaging.requirements import Requirement

    every = [Requirement(line) for line in metadata.requires("latentfit") or []]
    extras = metadata.metadata("latentfit").get_all("Provides-Extra") or []
    return [one.name for one in every if one.marker is None], {
        extra: [one.name for one in every if one.marker and one.marker.evaluate({"extra": extra})]
        for extra in extras
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> dict[str, Any]:
    import torch

    from latentfit.training import pick_device

    cards = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    return {
        "auto": str(pick_device("auto")),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "cuda": [f"{torch.cuda.get_device_name(i)}, CUDA {torch.version.cuda}" for i in cards],
        "mps": torch.backends.mps.is_available(),
    }


def _caches() -> dict[str, Path]:
    """Folders of what can be made or downloaded again."""
    import torch

    from latentfit.scoring.reference import cache

    found = {"features": cache(), "PyTorch's hub": Path(torch.hub.get_dir())}
    try:
        from huggingface_hub.constants import HF_HOME
    except ImportError:  # without the extra `hub` there is none
        pass
    else:
        found["Hugging Face's hub"] = Path(HF_HOME)
    return {what: path for what, path in found.items() if path is not None}


def _bytes(path: Path) -> int:
    """What the files below a folder take, links left out; those of others may be hidden."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):  # gone since, or not ours to see
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _folder(path: Path) -> dict[str, Any]:
    """Whether a folder can be written, and what is free there; a missing one by its parents."""
    import shutil

    path = path.expanduser().absolute()
    there = next(place for place in (path, *path.parents) if place.exists())
    return {
        "path": _short(path),
        "exists": path.exists(),
        "free": shutil.disk_usage(there).free,
        "writable": there.is_dir() and os.access(there, os.W_OK | os.X_OK),
    }


def _short(path: Path) -> str:
    """A path without the name of a person."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return str(path)
    inside = home != Path(home.anchor) and path.is_relative_to(home)
    return str(Path("~") / path.relative_to(home)) if inside else str(path)


def _row(extra: str, held: dict[str, Any]) -> list[str]:
    """An extra, and which of its packages there are."""
    told = [f"{name} {version or 'missing'}" for name, version in held["packages"].items()]
    return [extra, ", ".join(told)]


def _folder_row(what: str, held: dict[str, Any]) -> list[str]:
    size = f"{held['bytes'] / 2**20:,.1f} MB" if "bytes" in held else ""
    size = size if held["exists"] else "not there yet"
    free = f"{held['free'] / 2**30:,.1f} GB"
    return [what, held["path"], size, free, "yes" if held["writable"] else "no"]
