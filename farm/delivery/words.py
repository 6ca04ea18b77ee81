"""The words of a delivery: what was chosen, what was delivered and what was not, and who writes the files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from farm.explaining import answers
from models.errors import BadInput
from models.rates import plain_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction
    from pathlib import Path
    from uuid import UUID

    from db.files.deliveries import DeliveryName
    from models.jobs import JobDetail
    from models.takes import TakeView
    from models.vocabulary import Phase, Verdict

    #: called with the cut, the files written of it, and how many it will be
    Progress = Callable[[str, int, int], None]


class Form(StrEnum):
    """How motion leaves the farm; a still is always one picture, frame 1001."""

    FRAMES = "frames"  #: a numbered sequence of PNG files, decoded from the master
    CLIP = "clip"  #: the lossless master itself


def form_of(word: str) -> Form:
    """The form of that name; raises `BadInput`."""
    if word not in tuple(Form):
        raise BadInput(f"There is no form {word!r}.", hint="Choose frames or clip.")
    return Form(word)


class TakeDamaged(BadInput):
    """The take's master is gone or shows other pixels than were recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The take that is delivered of one cut and phase."""

    cut: str
    name: DeliveryName
    detail: JobDetail
    take: TakeView

    @property
    def known_by(self) -> dict[str, Any]:
        """What tells its version from others; motion at another rate is another clip."""
        rate = {"fps": plain_rate(self.take.fps)} if self.detail.row.job_type.is_motion else {}
        return {"pixel_sha256": self.take.pixel_sha256, **rate}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A cut of which nothing could be delivered, and why; `phase` is None where it has none."""

    cut: str
    phase: Phase | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One version as it lies in its folder."""

    cut: str
    phase: Phase
    version: str  #: `v001` and up
    job_id: UUID
    verdict: Verdict | None
    folder: Path
    files: tuple[str, ...]  #: pictures or the clip, in order; the sidecar lies beside them
    frames: int
    fps: int | Fraction
    pixel_sha256: str
    is_new: bool  #: False: this very take lay there already, and nothing was changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a delivery came to, in story order, of each cut the still first."""

    folder: Path
    delivered: tuple[Delivered, ...]
    undelivered: tuple[Undelivered, ...]


def to_json(delivery: Delivery) -> dict[str, Any]:
    """The delivery as scripts read it."""
    plain = answers.to_json(delivery)
    items = [{**each, "folder": str(each["folder"])} for each in plain["delivered"]]
    return {"folder": str(delivery.folder), "items": items, "next": None, "undelivered": plain["undelivered"]}


class Writer(Protocol):
    """Writes the files of a take into a folder, under these names, and its sidecar.

    Raises `TakeDamaged`.
    """

    def __call__(
        self,
        chosen: Chosen,
        master: Path,
        folder: Path,
        names: Sequence[str],
        progress: Callable[[int], None],
        /,
    ) -> None: ...


#: who can decode masters adds a writer of deliveries (`farm.extras`)
WRITERS: list[Writer] = []
