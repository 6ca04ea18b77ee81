"""The catalogue's answers, re-exported for scripts, and their JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models.recipe import Recipe
from models.views import (
    AttemptView,
    CutView,
    DoorView,
    JobDetail,
    JobPage,
    JobRow,
    ProjectView,
    QueueView,
    ScoresView,
    TakeView,
    WhyFacts,
    WorkerView,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AttemptView",
    "CutView",
    "DoorView",
    "JobDetail",
    "JobPage",
    "JobRow",
    "ProjectView",
    "QueueView",
    "ScoresView",
    "TakeView",
    "WhyFacts",
    "WorkerView",
    "to_json",
]


def to_json(value: Any) -> Any:
    """A view as plain JSON types; a seed stands twice, as a number and as the text JavaScript cannot round."""
    if isinstance(value, Recipe):
        return _with_seed_text(value.to_json())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(each) for each in value]
    if isinstance(value, (UUID, datetime)):
        return str(value) if isinstance(value, UUID) else value.isoformat()
    return value


def _with_seed_text(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {**recipe, "seed_text": str(recipe["seed"])}
