"""The layers of AMT-S, a network that draws the frame halfway between two frames.

Written from the architecture (Li et al., "AMT: All-Pairs Multi-Field Transforms for Efficient Frame
Interpolation", 2023). Flows are guessed coarsely and refined from 1/8 to full size; each guess is corrected by
looking up how well the two frames match there, in all pairs of their features. Attributes carry the names of
the authors' file. A flow has four numbers a pixel: x and y back to the frame before, x and y on to the next.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from torch.nn import functional

#: channels of the pyramid at 1/2, 1/4, 1/8 and 1/16
_CHANNELS = (20, 32, 44, 56)
#: channels that the residual blocks give an extra filter
_SIDE = 20
#: flows that the last decoder offers for each pixel
_FLOWS = 3
#: the neighbourhood that is looked up around a match, and on how many scales
_RADIUS, _SCALES = 3, 4
#: from halfway to a whole step: matches are looked up at the other frame, not in the middle
_WHOLE_STEP = 2.0


class AmtLayers(nn.Module):
    """Two frames `(1, 3, H, W)` in 0..1, sides multiples of 16 and at least 128, to the one between them."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = _CHANNELS
        self.feat_encoder = _Features(84)
        self.encoder = _Pyramid()
        self.decoder4 = _Decoder(2 * sixteenth + 1, 2 * sixteenth, 4 + eighth)
        self.decoder3 = _Decoder(3 * eighth + 4, 3 * eighth, 4 + quarter)
        self.decoder2 = _Decoder(3 * quarter + 4, 3 * quarter, 4 + half)
        self.decoder1 = _Decoder(3 * half + 4, 3 * half, 8 * _FLOWS)
        self.update4 = _Update(eighth, coarser=1)
        self.update3 = _Update(quarter, coarser=2)
        self.update2 = _Update(half, coarser=4)
        self.comb_block = nn.Sequential(
            nn.Conv2d(3 * _FLOWS, 6 * _FLOWS, 3, padding=1),
            nn.PReLU(6 * _FLOWS),
            nn.Conv2d(6 * _FLOWS, 3, 3, padding=1),
        )

    def forward(self, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
        """The frame halfway, `(1, 3, H, W)` in 0..1."""
        pair = torch.cat([before, after])
        level = pair.mean()
        pair = pair - level
        matches = _Matches(self.feat_encoder(pair))
        half, quarter, eighth, sixteenth = self.encoder(pair)
        halfway = torch.full_like(sixteenth[:1, :1], 0.5)
        flow, state = _parted(self.decoder4(torch.cat([sixteenth[:1], sixteenth[1:], halfway], 1)))
        flow, state = self.update4(flow, state, matches)
        flow, state = self._refined(self.decoder3, flow, state, eighth)
        flow, state = self.update3(flow, state, matches)
        flow, state = self._refined(self.decoder2, flow, state, quarter)
        flow, state = self.update2(flow, state, matches)
        last = self.decoder1(_aligned(flow, state, half))
        return self._drawn(pair, level, 2.0 * _scaled(flow, 2.0), last)

    @staticmethod
    def _refined(
        decoder: nn.Module, flow: torch.Tensor, state: torch.Tensor, features: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Flow and state at twice the size, from both frames' features moved to the middle."""
        change, state = _parted(decoder(_aligned(flow, state, features)))
        return change + 2.0 * _scaled(flow, 2.0), state

    def _drawn(
        self, pair: torch.Tensor, level: torch.Tensor, flow: torch.Tensor, last: torch.Tensor
    ) -> torch.Tensor:
        """The mean of several mixtures of the moved frames, and what a last filter adds to it."""
        back, on, share, rest = torch.split(last, [2 * _FLOWS, 2 * _FLOWS, _FLOWS, 3 * _FLOWS], 1)
        drafts = []
        for number in range(_FLOWS):
            xy = slice(2 * number, 2 * number + 2)
            one = _moved(pair[:1], flow[:, :2] + back[:, xy])
            other = _moved(pair[1:], flow[:, 2:] + on[:, xy])
            weight = torch.sigmoid(share[:, number : number + 1])
            extra = rest[:, 3 * number : 3 * number + 3]
            drafts.append(weight * one + (1.0 - weight) * other + level + extra)
        frame = torch.stack(drafts).mean(0) + self.comb_block(torch.cat(drafts, 1))
        return cast("torch.Tensor", frame.clamp(0.0, 1.0))


class _Matches:
    """How alike every place of one frame is to every place of the other, looked up on several scales."""

    def __init__(self, features: torch.Tensor) -> None:
        """`features` `(2, C, h, w)` of both frames."""
        _, channels, self._rows, self._columns = features.shape
        one, other = features.flatten(2)
        alike = (one.T @ other) / channels**0.5
        self._scales = [self._pooled(alike), self._pooled(alike.T)]
        steps = torch.arange(-_RADIUS, _RADIUS + 1, dtype=features.dtype, device=features.device)
        # x is the slower index of the neighbourhood: the order of the trained filters.
        self._around = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), dim=-1)
        y = torch.arange(self._rows, dtype=features.dtype, device=features.device)
        x = torch.arange(self._columns, dtype=features.dtype, device=features.device)
        self._places = torch.stack(torch.meshgrid(x, y, indexing="xy"))[None]

    def look_up(self, flow: torch.Tensor) -> torch.Tensor:
        """Likeness around the places that flow `(1, 4, h, w)` points to, `(1, 2 * 4 * 49, h, w)`."""
        back, on = flow[:, :2], flow[:, 2:]
        samples = []
        for scales, step in zip(self._scales, (on, back), strict=True):
            centres = (self._places + _WHOLE_STEP * step).permute(0, 2, 3, 1).reshape(-1, 1, 1, 2)
            for number, alike in enumerate(scales):
                seen = _sampled(alike, centres / 2**number + self._around)
                samples.append(seen.reshape(1, self._rows, self._columns, -1).permute(0, 3, 1, 2))
        return torch.cat(samples, 1)

    def _pooled(self, alike: torch.Tensor) -> list[torch.Tensor]:
        scales = [alike.reshape(-1, 1, self._rows, self._columns)]
        for _ in range(_SCALES - 1):
            scales.append(functional.avg_pool2d(scales[-1], 2))
        return scales


