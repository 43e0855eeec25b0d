"""Image files of a folder or an archive: their names, and their bytes when asked for.

Nothing is unpacked to disk: names in an archive are labels, so that none can lead out of it.
"""

from __future__ import annotations

import lzma
import os
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from latentfit.checks import UserError

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif", ".jp2",
    ".pbm", ".pgm", ".ppm", ".pnm",
)  # fmt: skip
UNREAD = (".heic", ".heif", ".jxl", ".svg", ".psd", ".dng", ".cr2", ".nef", ".arw")
"""Images that Pillow does not read."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
SHADOWS = ("__MACOSX", "@eaDir")
"""Folders that systems put beside images, for thumbnails and the like."""
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error,
    EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip
LINKS = 4
"""A path leads over this many links to folders at most."""


def shown(name: str) -> str:
    r"""A name as text that can be printed and saved, whatever bytes the file system holds.

    Example:
        >>> shown("caf\udce9.png")
        'caf\\udce9.png'
    """
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


@dataclass(frozen=True)
class Entry:
    """An image file.

    Attributes:
        name: Its path below the root, parts parted by `/`.
        root: The folder or archive.
        real: The file itself where a link leads to it, else ''.
        member: What an archive calls it.
        place: Of a tar, first byte and number of bytes.
        held: The bytes, where they can be had once only: of a tar that is packed as a whole.
        ask: Gives the bytes, where they lie in no file of their own.
    """

    name: str
    root: str
    real: str = ""
    member: zipfile.ZipInfo | str = ""
    place: tuple[int, int] = (0, 0)
    held: bytes = b""
    ask: Callable[[], bytes] | None = None

    @property
    def label(self) -> str:
        """What errors call it."""
        if not self.member:
            return shown(os.path.join(self.root, self.name))
        member = self.member if isinstance(self.member, str) else self.member.filename
        return shown(f"{self.root}:{member}")

    def read(self) -> bytes:
        """The bytes of the file.

        Raises:
            UserError: It cannot be read.
        """
        try:
            if self.ask is not None:
                return self.ask()
            if isinstance(self.member, zipfile.ZipInfo):
                told = os.stat(self.root)
                return _zip(self.root, os.getpid(), told.st_mtime_ns, told.st_ino).read(self.member)
            if not self.member:
                return Path(self.root, self.name).read_bytes()
            if self.held:
                return self.held
            with open(self.root, "rb") as file:
                file.seek(self.place[0])
                return file.read(self.place[1])
        except BROKEN as error:
            raise UserError(f"{self.label} cannot be read ({reason(error)}).") from error


@lru_cache(16)
def _zip(path: str, process: int, *version: int) -> zipfile.ZipFile:
    """An open archive of this process, as what processes share is read at one place for all."""
    return zipfile.ZipFile(path)


@dataclass
class Listing:
    """What lies in a folder or an archive.

    Attributes:
        entries: Images, sorted by their path.
        unread: How many there are of kinds of images that cannot be read, by suffix.
        dead: Links that lead nowhere.
    """

    entries: list[Entry] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    dead: int = 0

    def notes(self) -> list[str]:
        """What is left out."""
        kinds = ", ".join(f"{count} of {suffix}" for suffix, count in sorted(self.unread.items()))
        found = [f"images that cannot be read are left out: {kinds}; save them as .png or .jpg."]
        found = found if kinds else []
        return found + ([f"{self.dead} links that lead nowhere are left out."] if self.dead else [])

    def takes(self, name: str) -> bool:
        """Whether a file is an image that can be read; others of images are counted."""
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in UNREAD:
            self.unread[suffix] += 1
        return is_image(name)


def is_image(name: str) -> bool:
    """Whether a file of this name is an image that can be read."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def hidden(part: str) -> bool:
    """Whether a file or folder of this name holds no samples."""
    return part.startswith(".") or part in SHADOWS


def below(folder: Path) -> Listing:
    """The images below a folder, links followed, hidden files and folders left out.

    A link to a folder that the link lies in is not followed.

    Raises:
        UserError: A folder cannot be read.
    """
    listing, root = Listing(), str(folder)
    waiting = [("", os.path.realpath(root), 0)]
    while waiting:
        inside, real, links = waiting.pop()
        try:
            held = list(os.scandir(os.path.join(root, inside)))
        except OSError as error:
            where = shown(os.path.join(root, inside))
            raise UserError(f"{where} cannot be read ({reason(error)}); allow it.") from error
        for item in held:
            if hidden(item.name):
                continue
            linked, name = item.is_symlink(), f"{inside}{item.name}"
            if item.is_dir():
                target = os.path.realpath(item.path) if linked else f"{real}/{item.name}"
                ring = linked and (
                    f"{real}/".startswith(f"{target.rstrip('/')}/") or links >= LINKS
                )
                waiting += [] if ring else [(f"{name}/", target, links + linked)]
            elif not item.is_file():
                listing.dead += linked and listing.takes(name)
            elif listing.takes(name):
                target = os.path.realpath(item.path) if linked else f"{real}/{item.name}"
                listing.entries.append(Entry(name, root, real=target if linked or links else ""))
    listing.entries.sort(key=lambda entry: entry.name)
    return listing


def inside(path: Path) -> Listing:
    """The images of a zip or tar archive, hidden ones and links left out.

    Names are those below the folder that all lie in, if there is one.

    Raises:
        UserError: It cannot be read.
    """
    listing, held = Listing(), {}
    try:
        for name, entry in _members(path):
            parts = [part for part in name.split("/") if part not in ("", ".", "..")]
            if not any(map(hidden, parts)) and listing.takes(name):
                held["/".join(parts)] = entry
    except BROKEN as error:
        raise UserError(
            f"{shown(str(path))} is not a readable archive ({reason(error)}); make it again."
        ) from error
    top = shared([name.split("/") for name in held])
    listing.entries = [
        Entry(name.split("/", top)[-1], str(path), **held[name]) for name in sorted(held)
    ]
    return listing


def shared(paths: Sequence[Sequence[str]]) -> int:
    """How many folders, one in the other, all lie in.

    Example:
        >>> shared([["photos", "a", "1.png"], ["photos", "b", "1.png"]])
        1
    """
    count = 0
    while paths and all(len(path) > count + 1 for path in paths):
        if len({path[count] for path in paths}) > 1:
            break
        count += 1
    return count


def _members(path: Path) -> Iterator[tuple[str, dict]]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    yield member.filename.replace("\\", "/"), {"member": member}
        return
    with tarfile.open(path) as archive:
        packed = _packed(path)
        for member in archive:
            file = archive.extractfile(member) if packed and member.isfile() else None
            if member.isfile():
                place = (member.offset_data, member.size)
                held = file.read() if file is not None and is_image(member.name) else b""
                yield member.name, {"member": member.name, "place": place, "held": held}


def _packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(262)[257:] != b"ustar"


def reason(error: BaseException) -> str:
    """What went wrong, in a line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shown(text.partition("\n")[0].rstrip(":.")) or type(error).__name__
