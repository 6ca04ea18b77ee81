"""One job in full on the terminal: what was ordered, how it was made, what became of it, and what again."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from farm.cli.console import columns
from farm.cli.tables.jobs import count_of
from farm.cli.tables.judgement import scores_table, verdict_line
from farm.explaining.scores import scores_of as judged_scores
from models.recipe import environment_sha256
from models.takes import STILL_LIMIT_S, is_slow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from models.jobs import JobDetail
    from models.recipe import Recipe
    from models.reviews import ReviewView
    from models.takes import ScoresView, TakeView

    Fact = tuple[str, str | Text]

#: hashes are shown as far as people compare them; `--json` has them whole
_DIGITS = 12
#: characters of a prompt that tell one job from another; `--json` has all of them
_PROMPT = 240


def job_facts(detail: JobDetail) -> Table:
    """What was ordered, where it stands, how it was made and what came of it."""
    facts = [*_order(detail), *_recipe(detail.recipe), *_not_drawn(detail), *_take(detail), *_making(detail)]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, value)
    return table


def attempts_table(detail: JobDetail) -> Table:
    """Each worker's try at each step."""
    whole = ("step", "began", "took", "outcome")
    table = columns("step", "worker", "began", "took", "outcome", "why", whole=whole)
    for attempt in detail.attempts:
        took = ""
        if attempt.ended_at is not None:
            took = f"{(attempt.ended_at - attempt.started_at).total_seconds():.2f} s"
        why = attempt.error_message or ""
        outcome = attempt.outcome.value if attempt.outcome else "running"
        table.add_row(attempt.step.value, attempt.worker_id, _time(attempt.started_at), took, outcome, why)
    return table


def scores_of(scores: ScoresView) -> tuple[Table, Text]:
    """The scores of a job beside the marks that were in force, and the verdict."""
    return scores_table(judged_scores(scores)), verdict_line(
        scores.verdict, scores.blocking, scores.not_measured
    )


def reviews_table(reviews: Sequence[ReviewView]) -> Table:
    """Who decided what about the take, and why, the oldest first."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("who", "when", "verdict", "why", "frame", "note"):
        table.add_column(title, overflow="fold", no_wrap=title in ("when", "verdict", "frame"))
    for review in reviews:
        verdict = Text(review.verdict.value, "green" if review.verdict.passes else "red")
        frame = "" if review.frame is None else str(review.frame)
        why = ", ".join(review.reasons)
        table.add_row(str(review.by), _time(review.at), verdict, why, frame, review.note)
    return table


def _order(detail: JobDetail) -> list[Fact]:
    row = detail.row
    state = row.state.value.replace("_", " ") + (f", {count}" if (count := count_of(row)) else "")
    number = f"take {row.take_number}" if row.reproduces_job_id is None else "a reproduction"
    return [
        ("job", str(row.id)),
        ("project", row.project),
        ("cut", row.cut or "–"),
        ("kind", f"{row.job_type.value.replace('_', ' ')} ({row.phase.value}), {number}"),
        ("makes again", str(row.reproduces_job_id or "")),
        ("state", state),
        ("pool", f"{row.pool}, priority {row.priority}"),
        ("ordered", f"{_time(row.created_at)} by {row.requested_by}"),
    ]


def _recipe(recipe: Recipe) -> list[Fact]:
    frames = f", {recipe.frame_count} frames at {recipe.fps} fps" if recipe.job_type.is_motion else ""
    inputs = ", ".join(f"{name}={value}" for name, value in recipe.workflow_inputs.items())
    own = " (the studio's own)" if recipe.workflow_source else ""
    start = recipe.start_image
    return [
        ("recipe", f"{recipe.width}x{recipe.height}{frames}, seed {recipe.seed}"),
        ("prompt", shorten(recipe.positive_prompt, _PROMPT, placeholder=" …")),
        ("not", shorten(recipe.negative_prompt, _PROMPT, placeholder=" …")),
        ("workflow", f"{recipe.workflow}{own}" if recipe.workflow or own else ""),
        ("  inputs", inputs),
        ("checkpoint", recipe.model_name),
        ("LoRAs", "\n".join(f"{lora.name} at {lora.weight:g}" for lora in recipe.lora_models)),
        ("starts from", f"{start.path}  {start.sha256[:_DIGITS]}".rstrip() if start else ""),
        ("fire drill", recipe.defect.value if recipe.defect else ""),
    ]


def _not_drawn(detail: JobDetail) -> list[Fact]:
    return [("not drawn", Text(", ".join(detail.not_drawn), "yellow"))] if detail.not_drawn else []


def _take(detail: JobDetail) -> list[Fact]:
    take = detail.take
    if take is None:
        return []
    frames = f"{take.frames} frames, " if take.frames > 1 else ""
    return [
        ("take", f"{frames}{take.width}x{take.height}, {take.size_bytes / 2**20:.2f} MiB"),
        ("pixels", take.pixel_sha256),
        ("master", take.master_path),
        ("render time", _pace(detail, take)),
    ]


def _pace(detail: JobDetail, take: TakeView) -> Text:
    if take.reused_from_job_id is not None:
        return Text.assemble("none: the equal take of job ", (str(take.reused_from_job_id), "cyan"), " is used")
    text = Text(f"{take.render_seconds:.2f} s")
    if is_slow(detail.row.job_type, take.render_seconds):
        text.append(f"  slow: a still may take {STILL_LIMIT_S:g} s", "bold yellow")
    return text


def _making(detail: JobDetail) -> list[Fact]:
    """What really ran."""
    environment = {name: str(value) for name, value in sorted(detail.environment.items())}
    ran = ", ".join(f"{name} {value}" for name, value in environment.items() if "renderer" not in name)
    print_of = f"{environment_sha256(environment)[:_DIGITS]}" if environment else ""
    hashes = detail.file_hashes.items()
    return [
        ("renderer", f"{detail.recipe.renderer} {detail.renderer_version or ''}".strip()),
        ("weights", "\n".join(f"{name}  {str(digest)[:_DIGITS] or 'not hashed'}" for name, digest in hashes)),
        ("environment", Text.assemble((print_of, "bold"), "  ", ran) if ran else ""),
    ]


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