class _Features(nn.Module):
    """Features for matching at 1/8 of the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 7, stride=2, padding=3)
        self.norm1 = nn.InstanceNorm2d(32)
        self.layer1 = nn.Sequential(_Bottleneck(32, 32, 1), _Bottleneck(32, 32, 1))
        self.layer2 = nn.Sequential(_Bottleneck(32, 64, 2), _Bottleneck(64, 64, 1))
        self.layer3 = nn.Sequential(_Bottleneck(64, 96, 2), _Bottleneck(96, 96, 1))
        self.conv2 = nn.Conv2d(96, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.norm1(self.conv1(x)))
        return cast("torch.Tensor", self.conv2(self.layer3(self.layer2(self.layer1(x)))))


class _Bottleneck(nn.Module):
    """Narrow, filter, widen; added to the input, which is filtered only where the size changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        narrow = after // 4
        self.conv1 = nn.Conv2d(before, narrow, 1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride=stride, padding=1)
        self.conv3 = nn.Conv2d(narrow, after, 1)
        self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride=stride)) if stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for filtered in (self.conv1, self.conv2, self.conv3):
            y = functional.relu(functional.instance_norm(filtered(y)))
        if self.downsample is not None:
            x = functional.instance_norm(self.downsample(x))
        return functional.relu(x + y)


