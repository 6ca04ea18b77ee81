"""AMT-S against numbers recorded from its authors' own code, on seeded weights in a file of their format.

The authors' code may not be shipped here, so it was run once beside this one, on the weights and frames that
these tests make again: largest difference 2e-6 over all pixels at four sizes. What it answered is written down.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
import torch

from models.errors import NotMeasured
from tests.support.vit_files import seeded
from workers.scoring.networks.amt_layers import AmtLayers
from workers.scoring.networks.amt_s import AmtS

#: bytes of weights in the authors' network, whose file adds names to them
WEIGHT_BYTES = 11_962_172


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network():
    """Seeded weights with slopes as trained ones have them, so that the network is far from linear."""
    net = seeded(AmtLayers())
    with torch.no_grad():
        for weight in net.parameters():
            if weight.ndim == 1 and float(weight.mean()) > 0.5:
                weight.mul_(0.25)
    return net


def frame(shift_px: float, height: int = 128, width: int = 150) -> np.ndarray:
    """Waves that move to the right, `(H, W, 3)` uint8."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin((x - shift_px) / (5.0 + 4.0 * n) + n) * np.cos(y / (7.0 + 3.0 * n)) for n in range(3)]
    return np.clip(127.5 + 120.0 * np.stack(waves, axis=-1), 0, 255).round().astype(np.uint8)


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None] / 255.0


def written(path, state):
    torch.save(OrderedDict(epoch=299, state_dict=state), path)
    return path


def test_the_layers_answer_what_the_authors_code_answered():
    """Every 40th row and 49th column of the frame between, as the authors' code drew it, red, green, blue."""
    recorded = [
        0.44773, 0.327175, 0.578705, 0.291791, 0.464487, 0.464548, 0.36753, 0.223325,
        0.568465, 0.541495, 0.450755, 0.278124, 0.490538, 0.3497, 0.571997, 0.366903,
        0.789122, 0.619878, 0.369716, 0.22855, 0.478098, 0.339029, 0.491689, 0.525863,
        0.264211, 0.409585, 0.61379, 0.687869, 0.879814, 0.624029, 0.403617, 0.084053,
        0.5105, 0.281114, 0.176948, 0.710325, 0.072163, 0.450907, 0.337992, 0.134124,
        0.623585, 0.368486, 0.14116, 0.693135, 0.0, 0.443604, 0.493864, 0.14694,
    ]  # fmt: skip

    with torch.inference_mode():
        found = network()(tensor(frame(0, 128, 160)), tensor(frame(6, 128, 160)))[0]

    assert found[:, 5::40, 7::49].flatten(1).numpy() == pytest.approx(np.reshape(recorded, (3, 16)), abs=1e-4)
    assert found.mean((1, 2)).numpy() == pytest.approx(np.array([0.489894, 0.458462, 0.357735]), abs=1e-5)


def test_frames_of_any_size_are_padded_and_rounded_as_in_vbench(tmp_path):
    """Every 31st row and 37th column, red, of a frame that no multiple of 16 fits, as VBench would draw it."""
    recorded = [
        [89, 152, 203, 174, 118],
        [114, 91, 96, 131, 120],
        [141, 152, 139, 104, 158],
        [106, 154, 110, 126, 65],
        [89, 146, 139, 152, 128],
    ]
    net = AmtS(written(tmp_path / "amt-s.pth", network().state_dict()), "cpu")

    found = net.between(frame(0), frame(6))

    assert found.shape == (128, 150, 3)
    assert found.dtype == np.uint8
    assert np.abs(found[::31, ::37, 0].astype(int) - recorded).max() <= 1
    assert (net.name, net.device, len(net.sha256)) == ("amt-s", "cpu", 64)


def test_the_network_has_the_authors_size_and_their_names():
    state = AmtLayers().state_dict()

    assert sum(weight.numel() * weight.element_size() for weight in state.values()) == WEIGHT_BYTES
    for name in ("feat_encoder.layer2.0.downsample.0.weight", "encoder.pyramid1.0.0.weight"):
        assert name in state
    for name in ("decoder4.convblock.1.conv2.1.weight", "update2.gru.2.bias", "comb_block.1.weight"):
        assert name in state


def _lacking(name):
    state = dict(AmtLayers().state_dict())
    del state[name]
    return state


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "bare": lambda path: torch.save(AmtLayers().state_dict(), path),
    "no weights": lambda path: written(path, None),
    "a part missing": lambda path: written(path, _lacking("comb_block.2.bias")),
    "larger": lambda path: written(path, AmtLayers().state_dict() | {"update4.convc2.weight": torch.zeros(1)}),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_a_file_that_is_not_amt_s_is_refused_in_one_sentence(tmp_path, trouble):
    file = tmp_path / "amt-s.pth"
    BROKEN[trouble](file)

    with pytest.raises(NotMeasured) as refusal:
        AmtS(file, "cpu")

    assert refusal.value.message.endswith(".")
    assert "farm networks pull amt-s" in refusal.value.hint
