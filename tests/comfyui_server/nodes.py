"""The node types the stand-in knows, and the files it has: what `/object_info` and `/models` tell."""

from __future__ import annotations

from typing import Any

SAMPLERS = ["euler", "euler_ancestral", "dpmpp_2m", "uni_pc"]
SCHEDULERS = ["simple", "normal", "karras", "sgm_uniform"]
MODELS = {
    "checkpoints": ["tiny.safetensors", "anime_xl.safetensors"],
    "loras": ["aiko.safetensors", "style/ink.safetensors", "wan_high.safetensors", "wan_low.safetensors"],
    "vae": ["pixel_space", "wan_2.1_vae.safetensors", "qwen_image_vae.safetensors"],
    "diffusion_models": [
        "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors",
        "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors",
        "qwen_image_edit_2509_fp8_e4m3fn.safetensors",
    ],
    "text_encoders": ["umt5_xxl_fp8_e4m3fn_scaled.safetensors", "qwen_2.5_vl_7b_fp8_scaled.safetensors"],
    "controlnet": ["openpose.safetensors", "lineart.safetensors"],
    "clip_vision": ["clip_vision_h.safetensors"],
}


def _listed(values: list[str]) -> list[Any]:
    return [values, {}]


def _number(kind: str, low: float, high: float, step: float = 1) -> list[Any]:
    return [kind, {"min": low, "max": high, "step": step}]


def _node(inputs: dict[str, Any], output: list[str], *, saves: bool = False, **more: Any) -> dict[str, Any]:
    module = more.get("module", "nodes")
    told = {"required": inputs, "optional": more.get("optional", {})}
    return {"input": told, "output": output, "output_node": saves, "python_module": module}