class _Pyramid(nn.Module):
    """Features of each frame at 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self) -> None:
        super().__init__()
        before = 3
        for number, channels in enumerate(_CHANNELS, 1):
            stage = nn.Sequential(_filter(before, channels, stride=2), _filter(channels, channels))
            self.add_module(f"pyramid{number}", stage)
            before = channels

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        stages = []
        for stage in self.children():
            x = stage(x)
            stages.append(x)
        return stages


class _Decoder(nn.Module):
    """Filters at one size, answers at twice that size."""

    def __init__(self, before: int, wide: int, after: int) -> None:
        super().__init__()
        self.convblock = nn.Sequential(
            _filter(before, wide), _Sided(wide), nn.ConvTranspose2d(wide, after, 4, stride=2, padding=1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return cast("torch.Tensor", self.convblock(x))


class _Sided(nn.Module):
    """A residual block of which the last channels are filtered twice as often."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv3 = _filter(channels, channels), _filter(channels, channels)
        self.conv2, self.conv4 = _filter(_SIDE, _SIDE), _filter(_SIDE, _SIDE)
        self.conv5 = nn.Conv2d(channels, channels, 3, padding=1)
        self.prelu = nn.PReLU(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for whole, side in ((self.conv1, self.conv2), (self.conv3, self.conv4)):
            y = whole(y)
            y = torch.cat([y[:, :-_SIDE], side(y[:, -_SIDE:])], 1)
        return cast("torch.Tensor", self.prelu(x + self.conv5(y)))


class _Update(nn.Module):
    """Corrects flow and state by the matches at 1/8, whatever the size of both is."""

    def __init__(self, channels: int, coarser: int) -> None:
        """`coarser`: how many times larger than 1/8 flow and state are."""
        super().__init__()
        self._coarser = coarser
        self.convc1 = nn.Conv2d(2 * _SCALES * (2 * _RADIUS + 1) ** 2, 64, 1)
        self.convf1 = nn.Conv2d(4, 40, 7, padding=3)
        self.convf2 = nn.Conv2d(40, 20, 3, padding=1)
        self.conv = nn.Conv2d(84, 68, 3, padding=1)
        self.gru = _head(68 + 4 + channels, 76)
        self.feat_head = _head(76, channels)
        self.flow_head = _head(76, 4)

    def forward(
        self, flow: torch.Tensor, state: torch.Tensor, matches: _Matches
    ) -> tuple[torch.Tensor, torch.Tensor]:
        times = float(self._coarser)
        small = _scaled(flow, 1.0 / times) / times
        seen = _leaky(self.convc1(matches.look_up(small)))
        going = _leaky(self.convf2(_leaky(self.convf1(small))))
        mixed = _leaky(self.conv(torch.cat([seen, going], 1)))
        hidden = self.gru(torch.cat([mixed, small, _scaled(state, 1.0 / times)], 1))
        change = times * _scaled(self.flow_head(hidden), times)
        return flow + change, state + _scaled(self.feat_head(hidden), times)


def _filter(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.PReLU(after))


def _head(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, 76, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(76, after, 3, padding=1)
    )


def _leaky(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, 0.1)


def _parted(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Flow and state."""
    return x[:, :4], x[:, 4:]


def _aligned(flow: torch.Tensor, state: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """What a decoder sees: the state, both frames' features moved to the middle, and the flow."""
    one, other = _moved(features[:1], flow[:, :2]), _moved(features[1:], flow[:, 2:])
    return torch.cat([state, one, other, flow], 1)


def _scaled(x: torch.Tensor, times: float) -> torch.Tensor:
    if times == 1.0:
        return x
    return functional.interpolate(x, scale_factor=times, mode="bilinear", align_corners=False)


def _moved(x: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """`x` `(1, C, H, W)` sampled where flow `(1, 2, H, W)` in pixels points; the border goes on outside."""
    rows, columns = flow.shape[-2:]
    across = torch.linspace(-1.0, 1.0, columns, device=x.device)
    down = torch.linspace(-1.0, 1.0, rows, device=x.device)
    still = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)
    half = torch.tensor([(columns - 1.0) / 2.0, (rows - 1.0) / 2.0], device=x.device)
    places = still + flow.permute(0, 2, 3, 1) / half
    return functional.grid_sample(x, places, padding_mode="border", align_corners=True)


def _sampled(x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """`x` `(N, 1, h, w)` at places `(N, 7, 7, 2)` in pixels, x before y; nothing lies outside."""
    size = torch.tensor([x.shape[-1] - 1, x.shape[-2] - 1], dtype=x.dtype, device=x.device)
    return functional.grid_sample(x, 2.0 * places / size - 1.0, align_corners=True)
