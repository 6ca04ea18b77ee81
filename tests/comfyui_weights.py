"""Tiny, seeded weights that a real ComfyUI loads and samples on a CPU in a second.

`python -m tests.comfyui_weights MODELS_DIR` writes them there. The checkpoint is of the Stable Diffusion 1.5
family, because ComfyUI tells families apart by the shapes in a file: one block of its U-Net, the whole text
encoder, and the tiny autoencoder. Every weight is in the file, so nothing is left as memory happened to be.
The tensors are windows into one block of noise, which a file in torch's own format keeps as what they are:
123 million weights in 4 MB.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    Weights = dict[str, torch.Tensor]

#: the files, by ComfyUI's folder
CHECKPOINT, LORA, CONTROLNET = "farm-tiny.ckpt", "farm-tiny.safetensors", "farm-tiny.pth"
FOLDERS = {"checkpoints": CHECKPOINT, "loras": LORA, "controlnet": CONTROLNET}
_SEED, _SPREAD = 20_220_822, 0.02
_CONTRAST = 60
#: how many numbers the block has, and in how many places a window may begin
_NOISE, _OFFSETS = 1 << 21, 1 << 16
_CHANNELS, _TEXT, _TOKENS, _TEXT_LAYERS = 320, 768, 49_408, 12
_UNET, _VAE = "model.diffusion_model.", "first_stage_model."
_CLIP = "cond_stage_model.transformer.text_model."
#: layers of the control network that look at the picture: index, channels in and out
_HINT = ((0, 3, 16), (2, 16, 16), (4, 16, 32), (6, 32, 32), (8, 32, 96), (10, 96, 96), (12, 96, 256))


def write_weights(models_dir: Path) -> list[Path]:
    """Write checkpoint, LoRA and ControlNet into ComfyUI's `models` folder; the files, for removal."""
    import torch

    noise = _Noise()
    written = [models_dir / folder / name for folder, name in FOLDERS.items()]
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": _checkpoint(noise)}, written[0])
    _write_lora(written[1])
    torch.save(_controlnet(noise), written[2])
    return written


