"""The farm's own workflows, one for each kind of job, from nodes that come with every ComfyUI.

Every take is saved as PNG frames: a video file would be lossy, and masters are lossless. Samplers follow the
models' own defaults where the recipe says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.vocabulary import JobType
from workers.renderers.comfyui.graph import Graph, node
from workers.renderers.comfyui.sections import ControlSlot, LoraSlot, Sections
from workers.renderers.comfyui.workflow import Binding, Frames, Place, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterable

_SAMPLING = {"sampler_name": "euler", "scheduler": "normal"}
# Names as the files are published for ComfyUI, at half the memory of the 16-bit ones.
_WAN = {
    "high_noise_model": "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors",
    "low_noise_model": "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors",
    "text_encoder": "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
    "vae_name": "wan_2.1_vae.safetensors",
    "shift": 8.0,
    "switch_step": 10,
    "sampler_name": "euler",
    "scheduler": "simple",
}
#: what the views of a character sheet ask for, in reading order
SHEET_VIEWS = (
    "full body, seen from the front, neutral expression",
    "full body, seen from three quarters, neutral expression",
    "full body, seen from the side, neutral expression",
    "full body, seen from behind",
    "head and shoulders, happy expression",
    "head and shoulders, sad expression",
    "head and shoulders, angry expression",
    "head and shoulders, surprised expression",
)
_SHEET_COLUMNS = 4


def still() -> Workflow:
    """One picture from a checkpoint."""
    graph = {
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=""),
        "positive": node("CLIPTextEncode", "positive", text="", clip=("checkpoint", 1)),
        "negative": node("CLIPTextEncode", "negative", text="", clip=("checkpoint", 1)),
        "latent": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "sampler": _sampler(("checkpoint", 0), ("latent", 0)),
        "decode": node("VAEDecode", samples=("sampler", 0), vae=("checkpoint", 2)),
        "save": node("SaveImage", images=("decode", 0), filename_prefix=""),
    }
    return Workflow(
        name="still",
        job_types=(JobType.STILL_IMAGE,),
        graph=graph,
        binding=Binding(
            inputs=_places(
                model_name=["checkpoint.ckpt_name"],
                positive_prompt=["positive.text"],
                negative_prompt=["negative.text"],
                width=["latent.width"],
                height=["latent.height"],
                **_sampler_places("sampler"),
            ),
            output="save",
            sections=Sections(
                loras=(LoraSlot(model=("checkpoint", 0), clip=("checkpoint", 1)),),
                controls=ControlSlot(positive=("positive", 0), negative=("negative", 0), vae=("checkpoint", 2)),
                ip_adapter=("checkpoint", 0),
            ),
            defaults=_SAMPLING,
        ),
        vram_mib=8 * 1024,
    )


def loop() -> Workflow:
    """A loop that closes on itself: Wan from a picture back to it, the repeated last frame dropped."""
    return _wan(
        "loop",
        JobType.ANIMATION_LOOP,
        "WanFirstLastFrameToVideo",
        {"start_image": ("start", 0), "end_image": ("start", 0)},
        Frames(multiple=4, drop_last=True),
    )


def video() -> Workflow:
    """A video from a picture, by Wan's two models: the first steps by one, the last by the other."""
    return _wan(
        "video",
        JobType.FULL_VIDEO,
        "WanImageToVideo",
        {"start_image": ("start", 0)},
        Frames(multiple=4),
    )


def character_sheet() -> Workflow:
    """One character from several sides and in several moods, edited from a picture of them, in one picture."""
    return Workflow(
        name="character_sheet",
        job_types=(JobType.CHARACTER_SHEET,),
        graph=_sheet_graph(),
        binding=_sheet_binding(),
        vram_mib=24 * 1024,
        side_multiple_px=64,
    )


def all_workflows() -> dict[str, Workflow]:
    return {each.name: each for each in (still(), loop(), video(), character_sheet())}


