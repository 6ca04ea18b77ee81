"""The verb for news of another program: what it asked for, approved and decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.connection import job_id_of
from farm.client.dispatching import Dispatching
from models.access import Change
from models.dispatch import Heard, TaskType
from models.errors import BadInput, Conflict, OrderRefused
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.dispatch.news import Decision


class Hearing(Dispatching):
    """News in the words of Echo Brain; each is a verb that everybody has, in the caller's name."""

    def hear(self, event_type: str, data: Mapping[str, Any]) -> Heard:
        """Act upon what happened elsewhere, and say what followed.

        `render.requested` is a task to dispatch, of an image unless it says more. `quality.decision` reviews a
        take, or orders another one with the fields of the order that its suggestions change.
        `character.approved` holds a character to a picture: a job's id, or a file below the allowed folders.
        `story.updated` is noted; what the story says is changed by a task `story_update`.

        Raises:
            UnknownName: there is no such type of news, job, project or character.
            Refused: it cannot be acted upon; nothing was changed.
        """
        from farm.dispatch.news import NewsType

        kinds = {each.value for each in NewsType}
        if event_type not in kinds:
            raise unknown_name(event_type, kinds, "type of news")
        with self._whole() as farm:
            act = {
                NewsType.RENDER_REQUESTED: farm._render,
                NewsType.QUALITY_DECISION: farm._decide,
                NewsType.CHARACTER_APPROVED: farm._approve,
                NewsType.STORY_UPDATED: farm._note_story,
            }[NewsType(event_type)]
            return act(dict(data))

    def _render(self, given: dict[str, Any]) -> Heard:
        from farm.dispatch import form

        task = form.read(form.Task, {"task_type": TaskType.GENERATE_IMAGE, **given}, "render request")
        if not task.task_type.is_render:
            raise OrderRefused(
                f"A {task.task_type} is no render.", hint="Dispatch it: POST /api/anime/echo/tasks."
            )
        stored = self._take(task)
        return Heard(
            event_type="render.requested", done=f"The task {task.task_id} is ordered.", job_id=stored.job_id
        )

    def _decide(self, given: dict[str, Any]) -> Heard:
        from farm.dispatch import form
        from farm.dispatch.news import Decision, DecisionWord

        decision, who = form.read(Decision, given, "quality decision"), self.caller.actor
        job_id = job_id_of(decision.job_id)
        if decision.decision is DecisionWord.REGENERATE:
            return self._regenerate(decision)
        outcome = self.review(
            job_id, approve=decision.decision is DecisionWord.APPROVED, by=who, note=decision.words
        )
        return Heard(event_type="quality.decision", done=f"The take is {outcome.verdict.value}.", job_id=job_id)

    def _regenerate(self, decision: Decision) -> Heard:
        """Another take: with what the suggestions change, by default another seed."""
        if "reason" in decision.changes or "requested_by" in decision.changes:
            raise OrderRefused(
                "Suggestions are fields of an order, and say neither a reason nor who asks.",
                hint="Suggest what is to be different: {mood: calm}.",
            )
        reason = decision.words or "Another take was asked for."
        job = self.retake(decision.job_id, reason=reason, requested_by=self.caller.actor, **decision.changes)
        return Heard(event_type="quality.decision", done="Another take is ordered.", job_id=job.job_id)

    def _approve(self, given: dict[str, Any]) -> Heard:
        from farm.dispatch import form
        from farm.dispatch.news import Approval

        approval = form.read(Approval, given, "approval")
        who = self.character(approval.character_id, project=approval.project_id)
        question = self.embed_character(
            who.project,
            who.known_as,
            self._picture(approval.approved_reference),
            by=self.caller.actor,
            force=True,
            wait=0,
        )
        return Heard(
            event_type="character.approved",
            done=f"{who.known_as} is held to this picture once a score worker has looked at it.",
            measurement_id=question.id,
        )

    def _picture(self, reference: str) -> str:
        """The master of a job's take, or the file that is named."""
        try:
            job_id = job_id_of(reference)
        except BadInput:
            return reference
        take = self.job(job_id).take
        if take is None:
            raise Conflict(f"The job {job_id} has no take yet.", hint="Approve it when it is over.")
        return str(self.store.path(take.master_path))

    def _note_story(self, given: dict[str, Any]) -> Heard:
        from farm.dispatch import form
        from farm.dispatch.news import StoryNews

        news = form.read(StoryNews, given, "story update")
        project = self.project(news.project_id).known_as
        slugs = [self.character(name, project=project).known_as for name in news.affected_characters]
        with self.database.transaction() as session:
            self._note(
                session,
                Change(
                    action="story.announce",
                    subject=f"story of {project}",
                    after={"affected_characters": slugs},
                    project=project,
                ),
            )
        return Heard(event_type="story.updated", done=f"It is noted in the audit of {project}.")
