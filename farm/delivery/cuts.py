"""Delivers finished cuts: of each the best take that passed, under the names editorial expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import catalogue
from db.files import deliveries
from db.files.deliveries import DeliveryName, VersionTaken
from farm import extras
from farm.delivery.words import WRITERS, Chosen, Delivered, Delivery, Form, TakeDamaged, Undelivered
from farm.ops.store import id_of, refuse_anothers
from farm.paths import typed
from models.errors import BadInput, NotHere
from models.vocabulary import Phase, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database, Session
    from db.files.artifacts import ArtifactStore
    from farm.delivery.words import Progress, Writer
    from models.units import UnitStanding

#: why a cut has nothing, where nothing was refused either
_NOT_ORDERED, _NO_TAKE = _NEVER_MADE = ("nothing was ordered in this phase", "no take of it has passed")
#: how often the next version is tried when others deliver the same cut at this moment
_TRIES = 5


def deliver(
    database: Database,
    store: ArtifactStore,
    project: str,
    *,
    phase: Phase | None = None,
    cuts: Iterable[str] = (),
    to: Path | str | None = None,
    form: Form = Form.FRAMES,
    progress: Progress | None = None,
) -> Delivery:
    """Put the best passing take of each cut into `to`, by default `deliveries` beside the takes.

    Without `phase` every phase is delivered in which a cut was ordered, without `cuts` every cut. Another
    take than last time gets the next version; the same take again changes nothing. `cuts.output_path`
    tells where each cut went, of several phases the furthest.

    Raises:
        UnknownName: there is no such project or cut.
        BadInput: nothing was ever ordered; or the disk is full or the folder cannot be written. Nothing is left
            half written.
        NotHere: nothing here can decode masters.
        StepFailed: the store is another farm's.
    """
    refuse_anothers(store.root, id_of(database))
    with database.transaction() as session:
        # A single cut may be given as text, which would otherwise be read letter by letter.
        named = [cuts] if isinstance(cuts, str) else cuts
        chosen, undelivered = choose(session, project, phase=phase, cuts=named)
    if not chosen and all(each.reason in _NEVER_MADE for each in undelivered):
        raise _nothing(project, phase, undelivered)
    folder = (store.root / "deliveries" if to is None else typed(str(to))).absolute()
    delivered = []
    for each in chosen:
        try:
            cut = _deliver(each, store, folder, form, progress or _unwatched)
        except TakeDamaged as error:
            undelivered.append(Undelivered(cut=each.cut, phase=each.name.phase, reason=error.message))
            continue
        delivered.append(cut)
        # Each on its own: the next one may find the disk full.
        with database.transaction() as session:
            catalogue.note_delivered(session, cut.job_id, cut.folder)
    return Delivery(folder=folder, delivered=tuple(delivered), undelivered=tuple(undelivered))


def choose(
    session: Session, project: str, *, phase: Phase | None = None, cuts: Iterable[str] = ()
) -> tuple[list[Chosen], list[Undelivered]]:
    """The take of each cut and phase that would be delivered, and those that have none.

    A phase in which a cut was ordered asks for a take of it, named or not. Character sheets belong to no cut,
    and a reproduction proves a take and never replaces it. A cut the show does without is delivered only by
    name. Raises `UnknownName`.
    """
    show = catalogue.project(session, project)
    named = [catalogue.path_of(catalogue.cut(session, show, text)) for text in cuts]
    paths = named or [view.path for view in catalogue.cuts(session, show.id) if not view.omitted]
    best: dict[tuple[str, Phase], UUID] = {}
    left_out: list[Undelivered] = []
    for each in [phase] if phase else Phase:
        units = {unit.cut: unit for unit in catalogue.standings(session, show.id, each) if unit.cut}
        for path in paths:
            unit = units.get(path)
            if unit is not None and unit.best is not None and unit.passed:
                best[path, each] = unit.best.job_id
            elif phase or unit is not None:
                left_out.append(Undelivered(cut=path, phase=each, reason=_why_not(unit)))
    named_once = {path for path, _ in best} | {each.cut for each in left_out}
    nowhere = [path for path in dict.fromkeys(paths) if path not in named_once]
    left_out += [Undelivered(cut=path, phase=None, reason=_NO_TAKE) for path in nowhere]
    in_order = sorted(best.items(), key=lambda item: item[0][0])
    chosen = [_chosen(session, show.slug, path, job_id) for (path, _), job_id in in_order]
    return chosen, left_out


def _why_not(unit: UnitStanding | None) -> str:
    if unit is None:
        return _NOT_ORDERED
    if unit.in_work:
        return "still in work"
    best = unit.best
    if best is None:
        return "no take of it was made"
    if best.verdict is Verdict.REVIEW:
        return f"its best take waits for a person: farm review {best.job_id}"
    refused_for = f" for {', '.join(best.blocking)}" if best.blocking else ""
    return f"its best take was refused{refused_for}"


def _chosen(session: Session, show: str, path: str, job_id: UUID) -> Chosen:
    detail = catalogue.job_detail(session, job_id)
    if detail.take is None:
        raise BadInput(f"The job {job_id} passed and has no take.", hint="`farm job` tells what became of it.")
    episode, scene, cut = catalogue.parse_cut(path)
    name = DeliveryName(show=show, episode=episode, scene=scene, cut=cut, phase=detail.row.phase)
    return Chosen(cut=path, name=name, detail=detail, take=detail.take)


def _deliver(chosen: Chosen, store: ArtifactStore, root: Path, form: Form, progress: Progress) -> Delivered:
    place = root / chosen.name.place
    for _ in range(_TRIES):
        version = deliveries.version_of(place, chosen.known_by, lambda number: _names(chosen, number, form))
        names = _names(chosen, version, form)
        folder = place / deliveries.version_name(version)
        if folder.is_dir():
            return _delivered(chosen, version, folder, names, is_new=False)
        master = store.path(chosen.take.master_path)
        try:
            with deliveries.writing(place, version) as partial:
                _writer()(chosen, master, partial, names, _CutProgress(progress, chosen, len(names)))
        except VersionTaken:
            continue
        return _delivered(chosen, version, folder, names, is_new=True)
    raise VersionTaken(f"Others keep delivering to {place}.", hint="Deliver again when they are done.")


@dataclass(frozen=True, slots=True)
class _CutProgress:
    """What a writer tells of one cut, passed on with the cut's name and the number of its files."""

    progress: Progress
    chosen: Chosen
    total: int

    def __call__(self, done: int) -> None:
        self.progress(f"{self.chosen.cut} {self.chosen.name.phase.value}", done, self.total)


