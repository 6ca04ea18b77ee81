"""What another program says has happened: forms, and what a decision changes; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from farm.dispatch.form import Free, Sent
from farm.orders.form import Name, Text


class NewsType(StrEnum):
    """What happened at the other program."""

    RENDER_REQUESTED = "render.requested"
    CHARACTER_APPROVED = "character.approved"
    QUALITY_DECISION = "quality.decision"
    STORY_UPDATED = "story.updated"


class DecisionWord(StrEnum):
    """What is to become of a take."""

    APPROVED = "approved"
    REGENERATE = "regenerate"
    REJECT = "reject"


class Decision(Sent):
    """What a `quality.decision` says."""

    job_id: Name
    decision: DecisionWord
    #: fields of the order that a retake changes, or words for whoever reads why
    suggestions: Free | Text | Annotated[tuple[Text, ...], Field(max_length=100)] = Field(default_factory=dict)

    @property
    def changes(self) -> dict[str, Any]:
        """Fields of the order to change; none where the suggestions are words."""
        return dict(self.suggestions) if isinstance(self.suggestions, dict) else {}

    @property
    def words(self) -> str:
        """The suggestions as a note."""
        if isinstance(self.suggestions, str):
            return self.suggestions
        if isinstance(self.suggestions, dict):
            return ", ".join(f"{name}: {value}" for name, value in self.suggestions.items())
        return " ".join(self.suggestions)


class Approval(Sent):
    """What a `character.approved` says."""

    #: a slug or an id
    character_id: Name
    #: the job whose take shows them
    approved_reference: Name
    project_id: Name | None = None


class StoryNews(Sent):
    """What a `story.updated` says."""

    project_id: Name
    #: slugs or ids
    affected_characters: tuple[Name, ...] = Field(default=(), max_length=1000)
