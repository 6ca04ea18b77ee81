"""The admission desk: reads each name once per submit and turns orders into jobs, or refuses them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from db import catalogue
from db.catalogue import NewJob
from farm import profiles, recipes
from farm.phase_reports import phase_report
from farm.recipes import Casting
from farm.roots import confined
from models.errors import OrderRefused, PhaseLocked
from models.metrics import STRUCTURE
from models.recipe import SEED_LIMIT, ControlNet, IpAdapter, Lora, Recipe
from models.vocabulary import JobType, Phase
from workers.renderers import registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from db.engine import Session
    from farm.order_form import Order
    from farm.settings import Settings
    from models.characters import Character, CharacterVariation
    from models.production import Cut, Project
    from workers.renderers.renderer import Capabilities

DEFAULT_SIZE = (512, 768)
MIN_LOOP_FRAMES = 8
MIN_VIDEO_FRAMES = 120
_SCENE_WORDS = ("location", "time_of_day", "mood", "camera_angle", "camera_move", "action", "dialogue")


class Desk:
    """Admits the orders of one transaction; what it looked up once it does not look up again."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._projects: dict[str, Project] = {}
        self._casts: dict[UUID, dict[str, Character]] = {}
        self._cuts: dict[tuple[UUID, str], Cut] = {}
        self._open: set[tuple[UUID, Phase]] = set()

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
        """The job this order asks for; a retake names the job it follows. Raises as `farm.orders.admit`."""
        project = self.project(order.project)
        if root_job_id is None:
            self._refuse_closed(project, order.job_type.phase)
        cut = self._cut(project, order.cut) if order.cut else None
        profile = order.profile or project.defaults.get("profile") or self._settings.default_profile
        recipe = self._recipe(order, project, cut)
        self._refuse_marks_nobody_reads(order, project, profile)
        budget = project.defaults.get("max_retakes", self._settings.max_retakes)
        return NewJob(
            project_id=project.id,
            recipe=recipe,
            pool=recipe.renderer,
            profile=profile,
            requested_by=order.requested_by,
            priority=order.priority,
            max_retries=order.max_retries,
            max_retakes=budget if order.max_retakes is None else order.max_retakes,
            order_data=order.model_dump(mode="json", exclude_defaults=True),
            quality_thresholds={metric.value: limit for metric, limit in order.quality_thresholds.items()},
            scene_id=cut.scene_id if cut else None,
            cut_id=cut.id if cut else None,
            # The key belongs to the order it came with; a retake of it is another job.
            idempotency_key=None if root_job_id else order.idempotency_key,
            root_job_id=root_job_id,
            parent_job_id=follows,
            take_number=take_number,
            retake_reason=retake_reason,
        )

    def _recipe(self, order: Order, project: Project, cut: Cut | None) -> Recipe:
        defaults = project.defaults
        renderer = order.renderer or defaults.get("renderer") or self._settings.default_renderer
        can = registry.capabilities(renderer)
        width, height = _size(order, defaults)
        _refuse_impossible(order, renderer, can, width, height)
        castings = self._castings(order, project, cut)
        path = catalogue.path_of(cut) if cut else ""
        scene = recipes.scene_of(project.slug, cut, path, {word: getattr(order, word) for word in _SCENE_WORDS})
        style = recipes.style_of(project.story_bible, cut.scene.style_overrides if cut else {})
        said = cut.description or "" if cut else ""
        return Recipe(
            renderer=renderer,
            job_type=order.job_type,
            seed=_seed(order, project, path),
            subseed=order.subseed,
            width=width,
            height=height,
            frame_count=_frame_count(order, cut, can),
            fps=order.fps or defaults.get("fps") or 24,
            positive_prompt=recipes.positive_prompt(castings, scene, style, order.prompt, said),
            negative_prompt=recipes.negative_prompt(
                castings, [order.negative_prompt, defaults.get("negative_prompt", "")]
            ),
            model_name=order.model_name or defaults.get("model_name", ""),
            vae_name=order.vae_name,
            sampler_name=order.sampler_name,
            scheduler=order.scheduler,
            steps=order.steps or defaults.get("steps") or 20,
            cfg_scale=7.0 if order.cfg_scale is None else order.cfg_scale,
            lora_models=self._loras(order, castings, renderer),
            controlnet_models=tuple(ControlNet(**net.model_dump()) for net in order.controlnet_models),
            ipadapter_refs=tuple(
                IpAdapter(
                    reference_image_path=self._file(ref.reference_image_path, "reference picture"),
                    weight=ref.weight,
                    noise=ref.noise,
                )
                for ref in order.ipadapter_refs
            ),
            characters=tuple(recipes.look_of(casting, renderer) for casting in castings),
            scene=scene,
            style=style,
            motion_strength=order.motion_strength,
            defect=order.defect,
        )

    def _cut(self, project: Project, path: str) -> Cut:
        if (project.id, path) not in self._cuts:
            self._cuts[project.id, path] = catalogue.cut(self._session, project, path)
        return self._cuts[project.id, path]

    def _castings(self, order: Order, project: Project, cut: Cut | None) -> list[Casting]:
        if project.id not in self._casts:
            self._casts[project.id] = catalogue.characters(self._session, project.id)
        cast = self._casts[project.id]
        by_id = {who.id: slug for slug, who in cast.items()}
        slugs = order.characters or tuple(
            by_id[who] for who in (cut.character_ids if cut else ()) if who in by_id
        )
        slugs = tuple(dict.fromkeys(slugs))
        for slug in (*slugs, *order.variations, *order.attributes):
            if slug not in cast:
                raise catalogue.nearest(slug, cast, f"character in {project.slug}")
        for slug in (*order.variations, *order.attributes):
            if slug not in slugs:
                raise OrderRefused(
                    f"'{slug}' is not in this take.", hint="Add it to `characters`, or leave it out."
                )
        if order.job_type is JobType.CHARACTER_SHEET and not slugs:
            raise OrderRefused("A character sheet shows nobody.", hint=f"Name one of: {', '.join(cast)}.")
        places = {row.character_id: row.position_notes for row in cut.scene.characters} if cut else {}
        in_cut = cut.variations if cut else {}
        return [
            Casting(
                character=cast[slug],
                variations=_variations(cast[slug], order.variations.get(slug, in_cut.get(slug, ()))),
                attributes=order.attributes.get(slug, {}),
                position=recipes.position_of(places.get(cast[slug].id)),
            )
            for slug in slugs
        ]

    def _loras(self, order: Order, castings: list[Casting], renderer: str) -> tuple[Lora, ...]:
        ordered = recipes.loras_of(castings, [Lora(**lora.model_dump()) for lora in order.lora_models])
        if nameless := next((lora for lora in ordered if not lora.path), None):
            raise OrderRefused(
                f"The LoRA '{nameless.name}' names no file, and '{renderer}' has no list of its own.",
                hint="Give its path.",
            )
        return tuple(
            Lora(name=lora.name, path=self._file(lora.path, "LoRA"), weight=lora.weight) for lora in ordered
        )

    def _file(self, path: str, what: str) -> str:
        return str(confined(path, self._settings.roots, what))

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
            mark.metric
            for mark in profiles.named(project.defaults.get("profiles", {}), profile).marks.get(phase, ())
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
            hint="Only a named person opens it again.",
        )
    report = phase_report(catalogue.roots(session, project.id, before), before)
    worst = f" First: {report.blocking_issues[0].sentence}" if report.blocking_issues else ""
    return PhaseLocked(
        f"The {phase.value} phase of {project.slug} is closed until the {before.value} gate opens. "
        f"{' '.join(report.missing) or 'Its gate opens with its next verdict.'}{worst}",
        hint=f"`farm gate {project.slug} --phase {before.value}` says why.",
    )


