"""What `make docs` adds to mkdocs: pages lie where the repository has them, so links work in both.

The README, what pages link to beyond `docs/`, notebooks that are played while the site is built,
and the reference of every room become pages of their own.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(\]\()([^)#\s]+)")
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
SECONDS = 600  # that a cell of a notebook may take on a busy machine


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the empty sections, and name the pages that have no line."""
    nav: list[dict[str, Any]] = config.nav  # type: ignore[assignment]
    filled = {"Notebooks": [_uri(path) for path in NOTEBOOKS], "Reference": list(_reference())}
    for section in nav:
        for name, pages in section.items():
            pages.extend(filled.get(name, []))
    named = str(nav)
    more = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
    if more := [uri for uri in more if f"'{uri}'" not in named]:
        nav.append({"More": more})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All pages at their places in the repository, with what they link to."""
    found = {file.src_uri: file for file in files if file.src_dir != config.docs_dir}  # the theme's
    for uri, text in _reference().items():
        found[uri] = File.generated(config, uri, content=text)
    for path in NOTEBOOKS:
        found |= _played(path, config)
    waiting = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    waiting += [ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    while waiting:
        path = waiting.pop()
        if _uri(path) in found or not path.exists():  # mkdocs tells the links that lead nowhere
            continue
        found[_uri(path)] = _file(path, config)
        waiting += path.iterdir() if path.is_dir() else []
        if path.suffix == ".md":
            links = LINK.findall(path.read_text("utf-8"))
            waiting += [(path.parent / link).resolve() for _, link in links if ":" not in link]
    return Files(found.values())


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Links to source files and folders lead to their pages."""
    folder = ROOT / posixpath.dirname(page.file.src_uri)

    def paged(match: re.Match[str]) -> str:
        target = (folder / match[2]).resolve()
        if ":" in match[2] or not target.exists() or _uri(target).endswith(target.name):
            return match[0]
        return match[1] + match[2].rstrip("/") + _uri(target).removeprefix(_plain(target))

    return LINK.sub(paged, markdown)


def _plain(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _uri(path: Path) -> str:
    """Where a file or folder of the repository lies in the site."""
    added = "/index.md" if path.is_dir() else ".md" if path.suffix == ".py" else ""
    return _plain(path) + added


def _file(path: Path, config: MkDocsConfig) -> File:
    title = f"# `{_plain(path)}`\n\n"
    if path.is_dir():
        rows = [f"- [{part.name}]({part.name})" for part in sorted(path.iterdir())]
        return File.generated(config, _uri(path), content=title + "\n".join(rows))
    if path.suffix == ".py":
        text = f"{title}````` python\n{path.read_text('utf-8')}\n`````\n"
        return File.generated(config, _uri(path), content=text)
    return File.generated(config, _uri(path), abs_src_path=str(path))


def _played(path: Path, config: MkDocsConfig) -> dict[str, File]:
    """A notebook's page, its pictures, and itself with them; an error in a cell ends the build."""
    book = jupytext.read(path)
    with TemporaryDirectory() as folder:
        NotebookClient(book, timeout=SECONDS, kernel_name="python3").execute(cwd=folder)
    exporter = MarkdownExporter()
    text, made = exporter.from_notebook_node(book, {"output_files_dir": f"{path.stem}_files"})
    text += f"\n[This page as a notebook]({path.stem}.ipynb)\n"
    held = {_uri(path): text, f"docs/notebooks/{path.stem}.ipynb": nbformat.writes(book)}
    held |= {f"docs/notebooks/{name}": content for name, content in made["outputs"].items()}
    return {uri: File.generated(config, uri, content=content) for uri, content in held.items()}


def _reference() -> dict[str, str]:
    """A page for each room that others may use, and one of what `latentfit` itself has."""
    source = ROOT / "src" / "latentfit"
    rooms = [path.stem for path in sorted(source.iterdir()) if (path / "__init__.py").exists()]
    rooms += [path.stem for path in sorted(source.glob("[a-z]*.py"))]
    pages = {"reference/latentfit.md": "::: latentfit\n"}
    for room in sorted(set(rooms) - {"cli"}):
        pages[f"reference/{room}.md"] = f"::: latentfit.{room}\n"
    return pages
