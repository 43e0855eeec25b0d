"""A stand-in for the Hugging Face hub on 127.0.0.1: repositories of models, as its client asks."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_stub"


@dataclass
class Repository:
    """A repository: files by commit, and commits by name."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], message: str) -> str:
        mark = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits[mark], self.refs["main"] = dict(files), mark
        self.messages.append(message)
        return mark

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.refs["main"]]

    def found(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


class Hub:
    """What lies there, what was asked, and what it is told to answer wrongly."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.repositories: dict[str, Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.sizes: dict[str, int] = {}  # that it claims
        self.failing: int | None = None  # a status for all requests

    def add(self, name: str, files: dict[str, bytes], **facts) -> Repository:
        self.repositories[name] = held = Repository(**facts)
        held.commit(files, "by hand")
        return held


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *words) -> None:
        pass

    def answer(self, status=200, held=None, *, body=None, **headers) -> None:
        body = json.dumps(held if held is not None else {}).encode() if body is None else body
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, what="Repo") -> None:
        self.answer(404, {"error": "no"}, X_Error_Code=f"{what}NotFound")

    @property
    def known(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {TOKEN}"

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def serve(self) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        body = self.body()
        self.hub.asked.append(f"{self.command} {'/'.join(parts)}")
        if self.hub.failing:
            self.answer(self.hub.failing, {"error": "told to"})
        elif parts[:2] == ["api", "models"]:
            self.model("/".join(parts[2:4]), parts[4:], body)
        elif parts == ["api", "repos", "create"]:
            self.create(json.loads(body))
        elif parts == ["api", "validate-yaml"]:
            self.validate(json.loads(body)["content"])
        elif parts[0] == "lfs":
            self.hub.blobs[parts[1]] = body
            self.answer()
        elif parts[1].endswith(".git"):
            self.batch(json.loads(body)["objects"])
        elif len(parts) == 5 and parts[2] == "resolve":
            self.file("/".join(parts[:2]), *parts[3:])
        else:
            self.missing("Entry")

    do_GET = do_HEAD = do_POST = do_PUT = serve

    def create(self, asked) -> None:
        if not self.known:
            return self.answer(401, {"error": "Invalid credentials"})
        name = f"{asked['organization']}/{asked['name']}"
        self.hub.add(
            name,
            {".gitattributes": b"*.safetensors filter=lfs"},
            private=asked.get("visibility") == "private",
        )
        return self.answer(held={"url": f"{self.hub.address}/{name}"})

    def validate(self, content) -> None:
        import yaml

        head = yaml.safe_load(content.split("---\n")[1])
        good = isinstance(head["tags"], list) and head.get("license") in (None, "mit", "cc-by-4.0")
        self.answer(200 if good else 400, {"errors": [] if good else [{"message": "license"}]})

    def model(self, name, rest, body) -> None:
        held = self.hub.repositories.get(name)
        if held is None or (held.private and not self.known):
            return self.missing()
        action, revision = rest if len(rest) == 2 else ("revision", "main")
        mark = held.found(revision)
        if mark is None:
            return self.missing("Revision")
        files = held.commits[mark]
        sizes = {one: self.hub.sizes.get(one, len(content)) for one, content in files.items()}
        if action == "revision":
            siblings = [{"rfilename": one, "size": size} for one, size in sizes.items()]
            return self.answer(held={"id": name, "sha": mark, "private": held.private,
                                     "siblings": siblings})  # fmt: skip
        if action == "tree":
            return self.answer(held=[{"type": "file", "path": one, "size": size, "oid": _oid(one)}
                                     for one, size in sizes.items()])  # fmt: skip
        if not self.known:
            return self.answer(403, {"error": "no"})
        if action == "preupload":
            ends = {True: "lfs", False: "regular"}
            return self.answer(held={"files": [
                {"path": one["path"], "shouldIgnore": False,
                 "uploadMode": ends[one["path"].endswith(".safetensors")]}
                for one in json.loads(body)["files"]]})  # fmt: skip
        return self.commit(held, name, [json.loads(line) for line in body.splitlines()])

    def commit(self, held, name, lines) -> None:
        head = lines[0]["value"]
        if head.get("parentCommit", held.refs["main"]) != held.refs["main"]:
            return self.answer(412, {"error": "changed"})
        files = dict(held.files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
            else:
                raise AssertionError(line["key"])
        mark = held.commit(files, head["summary"])
        return self.answer(held={"commitUrl": f"{self.hub.address}/{name}/commit/{mark}",
                                 "commitOid": mark})  # fmt: skip

    def batch(self, objects) -> None:
        place = f"{self.hub.address}/lfs"
        told = [{**one, "actions": {"upload": {"href": f"{place}/{one['oid']}"}}}
                for one in objects]  # fmt: skip
        self.answer(held={"objects": told, "transfer": "basic"})

    def file(self, name, revision, one) -> None:
        held = self.hub.repositories[name]
        content = held.commits[held.found(revision)].get(one)
        if content is None:
            return self.missing("Entry")
        return self.answer(body=content, X_Repo_Commit=held.found(revision),
                           ETag=f'"{hashlib.sha256(content).hexdigest()}"')  # fmt: skip


def _oid(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


@contextmanager
def serving():
    """A hub, as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.hub = hub = Hub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