def _names(chosen: Chosen, version: int, form: Form) -> tuple[str, ...]:
    if not chosen.detail.row.job_type.is_motion:
        return chosen.name.pictures(version, 1)
    if form is Form.CLIP:
        suffix = chosen.take.master_path.rpartition(".")[2]
        return (chosen.name.file(version, f".{suffix}"),)
    return chosen.name.pictures(version, chosen.take.frames)


def _delivered(
    chosen: Chosen, version: int, folder: Path, names: tuple[str, ...], *, is_new: bool
) -> Delivered:
    return Delivered(
        cut=chosen.cut,
        phase=chosen.name.phase,
        version=deliveries.version_name(version),
        job_id=chosen.detail.row.id,
        verdict=chosen.detail.row.verdict,
        folder=folder,
        files=names,
        frames=chosen.take.frames,
        fps=chosen.take.fps,
        pixel_sha256=chosen.take.pixel_sha256,
        is_new=is_new,
    )


def _nothing(project: str, phase: Phase | None, undelivered: Sequence[Undelivered]) -> BadInput:
    what = f"{phase.value} of {project}" if phase else f"take of {project}"
    if len(undelivered) == 1:
        return BadInput(
            f"Nothing of {undelivered[0].cut} can be delivered: {undelivered[0].reason}.",
            hint="`farm gate` tells how the phase stands.",
        )
    return BadInput(
        f"No {what} has passed yet, so there is nothing to deliver.",
        hint=f"`farm gate {project} --phase {(phase or Phase.STILL).value}` tells how it stands.",
    )


def _writer() -> Writer:
    """Whoever can decode masters on this machine; looked for when it is needed, because it is heavy."""
    extras.joiners()
    if not WRITERS:
        raise NotHere(
            "Nothing here can decode masters.", hint="Install the worker extra: anime-render-farm[worker]."
        )
    return WRITERS[0]


def _unwatched(cut: str, done: int, total: int) -> None:
    """The progress of a delivery that nobody watches."""
