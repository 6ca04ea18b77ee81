"""Which marks judge a project: a built-in profile, or one of the project's own, read from plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from db import catalogue
from models.errors import BadInput, FarmError, UnknownName
from models.metrics import Mark, Metric, Profile
from models.nearest import unknown_name
from models.vocabulary import Phase
from workers.scoring.network_table import (
    ARITHMETIC,
    IDENTITY_METRICS,
    NETWORKS,
    STYLE_METRICS,
    asked_by,
    serving,
)
from workers.scoring.profiles import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from db.engine import Session
    from models.shows import Defaults


EXAMPLE = "{based_on: embedded, marks: {still: {identity: 0.62}}}"
_FIELDS = ("based_on", "marks", "leaves_out", "calibration")
#: these say whether the take is the one that was ordered; a profile without them would judge something else
_WHOLENESS = frozenset({Metric.DECODABLE, Metric.FRAME_COUNT, Metric.SIZE, Metric.FPS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a profile, where in it, and the nearest fix."""

    where: tuple[str, ...]
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectProfiles:
    """By which profile a project is judged, and which it has beside the built-in ones."""

    project: str
    #: judges the next orders
    chosen: str
    #: who chose it; None: it is the show file's choice, or this machine's
    chosen_by: str | None
    #: the project's own by name, as plain data
    own: Mapping[str, Any]

    @property
    def profile(self) -> Profile:
        """The chosen one; raises as `named`."""
        return named(self.own, self.chosen)

    @property
    def known(self) -> tuple[str, ...]:
        """The names that orders may use."""
        return (*BUILT_IN, *self.own)


class _Wrong(Exception):
    """Carries a fault out of the reading."""

    def __init__(self, where: Iterable[str], message: str, hint: str = "") -> None:
        super().__init__(message)
        self.fault = Fault(where=tuple(where), message=message, hint=hint)


def chosen(defaults: Defaults, default_profile: str, ordered: str | None = None) -> str:
    """The name of the profile that judges: the order's, else the project's, else the farm's."""
    return ordered or defaults.profile or default_profile


def of_job(session: Session, job_id: UUID) -> Profile:
    """The profile that judges a job's take; raises as `named` does, and `UnknownName` for no job."""
    judged = catalogue.judged_by(session, job_id)
    if judged is None:
        raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")
    return named(judged.own, judged.profile)


def of_project(session: Session, project: str, default_profile: str) -> ProjectProfiles:
    """The profiles of a project, and which of all judges it; raises `UnknownName`."""
    row = catalogue.project(session, project)
    choice = row.defaults.profile_choice
    return ProjectProfiles(
        project=row.slug,
        chosen=chosen(row.defaults, default_profile),
        chosen_by=choice.by if choice else None,
        own=row.defaults.profiles,
    )


def networks_asked(session: Session, job_id: UUID) -> tuple[str, ...]:
    """The networks that a job's take is measured by; none where its profile cannot be read.

    Then the score says why.
    """
    judged = catalogue.judged_by(session, job_id)
    try:
        marks = named(judged.own, judged.profile).marks.get(judged.phase, ()) if judged else ()
    except FarmError:
        return ()
    return tuple(sorted(asked_by(marks)))


def named(own: Mapping[str, Any], name: str) -> Profile:
    """The profile of that name; `own` are the project's, by name, and win over the built-in ones.

    A project's own profile is a built-in one with something changed, phase by phase:

        based_on: spec
        marks:
          still:
            aesthetic: 5.1                                                # another limit
            identity: {limit: 0.8215, network: ccip-caformer-24-randaug-pruned}  # another network, or one more
            face_similarity: null                                         # left out
        leaves_out: {face_similarity: ArcFace does not know drawn faces}  # why; optional

    Raises:
        UnknownName: there is no such profile.
        BadInput: the project's own profile cannot be read.
    """
    if name not in own:
        if name in BUILT_IN:
            return BUILT_IN[name]
        raise unknown_name(name, [*own, *BUILT_IN], "profile")
    try:
        return _read(name, own[name])
    except _Wrong as wrong:
        raise BadInput(
            f"The project's profile '{name}' cannot be used: {wrong.fault.message}",
            hint=wrong.fault.hint,
        ) from wrong