def _sheet_graph() -> Graph:
    graph: Graph = {
        "model": node("UNETLoader", unet_name="", weight_dtype="default"),
        "shift": node("ModelSamplingAuraFlow", model=("model", 0), shift=3.0),
        "text": node("CLIPLoader", clip_name="", type="qwen_image"),
        "vae": node("VAELoader", vae_name=""),
        "start": node("LoadImage", "who", image=""),
        "latent": node("EmptySD3LatentImage", width=512, height=768, batch_size=1),
        "negative": node(
            "TextEncodeQwenImageEditPlus", "negative", clip=("text", 0), prompt="", vae=("vae", 0)
        ),
    }
    for number, view in enumerate(SHEET_VIEWS, start=1):
        inputs = {"clip": ("text", 0), "prompt": view, "vae": ("vae", 0), "image1": ("start", 0)}
        graph[f"view-{number}"] = node("TextEncodeQwenImageEditPlus", view, **inputs)
        graph[f"sampler-{number}"] = _sampler(("shift", 0), ("latent", 0), positive=f"view-{number}")
        graph[f"decode-{number}"] = node("VAEDecode", samples=(f"sampler-{number}", 0), vae=("vae", 0))
    graph |= _stitched([f"decode-{number}" for number in range(1, len(SHEET_VIEWS) + 1)])
    graph["save"] = node("SaveImage", images=("sheet", 0), filename_prefix="")
    return graph


def _sheet_binding() -> Binding:
    samplers = [f"sampler-{number}" for number in range(1, len(SHEET_VIEWS) + 1)]
    return Binding(
        inputs=_places(
            model_name=["model.unet_name"],
            vae_name=["vae.vae_name"],
            text_encoder=["text.clip_name"],
            shift=["shift.shift"],
            start_image=["start.image"],
            negative_prompt=["negative.prompt"],
            width=[f"latent.width/{_SHEET_COLUMNS}"],
            height=[f"latent.height/{-(-len(SHEET_VIEWS) // _SHEET_COLUMNS)}"],
            **_sampler_places(*samplers),
        )
        | {"positive_prompt": _view_places()},
        output="save",
        sections=Sections(loras=(LoraSlot(model=("model", 0)),)),
        defaults={
            "model_name": "qwen_image_edit_2509_fp8_e4m3fn.safetensors",
            "vae_name": "qwen_image_vae.safetensors",
            "text_encoder": "qwen_2.5_vl_7b_fp8_scaled.safetensors",
            "shift": 3.0,
            "sampler_name": "euler",
            "scheduler": "simple",
        },
    )


def _wan(name: str, kind: JobType, motion: str, pictures: dict[str, Any], frames: Frames) -> Workflow:
    return Workflow(
        name=name,
        job_types=(kind,),
        graph=_wan_graph(motion, pictures),
        binding=_wan_binding(frames),
        vram_mib=24 * 1024,
        side_multiple_px=16,
    )


def _wan_graph(motion: str, pictures: dict[str, Any]) -> Graph:
    return {
        "high": node("UNETLoader", "high noise", unet_name="", weight_dtype="default"),
        "low": node("UNETLoader", "low noise", unet_name="", weight_dtype="default"),
        "high-shift": node("ModelSamplingSD3", model=("high", 0), shift=8.0),
        "low-shift": node("ModelSamplingSD3", model=("low", 0), shift=8.0),
        "text": node("CLIPLoader", clip_name="", type="wan"),
        "vae": node("VAELoader", vae_name=""),
        "start": node("LoadImage", "first frame", image=""),
        "positive": node("CLIPTextEncode", "positive", text="", clip=("text", 0)),
        "negative": node("CLIPTextEncode", "negative", text="", clip=("text", 0)),
        "motion": node(
            motion,
            positive=("positive", 0),
            negative=("negative", 0),
            vae=("vae", 0),
            width=832,
            height=480,
            length=81,
            batch_size=1,
            **pictures,
        ),
        "first": _half("high-shift", ("motion", 2), add_noise="enable", leftover="enable"),
        "second": _half("low-shift", ("first", 0), add_noise="disable", leftover="disable"),
        "decode": node("VAEDecode", samples=("second", 0), vae=("vae", 0)),
        "save": node("SaveImage", images=("decode", 0), filename_prefix=""),
    }


