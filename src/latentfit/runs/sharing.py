"""Models on the Hugging Face hub: what is pushed of a run, and how a copy is had (extra `hub`)."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

from latentfit.checks import UserError, line_of
from latentfit.metrics.features import digest
from latentfit.metrics.features import weights as weights_of
from latentfit.storage import RunFolder, locked
from latentfit.storage.folder import SHARED
from latentfit.version import __version__

LOG = logging.getLogger("latentfit")
CARD = "README.md"
FILES = (*SHARED, CARD)
"""What is pushed, and what is read of what others pushed."""
WEIGHTS, TEXT = 8 << 30, 64 << 20  # bytes that a file may have which somebody else wrote


def on_hub(place: str | Path) -> bool:
    """Whether a run is one of the hub, `hf:user/name`."""
    return str(place).startswith("hf:")


def push(
    run: str | Path,
    name: str,
    *,
    private: bool = False,
    token: str | None = None,
    licence: str | None = None,
    message: str | None = None,
) -> str:
    """Share a finished run on the Hugging Face hub (extra `hub`).

    Weights, `model.json`, `evaluation.json` where it is of these weights, and a card go there, in
    one commit; checkpoints, data, curves and paths of this machine never do. `lf.load("hf:...")`
    reads it again.

    Arguments:
        run: A run folder.
        name: `user/name` on the hub; what is there already must be a model of latentfit.
        private: Make a new repository private.
        token: Of the hub; that of `hf auth login` or HF_TOKEN where not given.
        licence: Identifier of the model's licence, such as `mit`; None states none.
        message: Of the commit.

    Returns:
        The address of its page.

    Raises:
        UserError: The run is not finished or cannot be loaded, `name` holds something else, a file
            would tell of this machine, or the hub refuses.
    """
    hub, folder = _hub(), RunFolder(Path(run))
    if name.count("/") != 1:
        raise UserError(f"'{name}' is no name on the hub; give user/name.")
    if not folder.finished:
        began = folder.exists
        raise UserError(
            f"the run in {run} is not finished; give its command again to go on."
            if began
            else f"no finished run in {run}; give the --out of a training."
        )
    with locked(folder.path):
        files = _files(folder, name, licence)
        if not (token or hub.get_token()):
            raise UserError(
                f"pushing to {name} needs a token of the hub; run `hf auth login`, or set HF_TOKEN."
            )
        api = hub.HfApi(token=token, library_name="latentfit", library_version=__version__)
        try:
            there = _there(api, hub, name, private=private)
            if there is None:
                api.create_repo(name, private=private)
            old, parent = there or ([], None)
            adds = [hub.CommitOperationAdd(one, content) for one, content in files.items()]
            gone = [hub.CommitOperationDelete(one) for one in old if one not in files]
            said = message or f"{folder.card.recipe or 'Model'}, {folder.card.round:,} rounds"
            api.create_commit(name, adds + gone, commit_message=said, parent_commit=parent)
        except UserError:
            raise
        except Exception as error:  # the library's, and those of what carries it
            raise _told(name, error) from error
    return f"{api.endpoint}/{name}"


def fetched(place: str | Path) -> Path:
    """The folder of a copy of a model on the hub, `hf:user/name` or `hf:user/name@revision`.

    Only `FILES` are had, and nothing of them is executed. Without a network the copy of an earlier
    call is taken, and a line says so.

    Raises:
        UserError: There is no such model, it cannot be reached or is none of latentfit's, or a file
            is larger than one may be.
    """
    hub = _hub()
    name, at, revision = str(place).removeprefix("hf:").partition("@")
    if not name or (at and not revision):
        raise UserError(f"'{place}' names no model; give hf:user/name or hf:user/name@revision.")
    api = hub.HfApi(library_name="latentfit", library_version=__version__)
    alone = False
    try:
        held = api.model_info(name, revision=revision or None, files_metadata=True)
        _must_be_readable(name, {one.rfilename: one.size or 0 for one in held.siblings or ()})
    except UserError:
        raise
    except Exception as error:  # as above
        if not _unreachable(hub, error):
            raise _told(name, error) from error
        alone = True
    try:
        found = hub.snapshot_download(
            name, revision=revision or None, allow_patterns=list(FILES), local_files_only=alone,
            library_name="latentfit", library_version=__version__,
        )  # fmt: skip
    except Exception as error:  # as above
        raise _told(name, error) from error
    if alone:
        LOG.warning("the hub is not reached: the copy of %s that is kept here is taken.", name)
    return Path(found)


def _files(folder: RunFolder, name: str, licence: str | None) -> dict[str, Any]:
    """What is pushed, by its name there."""
    from latentfit.report import model_card  # draws figures, which nothing else here needs
    from latentfit.report.places import bare_values

    held, scores = folder.card, folder.scores
    if held.recipe is not None and not held.own:  # else no one can build it from these files
        from latentfit.runs.run import load

        mark = digest(weights_of(load(folder.path, device="cpu")))
        if scores and scores.get("details", {}).get("model_hash") != mark:
            LOG.warning("evaluation.json is of other weights and is not pushed; score it again.")
            scores = {}
    if held.prior and held.prior[0] == "kde":
        LOG.warning("the prior 'kde' keeps codes of training samples, which are pushed with it.")
    if folder.decoder.exists():
        LOG.warning("the decoder is another program's and is not pushed: samples are codes.")
    weights, model, evaluation = SHARED
    texts = {model: json.dumps(bare_values(held.to_json()), indent=2, ensure_ascii=False)}
    if scores:
        texts[evaluation] = json.dumps(bare_values(scores), indent=2, ensure_ascii=False)
    texts[CARD] = model_card(folder, name=name, licence=licence, scores=scores)
    _must_tell_nothing(texts, folder)
    contents = {one: f"{text.rstrip()}\n".encode() for one, text in texts.items()}
    return {weights: folder.path / weights} | contents


def _must_tell_nothing(texts: dict[str, str], folder: RunFolder) -> None:
    """Raise where a text holds a place of this machine, such as a class that is called by one."""
    source = (folder.facts.source or {}) if folder.exists else {}
    own = [
        folder.path.resolve(),
        *(Path(source[key]) for key in ("data", "root") if source.get(key)),
    ]
    places = [Path.home(), *(one for one in own if one.is_absolute() and len(one.parts) > 2)]
    for name, text in texts.items():
        for place in {str(one) for one in places if one.name}:
            whole = "|".join(re.escape(one) for one in (place, json.dumps(place)[1:-1]))
            if re.search(rf"(?<![\w./-])({whole})(?![\w-])", text):
                raise UserError(
                    f"{name} would tell a path of this machine ({place}); train without the column "
                    "or class that holds it (--drop)."
                )


def _there(api: Any, hub: Any, name: str, *, private: bool) -> tuple[list[str], str | None] | None:
    """Our files that a repository holds, and its last commit; None where there is none yet."""
    try:
        held = api.model_info(name)
    except hub.errors.RepositoryNotFoundError:
        return None
    if private and not held.private:
        raise UserError(f"{name} is public already; make it private there, or choose another name.")
    names = [one.rfilename for one in held.siblings or ()]
    others = [one for one in names if one not in (".gitattributes", CARD)]
    if others and SHARED[1] not in names:
        raise UserError(f"{name} holds something else ({others[0]}); choose another name.")
    return [one for one in names if one in FILES], held.sha


def _must_be_readable(name: str, sizes: dict[str, int]) -> None:
    for one in SHARED[:2]:
        if one not in sizes:
            told = ", ".join(sorted(sizes)[:3]) or "nothing"
            raise UserError(f"{name} is no model of latentfit: it has no {one}, but {told}.")
    for one in FILES:
        most = WEIGHTS if one == SHARED[0] else TEXT
        if sizes.get(one, 0) > most:
            raise UserError(
                f"{one} of {name} has {sizes[one]:,} bytes, {most:,} at most are read; if you "
                f"trust it, download it yourself (hf download {name}) and load the folder."
            )


def _unreachable(hub: Any, error: Exception) -> bool:
    """Whether the hub was not reached, rather than that it refused."""
    if isinstance(error, hub.errors.HFValidationError):
        return False
    return _status(error) is None or _status(error) >= 500


def _status(error: Any) -> Any:
    """What a server answered; None where none did."""
    return getattr(getattr(error, "response", None), "status_code", None)


def _told(name: str, error: Exception) -> UserError:
    """What the library says, as a line."""
    errors, said, status = _hub().errors, line_of(error), _status(error)
    kinds = {  # the narrower first
        errors.GatedRepoError: f"{name} is open to some only; ask for access on its page, and log "
        "in.",
        errors.RepositoryNotFoundError: f"the hub has no model '{name}', or shows it to others "
        "only; check the name, and log in (hf auth login).",
        errors.RevisionNotFoundError: f"{name} has no such revision; give a branch, a tag or a "
        "commit of it.",
        errors.LocalEntryNotFoundError: f"{name} cannot be had: the hub is not reached, and no "
        "copy is kept here; check the network and HF_HUB_OFFLINE.",
        errors.HFValidationError: f"'{name}' is no name on the hub ({said}); give user/name.",
    }
    refused = f"the hub refuses {name} ({status}); use a token that may write there."
    changed = f"{name} has changed meanwhile; push again."
    refusals = {401: refused, 403: refused, 412: changed}
    found = next((text for kind, text in kinds.items() if isinstance(error, kind)), None)
    other = (
        f"the hub fails at {name} ({type(error).__name__}: {said}); check the network, try again."
    )
    return UserError(found or refusals.get(status, other))


def _hub() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError as error:
        raise UserError("the hub needs huggingface_hub; pip install 'latentfit[hub]'.") from error
    return huggingface_hub