def fault_of(name: str, raw: Any) -> Fault | None:
    """The first thing that is wrong with a project's own profile; None when it can be used."""
    try:
        _read(name, raw)
    except _Wrong as wrong:
        return wrong.fault
    return None


def to_data(profile: Profile, based_on: str) -> dict[str, Any]:
    """A profile as the difference to a built-in one; `named` reads it back with the same marks."""
    base = BUILT_IN[based_on]
    marks: dict[str, dict[str, Any]] = {}
    for phase in Phase:
        old = {mark.metric: mark for mark in base.marks.get(phase, ())}
        new = {mark.metric: mark for mark in profile.marks.get(phase, ())}
        changed: dict[str, Any] = {metric.value: None for metric in old if metric not in new}
        changed |= {
            metric.value: {"limit": mark.limit, "network": mark.network}
            for metric, mark in new.items()
            if mark != old.get(metric)
        }
        if changed:
            marks[phase.value] = changed
    dropped = {metric for words in marks.values() for metric, mark in words.items() if mark is None}
    reasons = {metric.value: why for metric, why in profile.leaves_out.items() if metric.value in dropped}
    return {"based_on": based_on, "marks": marks, **({"leaves_out": reasons} if reasons else {})}


def with_limits(profile: Profile, name: str, limits: Mapping[tuple[Phase, Metric, str], float]) -> Profile:
    """The profile under another name with some limits replaced, each by phase, metric and network."""

    def moved(phase: Phase, mark: Mark) -> Mark:
        return replace(mark, limit=limits.get((phase, mark.metric, mark.network), mark.limit))

    return Profile(
        name=name,
        marks={phase: tuple(moved(phase, mark) for mark in marks) for phase, marks in profile.marks.items()},
        leaves_out=dict(profile.leaves_out),
    )


def range_refusal(metric: Metric, limit: float) -> tuple[str, str] | None:
    """Why no value could be on both sides of this limit, and the nearest that can; None when it makes sense."""
    low, high = metric.range
    if low <= limit <= high:
        return None
    between = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
    message = f"A limit of {limit:g} for {metric.value} means nothing: its values are {between}."
    return message, f"The nearest is {min(max(limit, low), high):g}."


def _read(name: str, raw: Any) -> Profile:
    fields = _mapping((), raw)
    for field in fields:
        if field not in _FIELDS:
            raise _unknown((field,), field, _FIELDS, "field of a profile")
    based_on = str(fields.get("based_on", "embedded"))
    if based_on not in BUILT_IN:
        raise _unknown(("based_on",), based_on, BUILT_IN, "built-in profile")
    _mapping(("calibration",), fields.get("calibration"))
    base = BUILT_IN[based_on]
    changes = {
        _word(("marks", str(phase)), phase, Phase, "phase"): _mapping(("marks", str(phase)), marks)
        for phase, marks in _mapping(("marks",), fields.get("marks")).items()
    }
    marks = {phase: _marks(phase, base.marks.get(phase, ()), changes.get(phase, {})) for phase in Phase}
    reasons = {
        _word(("leaves_out", str(metric)), metric, Metric, "metric"): str(why)
        for metric, why in _mapping(("leaves_out",), fields.get("leaves_out")).items()
    }
    return Profile(name=name, marks=marks, leaves_out=_left_out(name, base, marks, reasons))


def _marks(phase: Phase, base: tuple[Mark, ...], changes: Mapping[str, Any]) -> tuple[Mark, ...]:
    kept = {mark.metric: mark for mark in base}
    for word, change in changes.items():
        where = ("marks", phase.value, str(word))
        metric = _word(where, word, Metric, "metric")
        if change is None:
            if metric in _WHOLENESS:
                raise _Wrong(where, f"{metric.value} cannot be left out: it says whether the take is whole.")
            kept.pop(metric, None)
        else:
            kept[metric] = _mark(where, phase, metric, change, kept.get(metric))
    return tuple(kept.values())