class _Noise:
    """Weights of any shape, cut out of one seeded block of noise."""

    def __init__(self) -> None:
        import torch

        seeded = torch.Generator().manual_seed(_SEED)
        self._block = (torch.randn(_NOISE, generator=seeded) * _SPREAD).half()
        self._ones, self._zero = torch.ones(1).half(), torch.zeros(1).half()
        self._next = 0

    def weight(self, *shape: int) -> torch.Tensor:
        """Noise; rows of what is larger than the block overlap, and still differ."""
        strides = [1]
        for side in reversed(shape[1:]):
            strides.insert(0, strides[0] * side)
        self._next = (self._next + 7919) % _OFFSETS
        strides[0] = min(strides[0], (_NOISE - _OFFSETS - strides[0]) // shape[0])
        return self._block[self._next :].as_strided(shape, strides)

    def layer(self, *shape: int, bias: bool = True) -> dict[str, torch.Tensor]:
        """A convolution or a linear layer."""
        return {"weight": self.weight(*shape)} | ({"bias": self._zero.expand(shape[0])} if bias else {})

    def norm(self, channels: int) -> dict[str, torch.Tensor]:
        """A normalisation that changes nothing."""
        return {"weight": self._ones.expand(channels), "bias": self._zero.expand(channels)}

    def one(self, *shape: int) -> torch.Tensor:
        return self._ones[0].expand(shape)

    def zero(self) -> torch.Tensor:
        return self._zero[0]


def _under(prefix: str, layers: dict[str, Weights]) -> Weights:
    return {f"{prefix}{name}.{part}": value for name, parts in layers.items() for part, value in parts.items()}


def _checkpoint(noise: _Noise) -> Weights:
    unet = _under(_UNET, _encoder_half(noise)) | _under(_UNET, _decoder_half(noise))
    return unet | _under(_CLIP, _text_encoder(noise)) | _autoencoder(noise)


def _encoder_half(noise: _Noise) -> dict[str, Weights]:
    """What U-Net and control network have in common."""
    c = _CHANNELS
    return {
        "time_embed.0": noise.layer(4 * c, c),
        "time_embed.2": noise.layer(4 * c, 4 * c),
        "input_blocks.0.0": noise.layer(c, 4, 3, 3),
        **_residual(noise, "input_blocks.1.0", c),
        **_attention(noise, "input_blocks.1.1"),
        **_residual(noise, "middle_block.0", c),
    }


def _decoder_half(noise: _Noise) -> dict[str, Weights]:
    c = _CHANNELS
    return {
        **_residual(noise, "output_blocks.0.0", 2 * c),
        **_residual(noise, "output_blocks.1.0", 2 * c),
        "out.0": noise.norm(c),
        "out.2": noise.layer(4, c, 3, 3),
    }


def _residual(noise: _Noise, name: str, channels: int) -> dict[str, Weights]:
    c = _CHANNELS
    layers = {
        f"{name}.in_layers.0": noise.norm(channels),
        f"{name}.in_layers.2": noise.layer(c, channels, 3, 3),
        f"{name}.emb_layers.1": noise.layer(c, 4 * c),
        f"{name}.out_layers.0": noise.norm(c),
        f"{name}.out_layers.3": noise.layer(c, c, 3, 3),
    }
    return layers if channels == c else {**layers, f"{name}.skip_connection": noise.layer(c, channels, 1, 1)}


def _attention(noise: _Noise, name: str) -> dict[str, Weights]:
    c, block = _CHANNELS, f"{name}.transformer_blocks.0"
    layers = {f"{name}.norm": noise.norm(c)}
    for side in ("proj_in", "proj_out"):
        layers[f"{name}.{side}"] = noise.layer(c, c, 1, 1)
    for which, seen in (("attn1", c), ("attn2", _TEXT)):
        layers[f"{block}.{which}.to_q"] = noise.layer(c, c, bias=False)
        layers[f"{block}.{which}.to_k"] = noise.layer(c, seen, bias=False)
        layers[f"{block}.{which}.to_v"] = noise.layer(c, seen, bias=False)
        layers[f"{block}.{which}.to_out.0"] = noise.layer(c, c)
    layers[f"{block}.ff.net.0.proj"] = noise.layer(8 * c, c)
    layers[f"{block}.ff.net.2"] = noise.layer(c, 4 * c)
    return layers | {f"{block}.norm{number}": noise.norm(c) for number in (1, 2, 3)}


def _text_encoder(noise: _Noise) -> dict[str, Weights]:
    layers: dict[str, Weights] = {
        "embeddings.token_embedding": noise.layer(_TOKENS, _TEXT, bias=False),
        "embeddings.position_embedding": noise.layer(77, _TEXT, bias=False),
        "final_layer_norm": noise.norm(_TEXT),
    }
    for number in range(_TEXT_LAYERS):
        name = f"encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layers[f"{name}.self_attn.{part}"] = noise.layer(_TEXT, _TEXT)
        layers[f"{name}.mlp.fc1"] = noise.layer(4 * _TEXT, _TEXT)
        layers[f"{name}.mlp.fc2"] = noise.layer(_TEXT, 4 * _TEXT)
        layers |= {f"{name}.layer_norm{which}": noise.norm(_TEXT) for which in (1, 2)}
    return layers


def _autoencoder(noise: _Noise) -> Weights:
    """The tiny autoencoder: lists of convolutions, by their places in the list."""
    ends = {
        "taesd_encoder.0": noise.layer(64, 3, 3, 3),
        "taesd_encoder.14": noise.layer(4, 64, 3, 3),
        "taesd_decoder.1": noise.layer(64, 4, 3, 3),
    }
    halves = {"encoder": ((1, 3, 4, 5, 7, 8, 9, 11, 12, 13), (2, 6, 10))}
    halves["decoder"] = ((3, 4, 5, 8, 9, 10, 13, 14, 15, 18), (7, 12, 17))
    # Noise makes every layer a little fainter; the last one makes grey of nothing and a picture of a little.
    ends["taesd_decoder.19"] = {"weight": noise.weight(3, 64, 3, 3) * _CONTRAST, "bias": noise.one(3) / 2}
    for half, (blocks, scalings) in halves.items():
        for block in blocks:
            ends |= {f"taesd_{half}.{block}.conv.{part}": noise.layer(64, 64, 3, 3) for part in (0, 2, 4)}
        ends |= {f"taesd_{half}.{place}": noise.layer(64, 64, 3, 3, bias=False) for place in scalings}
    scale = {f"{_VAE}vae_scale": noise.one(), f"{_VAE}vae_shift": noise.zero()}
    return _under(_VAE, ends) | scale


def _controlnet(noise: _Noise) -> Weights:
    c = _CHANNELS
    layers = _encoder_half(noise)
    layers |= {f"input_hint_block.{place}": noise.layer(out, into, 3, 3) for place, into, out in _HINT}
    layers["input_hint_block.14"] = noise.layer(c, 256, 3, 3)
    for place in ("zero_convs.0.0", "zero_convs.1.0", "middle_block_out.0"):
        layers[place] = noise.layer(c, c, 1, 1)
    return _under("", layers)


def _write_lora(path: Path) -> None:
    """Two layers of the U-Net's attention and one of the text encoder's, in the safetensors format."""
    import numpy as np

    draw = np.random.default_rng(_SEED)
    sides = {
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q": _CHANNELS,
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_v": _CHANNELS,
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj": _TEXT,
    }
    header: dict[str, Any] = {}
    body = b""
    for name, side in sides.items():
        for part, shape in (("lora_up.weight", (side, 4)), ("lora_down.weight", (4, side)), ("alpha", ())):
            data = np.full((), 4.0) if part == "alpha" else draw.normal(0, 0.2, shape)
            raw = data.astype(np.float32).tobytes()
            places = [len(body), len(body) + len(raw)]
            header[f"{name}.{part}"] = {"dtype": "F32", "shape": list(shape), "data_offsets": places}
            body += raw
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % 8)
    path.write_bytes(len(told).to_bytes(8, "little") + told + body)


if __name__ == "__main__":
    for file in write_weights(Path(sys.argv[1])):
        sys.stdout.write(f"{file} ({file.stat().st_size / 2**20:.1f} MiB)\n")
