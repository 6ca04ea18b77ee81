"""Answers what holds a character, or the style, to approved pictures from now on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from db import catalogue
from farm.shows import approved_references
from models import disk
from models.actors import Actor
from models.errors import Conflict, NotMeasured
from tasks.measuring import references
from tasks.measuring.answers import Answer, unchanged
from tasks.process import runtime

if TYPE_CHECKING:
    from db.catalogue import ReferenceView
    from db.engine import Session
    from models.access import Caller
    from models.measuring import ReferenceQuestion
    from models.shows import NewReference
    from tasks.measuring.references import Built
    from workers.scoring.networks.network import Network


def answer(question: ReferenceQuestion, asked_by: Caller) -> Answer:
    """References by every network that can be had here; `NotMeasured` where none can."""
    files = [unchanged(picture) for picture in question.pictures]
    label = question.character or "style"
    store = runtime.store()
    with disk.step_errors(f"the artifact store {store.root} cannot be written"):
        names = [references.kept(store, question.project, label, file) for file in files]
    pictures = references.first_frames(files)
    new: list[NewReference] = []
    builder = references.Builder(new.append, runtime.bench().shelf)
    known = runtime.in_transaction(lambda session: _known(session, question))
    by = Actor.read(question.approved_by)
    built: list[dict[str, Any]] = []
    missing: list[dict[str, str]] = []
    for name in question.networks:
        try:
            network = builder.network(name, question.character)
            if (stands := _standing(known, network, names, force=question.force)) is not None:
                built.append(_kept_json(stands))
                continue
            built.append(_built_json(builder.build(question.character, name, pictures, names, by=by)))
        except NotMeasured as error:
            missing.append({"network": name, "missing": str(error)})
    if not built:
        raise NotMeasured(
            f"No reference of {label} was made.", hint=" ".join(each["missing"] for each in missing)
        )
    return Answer(
        _embedding_json(question, built) | {"references": built, "missing": missing},
        partial(_keep_references, project=question.project, new=new, asked_by=asked_by),
    )


def _keep_references(session: Session, *, project: str, new: list[NewReference], asked_by: Caller) -> None:
    for reference in new:
        catalogue.note_change(session, approved_references.store(session, project, reference), asked_by)


def _known(session: Session, question: ReferenceQuestion) -> list[ReferenceView]:
    project_id = catalogue.project(session, question.project).id
    listed = catalogue.list_references(session, project_id)
    return [each for each in listed if each.character == question.character]


def _standing(
    known: list[ReferenceView], network: Network, names: list[str], *, force: bool
) -> ReferenceView | None:
    """What stands already, made by this very network of these very pictures; None: it is to be made.

    Raises:
        Conflict: another one stands, and nobody said that it may go.
    """
    if force:
        return None
    here = [each for each in known if (each.network, each.network_sha256) == (network.name, network.sha256)]
    if not here:
        return None
    stands = here[0]
    if sorted(stands.image_paths) == sorted(names):
        return stands
    count = len(stands.image_paths)
    raise Conflict(
        f"{stands.character or 'The style'} is held by {network.name} to {count} other "
        f"{'picture' if count == 1 else 'pictures'}, which {stands.approved_by} approved.",
        hint="Say that it may be replaced: force.",
    )


def _built_json(built: Built) -> dict[str, Any]:
    return {
        "network": built.network,
        "network_sha256": built.network_sha256,
        "dimensions": built.dimensions,
        "pictures": built.pictures,
        "used": built.used,
        "outliers": dict(built.outliers),
        "baseline": built.baseline,
        "is_new": True,
    }


def _kept_json(stands: ReferenceView) -> dict[str, Any]:
    count = len(stands.image_paths)
    return {
        "network": stands.network,
        "network_sha256": stands.network_sha256,
        "dimensions": stands.dimensions,
        "pictures": count,
        "used": None,
        "outliers": {},
        "baseline": stands.baseline,
        "is_new": False,
    }


def _embedding_json(question: ReferenceQuestion, built: list[dict[str, Any]]) -> dict[str, Any]:
    """What the HTTP contract promises of a character: by the first network that knows them."""
    if question.character is None:
        return {}
    return {
        "embedding_stored": True,
        "embedding_dimensions": built[0]["dimensions"],
        "similarity_baseline": built[0]["baseline"],
    }
