"""`farm recipe FILE`: how a picture or clip was made, from the file itself or the take.json beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from farm.cli.console import AsJson, out, print_json
from farm.paths import typed
from models.recipe import environment_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.recipe import Recipe
    from workers.media.provenance import Provenance


def recipe(
    file: Annotated[str, typer.Argument(help="A picture, a clip, or a take.json.")], *, as_json: AsJson = False
) -> None:
    """Say how a file was made: prompt, seed, size, weights, and what really ran."""
    from workers.media import provenance

    path = typed(file)
    record = provenance.read(path)
    if as_json:
        print_json(record.to_json())
    else:
        out().print(_table(record, path.name))


def _table(record: Provenance, name: str) -> Table:
    """What a person asks first; `--json` has the rest."""
    table = Table(title=name, show_header=False, box=None, title_justify="left", padding=(0, 2, 0, 0))
    for label, value in _rows(record):
        if value not in ("", None):
            table.add_row(label, _printable(str(value)))
    return table


def _printable(text: str) -> str:
    """Without control characters: in a file from outside they could steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _rows(record: Provenance) -> list[tuple[str, Any]]:
    recipe, ran = record.recipe, record.environment
    hashes = record.resolved.get("file_hashes") or {}
    return [
        ("job", record.take.get("job_id")),
        ("renderer", f"{recipe.renderer} {ran.get('renderer_version', '')}".strip()),
        ("kind", f"{recipe.job_type.value}, {recipe.width}x{recipe.height}, {_frames(recipe.frame_count)}"),
        ("seed", recipe.seed),
        ("prompt", recipe.positive_prompt),
        ("not", recipe.negative_prompt),
        ("who", ", ".join(look.name for look in recipe.characters)),
        ("checkpoint", recipe.model_name),
        ("workflow", recipe.workflow),
        ("pictures", ", ".join(_pictures(recipe))),
        ("LoRAs", ", ".join(f"{lora.name} {lora.weight:g}" for lora in recipe.lora_models)),
        ("weights", ", ".join(f"{file} {digest[:12] or 'not hashed'}" for file, digest in hashes.items())),
        ("ran on", ", ".join(f"{word} {value}" for word, value in ran.items() if "renderer" not in word)),
        ("environment", environment_sha256(ran) if ran else ""),
        ("pixels", record.take.get("pixel_sha256")),
    ]


def _pictures(recipe: Recipe) -> Iterator[str]:
    """What the render started from, by name and content."""
    start = [(recipe.start_image.path, recipe.start_image.sha256)] if recipe.start_image else []
    nets = [(net.image_path, net.image_sha256) for net in recipe.controlnet_models if net.image_path]
    refs = [(ref.reference_image_path, ref.sha256) for ref in recipe.ipadapter_refs]
    for path, sha256 in (*start, *nets, *refs):
        yield f"{Path(path).name} {sha256[:12] or 'not hashed'}"


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
