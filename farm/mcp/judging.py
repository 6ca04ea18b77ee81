"""Tools that show what the gate thinks of a take or a phase, and let a person decide."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

from mcp.server.mcpserver import Image
from mcp_types import CallToolResult, TextContent
from pydantic import Field

from farm.client.files import TakeFile
from farm.mcp.answers import Explained, GateSeen, Reviewed, caption
from farm.mcp.asking import farm_for
from farm.mcp.hints import ADDS, LOOKS
from farm.mcp.looking import JobId, Project
from models.access import Scope
from models.actors import ActorKind
from models.errors import Forbidden, UnknownName
from models.metrics import WORST_PICTURE
from models.reviews import ReviewReason
from models.vocabulary import Phase, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.client import Farm
    from farm.mcp.asking import AgentServer
    from models.jobs import JobDetail

#: a picture larger than this would fill an agent's window
_MOST_BYTES = 2 * 1024**2


def join(server: AgentServer) -> None:
    server.tool(annotations=LOOKS)(gate_status)
    server.tool(annotations=LOOKS)(explain_take)
    server.tool(annotations=ADDS)(review_take)


def gate_status(project: Project, phase: Phase) -> GateSeen:
    """How a phase of a show stands against its gate, what is missing, and which takes wait for a person.

    A loop or a video may be ordered once the gate of the phase before has opened.
    """
    return GateSeen.of(project, farm_for(Scope.READ).gate(project, phase))


def explain_take(job_id: JobId) -> Annotated[CallToolResult, Explained]:
    """Why a take passed or did not: each metric beside its mark, in sentences, and its worst frames.

    Without such a frame the picture is the take: a still itself, the first frame of what moves.
    """
    farm = farm_for(Scope.READ)
    detail = farm.job(job_id)
    with TemporaryDirectory(prefix="farm-mcp-") as folder:
        pictures = list(_pictures(farm, detail, Path(folder)))
        images = [Image(path).to_image_content() for path, _ in pictures]
    answer = Explained.of(detail, farm.why(job_id), [words for _, words in pictures])
    text = TextContent(type="text", text=answer.model_dump_json(indent=2))
    return CallToolResult(content=[text, *images], structured_content=answer.model_dump(mode="json"))


def review_take(
    job_id: JobId,
    verdict: Annotated[
        Literal["approve", "reject"], Field(description="The take is right, or wrong, whatever the gate said.")
    ],
    note: Annotated[str, Field(max_length=20_000, description="Why; kept with the verdict.")] = "",
    reasons: Annotated[list[ReviewReason], Field(description="What is wrong or right.")] = [],  # noqa: B006  # never changed
    frame: Annotated[
        int | None, Field(ge=0, description="The frame it is about, a position in the file.")
    ] = None,
) -> Reviewed:
    """Pass on what a person decided about a judged take, in the gate's place; the last review counts.

    Needs the scope `review` and a key that is a person's: an agent decides nothing by itself.
    """
    farm = farm_for(Scope.REVIEW)
    who = farm.caller.actor
    if who.kind is not ActorKind.PERSON:
        raise Forbidden(
            f"A person decides about a take, and {who} is none.",
            hint="Ask one to run `farm review`, or use a person's key: `farm keys create NAME --scope read "
            "--scope review --as NAME`.",
        )
    outcome = farm.review(
        job_id,
        approve=verdict == "approve",
        by=who,
        note=note,
        reasons=[str(each) for each in reasons],
        frame=frame,
    )
    job = farm.job(job_id).row.id
    return Reviewed(job_id=job, verdict=Verdict(outcome.verdict), by=str(who), opened_phase=outcome.door_opened)


def _pictures(farm: Farm, detail: JobDetail, folder: Path) -> Iterator[tuple[Path, str]]:
    """Pictures of a take, each with what it shows: its worst frames, else the take itself."""
    worst = list(_worst(farm, detail, folder))
    yield from worst or _itself(farm, detail, folder)


def _worst(farm: Farm, detail: JobDetail, folder: Path) -> Iterator[tuple[Path, str]]:
    for measured in detail.scores.measurements if detail.scores else ():
        if WORST_PICTURE not in measured.detail:
            continue
        metric = measured.metric.value
        try:
            yield farm.fetch_worst_frame(detail.row.id, metric, folder), caption(metric, measured.detail)
        except UnknownName:
            # Pictures may be tidied away; what they showed is still in the sentences.
            continue


def _itself(farm: Farm, detail: JobDetail, folder: Path) -> Iterator[tuple[Path, str]]:
    """The take in the best picture that is small enough; nothing here decodes a master."""
    shown = {TakeFile.THUMBNAIL: "The first frame, in small."}
    if not detail.row.job_type.is_motion:
        shown = {TakeFile.PROXY: "The still itself.", TakeFile.THUMBNAIL: "The still, in small."}
    for which, words in shown.items() if detail.take else ():
        try:
            path = farm.fetch(detail.row.id, folder, which)
        except UnknownName:
            continue
        if path.stat().st_size <= _MOST_BYTES:
            yield path, words
            return
