"""Graphs of the acceptance: one that no machine has memory for, one that half runs, and the farm's own."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.recipe import InputPicture, Recipe
from models.vocabulary import JobType
from tests.comfyui_server import png_bytes
from workers.renderers.comfyui.checkpoints import loaded
from workers.renderers.comfyui.sections import picture_name

if TYPE_CHECKING:
    from tests.acceptance.comfyui_site import Site
    from workers.renderers.comfyui.client import ComfyUIClient
    from workers.renderers.comfyui.graph import Graph
    from workers.renderers.comfyui.workflow import Workflow

#: ComfyUI's folder for the files each loader names
_FOLDERS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "vae_name": "vae",
    "lora_name": "loras",
}


def still_graph(checkpoint: str, prefix: str) -> Graph:
    """A still from core nodes."""
    return {
        "1": _node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": _node("CLIPTextEncode", text="a girl", clip=["1", 1]),
        "3": _node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "4": _sampler(["3", 0]),
        "5": _node("VAEDecode", samples=["4", 0], vae=["1", 2]),
        "9": _node("SaveImage", images=["5", 0], filename_prefix=f"{prefix}/take"),
    }


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def _sampler(latent: list[Any]) -> dict[str, Any]:
    links = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": latent}
    return _node(
        "KSampler", seed=1, steps=4, cfg=7.0, sampler_name="euler", scheduler="normal", denoise=1.0, **links
    )


#: a second output, whose checkpoint nobody has, beside a first that can be made
HALF_A_GRAPH: dict[str, Any] = {
    "20": _node("CheckpointLoaderSimple", ckpt_name="nowhere.safetensors"),
    "21": _node("VAEDecode", samples=["4", 0], vae=["20", 2]),
    "22": _node("SaveImage", images=["21", 0], filename_prefix="farm/half/1/other"),
}

#: a studio's workflow whose latent takes petabytes: every system refuses at once, so nothing is brought down
TOO_LARGE: dict[str, Any] = {
    "json": still_graph("", "farm")
    | {"3": _node("EmptyHunyuanLatentVideo", width=16384, height=16384, length=16381, batch_size=4096)},
    "yaml": {
        "job_types": ["still_image"],
        "output": "9",
        "inputs": {"model_name": "1.ckpt_name", "positive_prompt": "2.text", "seed": "4.seed"},
        # Nothing so large is ever made; an order must have some size all the same.
        "defaults": {"width": 64, "height": 64},
    },
}


def placeholders(workflow: Workflow, kind: JobType, site: Site, server: ComfyUIClient) -> Graph:
    """The workflow's graph for a small recipe, with an empty file for every file that it loads and nobody has.

    Skips the test where such a file cannot be put there.
    """
    picture = png_bytes(np.zeros((64, 64, 3), np.uint8))
    sha256 = hashlib.sha256(picture).hexdigest()
    start = None if kind is JobType.STILL_IMAGE else InputPicture(path="start.png", sha256=sha256)
    recipe = Recipe(
        renderer="comfyui",
        job_type=kind,
        seed=1,
        width=64,
        height=64,
        frame_count=kind.default_frames,
        model_name=site.checkpoint if kind is JobType.STILL_IMAGE else "",
        steps=4,
        start_image=start,
    )
    if start:
        with tempfile.TemporaryDirectory() as folder:
            named = Path(folder) / picture_name(sha256, start.path).rpartition("/")[2]
            named.write_bytes(picture)
            server.upload(named)
    graph = workflow.bind(recipe, "farm/all/1")
    for loader, name in loaded(graph):
        if name not in server.models(_FOLDERS[loader]):
            if site.models_dir is None:
                pytest.skip(f"this ComfyUI has no {name}: give COMFYUI_DIR, and an empty one is put there")
            site.placeholder(_FOLDERS[loader], name)
    return graph