def _variations(character: Character, names: Any) -> tuple[CharacterVariation, ...]:
    known = {row.variation_name: row for row in character.variations}
    for name in names:
        if name not in known:
            raise catalogue.nearest(name, known, f"variation of {character.slug}")
    return tuple(known[name] for name in names)


def _size(order: Order, defaults: Mapping[str, Any]) -> tuple[int, int]:
    """Pixels: the order's, the project's for this kind, the project's, or the farm's."""
    width, height = defaults.get("sizes", {}).get(order.job_type.value) or (
        defaults.get("width") or DEFAULT_SIZE[0],
        defaults.get("height") or DEFAULT_SIZE[1],
    )
    return order.width or width, order.height or height


def _refuse_impossible(order: Order, renderer: str, can: Capabilities, width: int, height: int) -> None:
    if order.job_type not in can.job_types:
        raise OrderRefused(
            f"The renderer '{renderer}' makes no {order.job_type.value}.",
            hint=f"It makes: {', '.join(can.job_types)}.",
        )
    for side, pixels in (("width", width), ("height", height)):
        low, high, step = can.min_side_px, can.max_side_px, can.side_multiple_px
        if not low <= pixels <= high or pixels % step:
            near = min(max(round(pixels / step) * step, -(-low // step) * step), high // step * step)
            multiple = f", in multiples of {step}" if step > 1 else ""
            raise OrderRefused(
                f"A {side} of {pixels} pixels is impossible: '{renderer}' draws {low} to {high}{multiple}.",
                hint=f"The nearest is {near}.",
            )


def _frame_count(order: Order, cut: Cut | None, can: Capabilities) -> int:
    """Frames: the order's, the cut's for a video, or the kind's own; refused where the kind forbids it."""
    kind, asked = order.job_type, order.frame_count
    of_cut = cut.duration_frames if cut and kind is JobType.FULL_VIDEO else None
    frames = asked or max(of_cut or 0, kind.default_frames)
    if not kind.is_motion and frames != 1:
        raise OrderRefused(
            f"A {kind.value} has one frame, not {frames}.", hint="Order an animation_loop or a full_video."
        )
    if kind is JobType.ANIMATION_LOOP and frames < MIN_LOOP_FRAMES:
        raise OrderRefused(
            f"A loop of {frames} frames is too short to judge.",
            hint=f"Order {MIN_LOOP_FRAMES} or more; 16 is usual.",
        )
    if kind is JobType.FULL_VIDEO and frames < MIN_VIDEO_FRAMES:
        raise OrderRefused(
            f"A full_video has {MIN_VIDEO_FRAMES} frames or more, not {frames}.",
            hint="Order an animation_loop for something shorter.",
        )
    if frames > can.max_frames:
        raise OrderRefused(
            f"{frames} frames are more than the renderer makes in one take.",
            hint=f"Order {can.max_frames} or fewer, or split the cut.",
        )
    return frames


def _seed(order: Order, project: Project, path: str) -> int:
    """The order's; else the one the story bible gives this cut in this phase; else a random one."""
    if order.seed is not None:
        return order.seed
    bible = project.story_bible
    if bible is not None and bible.global_seed is not None and path:
        return recipes.derived_seed(bible.global_seed, path, order.job_type.phase.value)
    return secrets.randbelow(SEED_LIMIT)


def _listed(metrics: Any) -> str:
    return ", ".join(sorted(metric.value for metric in metrics if metric not in STRUCTURE)) or "nothing"
