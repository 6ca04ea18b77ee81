"""The admission desk: reads each name once per submit and turns orders into jobs, or refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue
from db.catalogue import NewJob
from db.engine import show_life
from farm.judging import profiles
from farm.judging.gate import project_report
from farm.orders import drawn, imported
from farm.orders.casting import castings
from farm.orders.plan import Ordered
from models.actors import Actor
from models.errors import OrderRefused, PhaseLocked
from models.metrics import STRUCTURE
from models.pools import COMFYUI, IMPORTED
from models.vocabulary import JobType
from workers.renderers import registry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from db.engine import Session
    from farm.orders.comfyui.planning import Planner
    from farm.orders.form import Order
    from farm.orders.plan import Plan
    from farm.orders.recipes import Casting
    from farm.settings import Settings
    from models.rows.characters import Character
    from models.rows.shows import Cut, Project
    from models.vocabulary import Phase


#: so many orders are admitted without a word to the database
_SILENT_ORDERS = 500


class Desk:
    """Admits the orders of one transaction; what it looked up once it does not look up again."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._projects: dict[str, Project] = {}
        self._casts: dict[UUID, dict[str, Character]] = {}
        self._cuts: dict[tuple[UUID, str], Cut] = {}
        self._castings: dict[UUID, tuple[Casting, ...]] = {}
        self._open: set[tuple[UUID, Phase]] = set()
        self._planner: Planner | None = None
        self._admitted = 0

    def project(self, name: str) -> Project:
        """The project of that slug or id; raises `UnknownName`."""
        if name not in self._projects:
            self._projects[name] = catalogue.project(self._session, name)
        return self._projects[name]

    def admit(
        self,
        order: Order,
        *,
        follows: UUID | None = None,
        root_job_id: UUID | None = None,
        take_number: int = 1,
        retake_reason: dict[str, Any] | None = None,
    ) -> NewJob:
        """The job this order asks for; a retake names the job it follows. Raises as `submission.admit`."""
        self._admitted += 1
        if self._admitted % _SILENT_ORDERS == 0:
            show_life(self._session)
        project = self.project(order.project)
        if root_job_id is None:
            self._refuse_closed(project, order.job_type.phase)
        ordered = self._ordered(order, project)
        profile = profiles.chosen(project.defaults, self._settings.default_profile, order.profile)
        plan = self._plan(ordered)
        self._refuse_marks_nobody_reads(order, project, profile)
        budgets = (order.max_retakes, project.defaults.max_retakes, self._settings.max_retakes)
        return NewJob(
            project_id=project.id,
            recipe=plan.recipe,
            pool=plan.pool,
            needs=plan.needs,
            not_drawn=plan.not_drawn,
            is_scratch=plan.is_scratch,
            reuse=order.reuse,
            profile=profile,
            requested_by=Actor.read(order.requested_by),
            priority=order.priority,
            max_retries=order.max_retries,
            max_retakes=next(budget for budget in budgets if budget is not None),
            order_data=order.model_dump(mode="json", exclude_defaults=True),
            quality_thresholds={metric.value: limit for metric, limit in order.quality_thresholds.items()},
            scene_id=ordered.cut.scene_id if ordered.cut else None,
            cut_id=ordered.cut.id if ordered.cut else None,
            # The key belongs to the order it came with; a retake of it is another job.
            idempotency_key=None if root_job_id else order.idempotency_key,
            root_job_id=root_job_id,
            parent_job_id=follows,
            take_number=take_number,
            retake_reason=retake_reason,
        )

    def _ordered(self, order: Order, project: Project) -> Ordered:
        """The order with everything it names found; raises `UnknownName` or `OrderRefused`."""
        renderer = order.renderer or project.defaults.renderer or self._settings.default_renderer
        # Asked first: an unknown renderer is refused before anything else is looked up.
        registry.capabilities(renderer)
        cut = self._cut(project, order.cut) if order.cut else None
        who = self._who(order, project, cut)
        return Ordered(order=order, project=project, cut=cut, renderer=renderer, castings=who)

    def _who(self, order: Order, project: Project, cut: Cut | None) -> tuple[Casting, ...]:
        """Everyone the take shows: read once a cut, where the order says nothing of people itself."""
        says_who = order.characters or order.variations or order.attributes
        if cut is None or says_who or order.job_type is JobType.CHARACTER_SHEET:
            return castings(order, self._cast(project), cut)
        if cut.id not in self._castings:
            self._castings[cut.id] = castings(order, self._cast(project), cut)
        return self._castings[cut.id]

    def _plan(self, ordered: Ordered) -> Plan:
        if ordered.renderer == IMPORTED:
            return imported.plan(ordered, self._settings)
        if ordered.renderer != COMFYUI:
            return drawn.plan(ordered, self._settings)
        if self._planner is None:
            # Imported here: a farm that only draws never reads workflows.
            from farm.orders.comfyui.planning import Planner

            self._planner = Planner(self._session, self._settings)
        return self._planner.plan(ordered)

    def look_up_cuts(self, orders: Iterable[Order]) -> None:
        """Find the cuts that many orders name at once; who is refused, and why, is said when it is admitted."""
        paths: dict[str, set[str]] = {}
        for order in orders:
            if order.cut is not None:
                paths.setdefault(order.project, set()).add(order.cut)
        for name, named in paths.items():
            if len(named) > 1:
                project = self.project(name)
                by_path = catalogue.cuts_at(self._session, project, named)
                self._cuts |= {(project.id, path): cut for path, cut in by_path.items()}

    def _cast(self, project: Project) -> dict[str, Character]:
        if project.id not in self._casts:
            self._casts[project.id] = catalogue.characters(self._session, project.id)
        return self._casts[project.id]

    def _cut(self, project: Project, path: str) -> Cut:
        if (project.id, path) not in self._cuts:
            self._cuts[project.id, path] = catalogue.cut(self._session, project, path)
        return self._cuts[project.id, path]

    def _refuse_closed(self, project: Project, phase: Phase) -> None:
        if (project.id, phase) in self._open:
            return
        if not catalogue.is_open(self._session, project.id, phase):
            raise _locked(self._session, project, phase)
        self._open.add((project.id, phase))

    def _refuse_marks_nobody_reads(self, order: Order, project: Project, profile: str) -> None:
        """A limit for a metric that is not judged would be a promise nobody keeps."""
        phase = order.job_type.phase
        judged = {
            mark.metric for mark in profiles.named(project.defaults.profiles, profile).marks.get(phase, ())
        }
        for metric, limit in order.quality_thresholds.items():
            if metric in STRUCTURE:
                raise OrderRefused(
                    f"The limit of {metric.value} cannot be changed: it says whether the take is whole.",
                    hint=f"Leave it out of quality_thresholds; a limit may be set for: {_listed(judged)}.",
                )
            if metric not in judged:
                raise OrderRefused(
                    f"The profile '{profile}' does not judge {metric.value} in the {phase.value} phase.",
                    hint=f"It judges: {_listed(judged)}.",
                )
            if refusal := profiles.range_refusal(metric, limit):
                raise OrderRefused(refusal[0], hint=refusal[1])


def _locked(session: Session, project: Project, phase: Phase) -> PhaseLocked:
    """The refusal for a closed phase, with how far its gate is."""
    before = phase.before
    door = catalogue.doors(session, project.id).get(phase)
    if before is None or (door and not door.is_open):
        by = door.decided_by if door else "nobody"
        return PhaseLocked(
            f"The {phase.value} phase of {project.slug} was closed by {by}.",
            hint=f"A named person opens it again: `farm gate {project.slug} --phase {phase.value} --open`.",
        )
    report = project_report(session, project.id, before)
    worst = f" First: {report.blocking_issues[0].sentence}" if report.blocking_issues else ""
    return PhaseLocked(
        f"The {phase.value} phase of {project.slug} is closed until the {before.value} gate opens. "
        f"{' '.join(report.missing) or 'Its gate opens with its next verdict.'}{worst}",
        hint=f"`farm gate {project.slug} --phase {before.value}` says why.",
    )


def _listed(metrics: Any) -> str:
    return ", ".join(sorted(metric.value for metric in metrics if metric not in STRUCTURE)) or "nothing"