def _wan_binding(frames: Frames) -> Binding:
    halves = ("first", "second")
    return Binding(
        inputs=_places(
            high_noise_model=["high.unet_name"],
            low_noise_model=["low.unet_name"],
            text_encoder=["text.clip_name"],
            vae_name=["vae.vae_name"],
            shift=["high-shift.shift", "low-shift.shift"],
            start_image=["start.image"],
            positive_prompt=["positive.text"],
            negative_prompt=["negative.text"],
            width=["motion.width"],
            height=["motion.height"],
            seed=[f"{half}.noise_seed" for half in halves],
            steps=[f"{half}.steps" for half in halves],
            cfg_scale=[f"{half}.cfg" for half in halves],
            sampler_name=[f"{half}.sampler_name" for half in halves],
            scheduler=[f"{half}.scheduler" for half in halves],
            switch_step=["first.end_at_step", "second.start_at_step"],
        ),
        output="save",
        frames=frames,
        frame_inputs=(Place("motion", "length"),),
        sections=Sections(
            loras=(LoraSlot(model=("high", 0), word="high"), LoraSlot(model=("low", 0), word="low"))
        ),
        defaults=_WAN,
    )


def _half(model: str, latent: tuple[str, int], *, add_noise: str, leftover: str) -> dict[str, Any]:
    """One of the two samplers that share the steps."""
    return node(
        "KSamplerAdvanced",
        model=(model, 0),
        add_noise=add_noise,
        noise_seed=0,
        steps=20,
        cfg=3.5,
        sampler_name="euler",
        scheduler="simple",
        positive=("motion", 0),
        negative=("motion", 1),
        latent_image=latent,
        start_at_step=0,
        end_at_step=10000,
        return_with_leftover_noise=leftover,
    )


def _sampler(model: tuple[str, int], latent: tuple[str, int], positive: str = "positive") -> dict[str, Any]:
    return node(
        "KSampler",
        model=model,
        seed=0,
        steps=20,
        cfg=7.0,
        sampler_name="euler",
        scheduler="normal",
        positive=(positive, 0),
        negative=("negative", 0),
        latent_image=latent,
        denoise=1.0,
    )


def _stitched(pictures: list[str]) -> Graph:
    """Pictures in rows of four, the rows under each other; the last node is called `sheet`."""
    stitches: Graph = {}
    rows = [pictures[at : at + _SHEET_COLUMNS] for at in range(0, len(pictures), _SHEET_COLUMNS)]
    ends = [_joined(stitches, f"row-{number}", row, "right") for number, row in enumerate(rows, start=1)]
    last = _joined(stitches, "sheet", ends, "down")
    stitches["sheet"] = stitches.pop(last)
    return stitches


def _joined(stitches: Graph, name: str, pictures: list[str], direction: str) -> str:
    end = pictures[0]
    for number, picture in enumerate(pictures[1:], start=1):
        stitches[f"{name}-{number}"] = node(
            "ImageStitch",
            image1=(end, 0),
            image2=(picture, 0),
            direction=direction,
            match_image_size=True,
            spacing_width=0,
            spacing_color="white",
        )
        end = f"{name}-{number}"
    return end


def _sampler_places(*samplers: str) -> dict[str, Iterable[str]]:
    fields = {
        "seed": "seed",
        "steps": "steps",
        "cfg_scale": "cfg",
        "sampler_name": "sampler_name",
        "scheduler": "scheduler",
    }
    return {name: [f"{sampler}.{where}" for sampler in samplers] for name, where in fields.items()}


def _view_places() -> tuple[Place, ...]:
    """Who it is, followed by how this view shows them."""
    return tuple(
        Place(f"view-{number}", "prompt", suffix=f", {view}")
        for number, view in enumerate(SHEET_VIEWS, start=1)
    )


def _places(**named: Iterable[str]) -> dict[str, tuple[Place, ...]]:
    return {name: tuple(Place.parse(text) for text in texts) for name, texts in named.items()}
