"""What a render starts from where the order names nothing: the cut's best still, or a character's reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from db.catalogue import passing_stills
from db.files.artifacts import ArtifactStore
from farm.judging.best_take import best_take
from farm.orders import pictures
from models.actors import DEMO
from models.errors import OrderRefused
from models.recipe import InputPicture
from models.vocabulary import JobType

if TYPE_CHECKING:
    from uuid import UUID

    from db.catalogue import ReferenceView
    from db.engine import Session
    from farm.orders.plan import Ordered
    from farm.settings import Settings


class StartPictures:
    """Finds start pictures for the orders of one transaction; what it looked up it keeps."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._store = ArtifactStore(settings.artifacts_dir)
        self._stills: dict[UUID, InputPicture | None] = {}
        self._references: dict[UUID, tuple[ReferenceView, ...]] = {}

    def of(self, ordered: Ordered, workflow: str) -> InputPicture:
        """The order's own picture, else the one its kind starts from; `workflow` names what asks for one.

        Raises:
            OrderRefused: there is none, or it cannot be used.
        """
        order = ordered.order
        if order.start_image is not None:
            return pictures.named(order.start_image, self._settings, "start picture")
        if order.job_type is JobType.CHARACTER_SHEET:
            return self._reference(ordered)
        if not order.job_type.is_motion:
            raise OrderRefused(
                f"The workflow '{workflow}' starts from a picture, and the order names none.",
                hint="Name start_image.",
            )
        return self._still(ordered)

    def _still(self, ordered: Ordered) -> InputPicture:
        cut = ordered.cut
        if cut is None:
            raise OrderRefused(
                f"The {ordered.order.job_type.phase.value} names no cut whose still it could start from.",
                hint="Name its cut, or start_image.",
            )
        if cut.id not in self._stills:
            self._stills[cut.id] = self._best_still(cut.id)
        still = self._stills[cut.id]
        if still is None:
            raise OrderRefused(
                f"{ordered.cut_path} has no passing still to start from.",
                hint="Render one first, or name start_image.",
            )
        return still

    def _best_still(self, cut_id: UUID) -> InputPicture | None:
        """The best of the cut's passing stills whose file is there."""
        stills = passing_stills(self._session, cut_id)
        best = best_take(still for still in stills if self._store.path(still.master_path).is_file())
        if best is None:
            return None
        return InputPicture(path=str(self._store.path(best.master_path)), sha256=best.file_sha256)

    def _reference(self, ordered: Ordered) -> InputPicture:
        """The character's approved picture; a person's choice before a drawn one, then the newest."""
        if len(ordered.castings) > 1:
            raise OrderRefused(
                f"A character sheet starts from one picture of one character, not {len(ordered.castings)}.",
                hint="Order one sheet for each.",
            )
        project, who = ordered.project.id, ordered.castings[0].character.slug
        if project not in self._references:
            self._references[project] = catalogue.list_references(self._session, project)
        approved = [ref for ref in self._references[project] if ref.character == who and ref.image_paths]
        approved.sort(key=lambda ref: (ref.approved_by != DEMO, ref.created_at), reverse=True)
        if not approved:
            raise OrderRefused(
                f"{who} has no approved reference picture to start from.",
                hint=f"Approve one: `farm reference {ordered.project.slug} {who} IMAGE`; or name start_image.",
            )
        return pictures.named(approved[0].image_paths[0], self._settings, f"reference picture of {who}")