_SIDE = _number("INT", 16, 16384, 8)
_SIDE16 = _number("INT", 16, 16384, 16)
_SEED = _number("INT", 0, 2**64 - 1)
_STEPS = _number("INT", 1, 10000)
_CFG = _number("FLOAT", 0.0, 100.0, 0.1)
_STRENGTH = _number("FLOAT", -100.0, 100.0, 0.01)
_WAN = {
    "positive": ["CONDITIONING"],
    "negative": ["CONDITIONING"],
    "vae": ["VAE"],
    "width": _SIDE16,
    "height": _SIDE16,
    "length": _number("INT", 1, 16384, 4),
    "batch_size": _number("INT", 1, 4096),
}
_SAMPLING = {
    "model": ["MODEL"],
    "steps": _STEPS,
    "cfg": _CFG,
    "sampler_name": _listed(SAMPLERS),
    "scheduler": _listed(SCHEDULERS),
    "positive": ["CONDITIONING"],
    "negative": ["CONDITIONING"],
    "latent_image": ["LATENT"],
}
NODES: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": _node({"ckpt_name": _listed(MODELS["checkpoints"])}, ["MODEL", "CLIP", "VAE"]),
    "LoraLoader": _node(
        {
            "model": ["MODEL"],
            "clip": ["CLIP"],
            "lora_name": _listed(MODELS["loras"]),
            "strength_model": _STRENGTH,
            "strength_clip": _STRENGTH,
        },
        ["MODEL", "CLIP"],
    ),
    "LoraLoaderModelOnly": _node(
        {"model": ["MODEL"], "lora_name": _listed(MODELS["loras"]), "strength_model": _STRENGTH}, ["MODEL"]
    ),
    "CLIPTextEncode": _node({"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}, ["CONDITIONING"]),
    "CLIPSetLastLayer": _node({"stop_at_clip_layer": _number("INT", -24, -1), "clip": ["CLIP"]}, ["CLIP"]),
    "EmptyLatentImage": _node(
        {"width": _SIDE, "height": _SIDE, "batch_size": _number("INT", 1, 4096)}, ["LATENT"]
    ),
    "EmptySD3LatentImage": _node(
        {"width": _SIDE16, "height": _SIDE16, "batch_size": _number("INT", 1, 4096)},
        ["LATENT"],
        module="comfy_extras.nodes_sd3",
    ),
    "EmptyHunyuanLatentVideo": _node(
        {
            "width": _SIDE16,
            "height": _SIDE16,
            "length": _number("INT", 1, 16384, 4),
            "batch_size": _number("INT", 1, 4096),
        },
        ["LATENT"],
        module="comfy_extras.nodes_hunyuan",
    ),
    "KSampler": _node({**_SAMPLING, "seed": _SEED, "denoise": _number("FLOAT", 0, 1, 0.01)}, ["LATENT"]),
    "KSamplerAdvanced": _node(
        {
            **_SAMPLING,
            "noise_seed": _SEED,
            "add_noise": _listed(["enable", "disable"]),
            "start_at_step": _number("INT", 0, 10000),
            "end_at_step": _number("INT", 0, 10000),
            "return_with_leftover_noise": _listed(["disable", "enable"]),
        },
        ["LATENT"],
    ),
    "VAELoader": _node({"vae_name": _listed(MODELS["vae"])}, ["VAE"]),
    "VAEDecode": _node({"samples": ["LATENT"], "vae": ["VAE"]}, ["IMAGE"]),
    "VAEEncode": _node({"pixels": ["IMAGE"], "vae": ["VAE"]}, ["LATENT"]),
    "SaveImage": _node({"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}, [], saves=True),
    "PreviewImage": _node({"images": ["IMAGE"]}, [], saves=True),
    "LoadImage": _node({"image": ["FILE"]}, ["IMAGE", "MASK"]),
    "EmptyImage": _node(
        {"width": _SIDE, "height": _SIDE, "batch_size": _number("INT", 1, 4096), "color": _SEED}, ["IMAGE"]
    ),
    "ImageStitch": _node(
        {
            "image1": ["IMAGE"],
            "direction": _listed(["right", "down", "left", "up"]),
            "match_image_size": ["BOOLEAN", {}],
            "spacing_width": _number("INT", 0, 1024),
            "spacing_color": _listed(["white", "black"]),
        },
        ["IMAGE"],
        optional={"image2": ["IMAGE"]},
        module="comfy_extras.nodes_images",
    ),
    "UNETLoader": _node(
        {"unet_name": _listed(MODELS["diffusion_models"]), "weight_dtype": _listed(["default", "fp8_e4m3fn"])},
        ["MODEL"],
    ),
    "CLIPLoader": _node(
        {"clip_name": _listed(MODELS["text_encoders"]), "type": _listed(["wan", "qwen_image", "sd3"])}, ["CLIP"]
    ),
    "ModelSamplingSD3": _node(
        {"model": ["MODEL"], "shift": _number("FLOAT", 0, 100, 0.01)},
        ["MODEL"],
        module="comfy_extras.nodes_model_advanced",
    ),
    "ModelSamplingAuraFlow": _node(
        {"model": ["MODEL"], "shift": _number("FLOAT", 0, 100, 0.01)},
        ["MODEL"],
        module="comfy_extras.nodes_model_advanced",
    ),
    "WanImageToVideo": _node(
        _WAN,
        ["CONDITIONING", "CONDITIONING", "LATENT"],
        optional={"start_image": ["IMAGE"]},
        module="comfy_extras.nodes_wan",
    ),
    "WanFirstLastFrameToVideo": _node(
        _WAN,
        ["CONDITIONING", "CONDITIONING", "LATENT"],
        optional={"start_image": ["IMAGE"], "end_image": ["IMAGE"]},
        module="comfy_extras.nodes_wan",
    ),
    "TextEncodeQwenImageEditPlus": _node(
        {"clip": ["CLIP"], "prompt": ["STRING", {}]},
        ["CONDITIONING"],
        optional={name: ["IMAGE"] for name in ("image1", "image2", "image3")} | {"vae": ["VAE"]},
        module="comfy_extras.nodes_qwen",
    ),
    "ControlNetLoader": _node({"control_net_name": _listed(MODELS["controlnet"])}, ["CONTROL_NET"]),
    "ControlNetApplyAdvanced": _node(
        {
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "control_net": ["CONTROL_NET"],
            "image": ["IMAGE"],
            "strength": _number("FLOAT", 0, 10, 0.01),
            "start_percent": _number("FLOAT", 0, 1, 0.001),
            "end_percent": _number("FLOAT", 0, 1, 0.001),
        },
        ["CONDITIONING", "CONDITIONING"],
        optional={"vae": ["VAE"]},
    ),
}