def _mark(where: tuple[str, ...], phase: Phase, metric: Metric, change: Any, base: Mark | None) -> Mark:
    if metric.needs_motion and phase is Phase.STILL:
        raise _Wrong(where, f"{metric.value} cannot be judged of a still.", "Move it to loop or video.")
    parts = _mapping(where, change) if isinstance(change, dict) else {"limit": change}
    for field in parts:
        if field not in ("limit", "network"):
            raise _unknown((*where, str(field)), str(field), ("limit", "network"), "field of a mark")
    network = str(parts.get("network") or (base.network if base else _only_network(where, metric, parts)))
    _require_serving(where, metric, network)
    if "limit" not in parts:
        if base is None or base.network != network:
            raise _Wrong(where, f"{metric.value} by {network} needs a limit: a limit belongs to a network.")
        return base
    limit = parts["limit"]
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise _Wrong(where, f"The limit {limit!r} of {metric.value} is no number.")
    if refusal := range_refusal(metric, limit):
        raise _Wrong(where, *refusal)
    if metric in _WHOLENESS and base is not None and limit != base.limit:
        raise _Wrong(
            where, f"The limit of {metric.value} cannot be changed: it says whether the take is whole."
        )
    return Mark(metric=metric, limit=float(limit), network=network)


def _only_network(where: tuple[str, ...], metric: Metric, parts: Mapping[str, Any]) -> str:
    """The network of a metric that the built-in profile does not judge: known only for plain arithmetic."""
    known = serving(metric)
    if known == (ARITHMETIC,):
        return ARITHMETIC
    raise _Wrong(
        where,
        f"{metric.value} is not judged there by the profile this one is based on, so it needs a network.",
        f"Write {metric.value}: {{limit: {parts.get('limit', '...')}, network: {known[0]}}}.",
    )


def _require_serving(where: tuple[str, ...], metric: Metric, network: str) -> None:
    known = serving(metric)
    if network in known:
        return
    if network not in NETWORKS and network != ARITHMETIC:
        raise _unknown(where, network, known, "network")
    measures = f"It is measured by: {', '.join(known)}." if known != (ARITHMETIC,) else "It needs no network."
    raise _Wrong(where, f"{network} cannot measure {metric.value}.", measures)


def _left_out(
    name: str, base: Profile, marks: Mapping[Phase, tuple[Mark, ...]], reasons: Mapping[Metric, str]
) -> dict[Metric, str]:
    """The remarks of the built-in profile that still hold, and one for each metric that was left out."""
    old = {(phase, mark.metric): mark.network for phase in Phase for mark in base.marks.get(phase, ())}
    new = {(phase, mark.metric): mark.network for phase in Phase for mark in marks[phase]}
    changed = {metric for (phase, metric), network in new.items() if old.get((phase, metric)) != network}
    dropped: dict[Metric, list[str]] = {}
    for phase, metric in old:
        if (phase, metric) not in new:
            dropped.setdefault(metric, []).append(phase.value)
    left_out = {metric: why for metric, why in base.leaves_out.items() if metric not in changed}
    for metric, phases in dropped.items():
        left_out[metric] = f"left out of {', '.join(phases)} by the project's own profile {name}"
    return left_out | dict(reasons)


def _mapping(where: tuple[str, ...], value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Wrong(where, f"a mapping is expected, not {value!r}.", f"Write {EXAMPLE}.")
    return value


def _word(where: tuple[str, ...], word: Any, kind: type[StrEnum], what: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        raise _unknown(where, str(word), list(kind), what) from None


def _unknown(where: tuple[str, ...], name: str, known: Iterable[str], what: str) -> _Wrong:
    refusal = unknown_name(name, known, what)
    return _Wrong(where, refusal.message, refusal.hint)


def asked_of(defaults: Defaults, default_profile: str) -> dict[frozenset[Metric], tuple[str, ...]]:
    """The identity networks and the style networks that a project's profiles ask for, by their metrics.

    Counted are the profile it is judged by and every one of its own. Raises as `farm.judging.profiles.named`.
    """
    names = dict.fromkeys([chosen(defaults, default_profile), *defaults.profiles])
    marks = [
        mark for name in names for phase in named(defaults.profiles, name).marks.values() for mark in phase
    ]
    return {
        metrics: tuple(sorted({mark.network for mark in marks if mark.metric in metrics}))
        for metrics in (IDENTITY_METRICS, STYLE_METRICS)
    }
