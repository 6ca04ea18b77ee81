"""Sessions in which a character's look is found: proposals are drawn, one is chosen, and becomes the look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.characters import Characters
from farm.client.ordering import Ordering
from models.dispatch import TaskType
from models.errors import UnknownName
from models.vocabulary import JobType

if TYPE_CHECKING:
    from farm.dispatch.form import Design, Task
    from models.dispatch import StoredTask


class Designing(Ordering, Characters):
    """What a `character_design` comes to: the answer of the task that began a session keeps its state."""

    def _designed(self, task: Task, project: str) -> dict[str, Any]:
        """Begin a session, or go on with one; what the session has come to."""
        from farm.dispatch import designs, form

        design = form.read(form.Design, task.payload, "character design")
        designs.refuse_unclear(design)
        if design.session_id is None:
            return self._begun(task, design, project)
        return self._gone_on(task, design, design.session_id)

    def _begun(self, task: Task, design: Design, project: str) -> dict[str, Any]:
        """Somebody new, or somebody known by that name, and a sheet of each proposal."""
        from farm.dispatch import designs

        name = design.character_name or ""
        fields = {"description": design.initial_description, "attributes": dict(design.attributes)}
        given = {field: value for field, value in fields.items() if value}
        slug = designs.slug_of(name)
        try:
            self.character(slug, project=project)
        except UnknownName:
            self.create_character(project, {"slug": slug, "name": name, **given}, lenient=design.lenient)
        else:
            if given:
                self.edit_character(slug, given, project=project, lenient=design.lenient)
        session: dict[str, Any] = {
            "session_id": task.task_id,
            "project": project,
            "character": slug,
            "variants": [],
            "feedback": [],
            "selected_variant": None,
        }
        return self._proposed(task, design, session)

    def _proposed(self, task: Task, design: Design, session: dict[str, Any]) -> dict[str, Any]:
        """Order a sheet of each proposal; of somebody as they are where none is made."""
        from farm.dispatch.designs import AS_DESCRIBED

        looks = {each.name: dict(each.attributes) for each in design.variants} or {AS_DESCRIBED: {}}
        for name, attributes in looks.items():
            order: dict[str, Any] = {
                "project": session["project"],
                "job_type": JobType.CHARACTER_SHEET,
                "characters": [session["character"]],
                "attributes": {session["character"]: attributes} if attributes else {},
                "priority": task.priority,
                "lenient": design.lenient or None,
                "requested_by": str(self.caller.actor),
            }
            job_id = str(self.submit(order).job_id)
            session["variants"].append({"name": name, "attributes": attributes, "job_id": job_id})
        return session

    def _gone_on(self, task: Task, design: Design, session_id: str) -> dict[str, Any]:
        """Keep what somebody says, draw what else is proposed, or let what is chosen become the look."""
        from db import catalogue
        from farm.dispatch import designs

        begun = self._session(session_id)
        session = dict(begun.answer or {})
        if design.feedback:
            session["feedback"] = [*session["feedback"], design.feedback]
        if design.selected_variant is not None:
            variant = designs.chosen(session, design.selected_variant)
            look = variant["attributes"] | dict(design.attributes)
            if look:
                self._wear(session, look, lenient=design.lenient)
            session["selected_variant"] = variant["name"]
        elif design.variants:
            session = self._proposed(task, design, session)
        with self.database.transaction() as transaction:
            catalogue.answer_task(transaction, begun.id, answer=session)
        return session

    def _session(self, session_id: str) -> StoredTask:
        from db import catalogue

        with self.database.transaction() as session:
            begun = catalogue.find_task(session, self.caller.identity, session_id, lock=True)
        if begun is None or begun.task_type is not TaskType.CHARACTER_DESIGN:
            raise UnknownName(
                f"There is no design session '{session_id[:80]}'.",
                hint="It has the task_id of the task that began it.",
            )
        return begun

    def _wear(self, session: dict[str, Any], look: dict[str, str], *, lenient: bool) -> None:
        """Give the character the chosen attributes beside those it keeps."""
        slug, project = session["character"], session["project"]
        known = self.character(slug, project=project).content.model_dump(mode="json")["attributes"]
        self.edit_character(
            slug,
            {"attributes": known | look},
            project=project,
            lenient=lenient,
            why=f"chosen in the design session {session['session_id']}",
        )
