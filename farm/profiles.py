"""Which marks judge a project: a built-in profile, or one of the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue
from models.errors import BadInput
from models.metrics import Mark, Metric, Profile
from models.vocabulary import Phase
from workers.scoring.profiles import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from db.engine import Session


def profile(session: Session, project: str | UUID, name: str) -> Profile:
    """The profile of that name for a project, given by slug or id; raises as `named` does."""
    return named(catalogue.project(session, project).defaults.get("profiles", {}), name)


def named(own: Mapping[str, Any], name: str) -> Profile:
    """The profile of that name; `own` are the project's, by name, and win over the built-in ones.

    A project's own profile is `{based_on: embedded, marks: {still: {identity: 0.62}}}`: the limits of a
    built-in profile with some replaced. The networks stay, because a limit belongs to a network.

    Raises:
        UnknownName: there is no such profile.
        BadInput: the project's own profile cannot be read.
    """
    if name in own:
        return _own_profile(name, own[name])
    if name in BUILT_IN:
        return BUILT_IN[name]
    raise catalogue.nearest(name, [*own, *BUILT_IN], "profile")


def _own_profile(name: str, data: Any) -> Profile:
    try:
        base = BUILT_IN[data.get("based_on", "embedded")]
        limits = {
            Phase(phase): {Metric(metric): float(limit) for metric, limit in marks.items()}
            for phase, marks in data.get("marks", {}).items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"The project's profile '{name}' cannot be read: {error}.",
            hint="Write {based_on: embedded, marks: {still: {identity: 0.62}}}.",
        ) from error
    return Profile(
        name=name,
        marks={
            phase: tuple(_with_limit(mark, limits.get(phase, {})) for mark in marks)
            for phase, marks in base.marks.items()
        },
        leaves_out=dict(base.leaves_out),
    )


def _with_limit(mark: Mark, limits: Mapping[Metric, float]) -> Mark:
    return Mark(metric=mark.metric, limit=limits.get(mark.metric, mark.limit), network=mark.network)
