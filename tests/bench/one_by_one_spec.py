"""The networks of the `spec` profile as anybody uses them: timm, open_clip and insightface."""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import torch
from insightface.app import FaceAnalysis
from PIL import Image
from torch.nn.functional import normalize
from torchvision import transforms

from tests.bench.one_by_one import OneByOne
from tests.support.vit_files import open_clip_tower, timm_dino_of
from workers.scoring import weights
from workers.scoring.networks import clip_vit, dino_vitb16
from workers.scoring.networks.network import Face

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_DETECTOR_PX, _SURE = 640, 0.6


def spec(networks: Path, width: int, height: int) -> OneByOne:
    """The usual way for the `spec` profile, for clips of one size."""
    dino, clip, faces = (networks / weights.entry(n).file for n in ("dino-vitb16", "clip-vit-b32", "buffalo_l"))
    return OneByOne(
        networks, subject=PlainDino(dino, width, height), scene=PlainClip(clip), faces=PlainFaces(faces)
    )


class PlainDino:
    """timm's ViT-B/16 on pictures prepared by VBench's steps, one by one."""

    def __init__(self, file: Path, width: int, height: int) -> None:
        shape = dino_vitb16.SHAPE
        # The last columns that fill no patch are not looked at; timm wants them cut off before.
        rows, columns = (
            length * shape.side_px // min(width, height) // shape.patch_px for length in (height, width)
        )
        self._height, self._width = rows * shape.patch_px, columns * shape.patch_px
        self._net: Any = timm_dino_of(file, shape, rows, columns)
        self._prepare: Any = transforms.Compose(
            [
                transforms.Resize(size=shape.side_px, antialias=False),
                transforms.Lambda(lambda x: x.float().div(255.0)),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )

    def embed(self, picture: Picture) -> Floats:
        """The class token of one picture."""
        prepared = self._prepare(torch.from_numpy(picture).permute(2, 0, 1)[None])
        vector: Floats = self._net(prepared[..., : self._height, : self._width])[0].numpy()
        return vector


class PlainClip:
    """open_clip's tower with the weights of OpenAI's archive, as torch itself opens it."""

    def __init__(self, file: Path) -> None:
        with warnings.catch_warnings():
            # torch would rather see other formats; this is the one upstream's files have.
            warnings.simplefilter("ignore")
            archive: Any = torch.jit.load(str(file), map_location="cpu")  # type: ignore[no-untyped-call]
        state = {name: weight.float() for name, weight in archive.visual.state_dict().items()}
        self._net = open_clip_tower(clip_vit.B32)
        self._net.load_state_dict(state, assign=True)
        self._net.eval().requires_grad_(False)
        self._prepare: Any = transforms.Compose(
            [
                transforms.Resize(224, transforms.InterpolationMode.BICUBIC),
                transforms.CenterCrop(224),
                transforms.ToTensor(),
                transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
            ]
        )

    def embed(self, picture: Picture) -> Floats:
        """The vector of one picture."""
        prepared = self._prepare(Image.fromarray(picture))
        vector: Floats = normalize(self._net(prepared[None]), dim=-1)[0].numpy()
        return vector


class PlainFaces:
    """insightface's own pipeline, which embeds one face after the other."""

    def __init__(self, file: Path) -> None:
        unpacked = file.with_suffix("")
        with zipfile.ZipFile(file) as archive:
            for member in ("det_10g.onnx", "w600k_r50.onnx"):
                archive.extract(member, unpacked)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = torch.get_num_threads()
        self._analysis = FaceAnalysis(str(unpacked), providers=["CPUExecutionProvider"], sess_options=options)
        self._analysis.prepare(0, det_thresh=_SURE, det_size=(_DETECTOR_PX, _DETECTOR_PX))

    def look(self, picture: Picture) -> list[Face]:
        """The faces of one picture."""
        with warnings.catch_warnings():
            # insightface 2.1 calls scikit-image by a name that the pinned version warns of.
            warnings.simplefilter("ignore", FutureWarning)
            found = self._analysis.get(np.ascontiguousarray(picture[..., ::-1]))
        return [
            Face(*_middle(face.bbox), score=float(face.det_score), vector=face.normed_embedding)
            for face in found
        ]

    def likeness(self, references: Floats, vectors: Floats) -> Floats:
        """insightface's cosine of each with each."""
        similarity = self._analysis.models["recognition"].compute_sim
        table = [[similarity(one, other) for other in vectors] for one in references]
        return np.asarray(table, dtype=np.float32)


def _middle(box: Floats) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(edge) for edge in box)
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
