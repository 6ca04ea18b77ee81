"""Why no worker can render a job, where that is so: no card of its size, no such file, a silent ComfyUI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.nearest import nearest_file
from models.pools import gib_of, renderer_of, served_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.fleet import KnownServer
    from models.jobs import WhyFacts

_NODE = "node"
#: what people call the file that a loader's input names
_CALLED = {
    "ckpt_name": "checkpoint",
    "lora_name": "LoRA",
    "vae_name": "VAE",
    "unet_name": "diffusion model",
    "control_net_name": "ControlNet",
    "style_model_name": "style model",
    "clip_name": "text encoder",
    _NODE: "node",
}


def lacking(facts: WhyFacts) -> list[str]:
    """What is missing, in sentences of which the first is the answer; none when some worker can render it."""
    pool, needs = facts.queue.pool, set(facts.needs)
    live = [server for server in facts.servers if server.is_live]
    fitting = [server for server in live if pool in server.pools]
    if any(needs <= set(server.has) for server in fitting):
        return []
    silent = [server for server in facts.servers if not server.is_live and _would_do(server, pool, needs)]
    if fitting and needs:
        return [*_nobody_has(needs, fitting, live), *_silent(silent)]
    if facts.workers and not needs:
        # A worker that renders without a server serves the pool.
        return []
    if silent:
        return _silent(silent)
    too_small = live and not any(pool in served_by(renderer_of(pool), server.vram_mib) for server in live)
    return _no_card(pool, live) if too_small else []


def called(word: str) -> str:
    """A word of `render_queue.needs` as people say it.

    >>> called("lora_name=aiko.safetensors"), called("node=IPAdapterAdvanced"), called("motion_module=mm.ckpt")
    ("the LoRA 'aiko.safetensors'", "the node 'IPAdapterAdvanced'", "the file 'mm.ckpt'")
    """
    name, _, value = word.partition("=")
    return f"the {_CALLED.get(name.rstrip('0123456789'), 'file')} '{value}'"


def _would_do(server: KnownServer, pool: str, needs: set[str]) -> bool:
    """Whether it could render the job, by what was last known of it, if it answered."""
    fits = pool in served_by(renderer_of(pool), server.vram_mib)
    return fits and (not server.inventory or needs <= set(server.has))


def _nobody_has(needs: set[str], fitting: Sequence[KnownServer], live: Sequence[KnownServer]) -> list[str]:
    everywhere = {word for server in fitting for word in server.has}
    missing = sorted(needs - everywhere)
    if not missing:
        lacks = [f"{server.worker_id} lacks {_all_called(needs - set(server.has))}" for server in fitting]
        return [f"No live worker has everything it needs: {'; '.join(lacks)}."]
    sentences = []
    for word in missing:
        elsewhere = next((server for server in live if word in server.has), None)
        if elsewhere is not None:
            what = called(word).removeprefix("the ")
            size = f"{elsewhere.vram_mib / 1024:.0f} GiB"
            sentences.append(f"The {what} is only at {elsewhere.worker_id}, whose card of {size} is too small.")
        else:
            sentences.append(f"No live worker has {called(word)}{_nearest(word, fitting)}.")
    return sentences


def _nearest(word: str, servers: Sequence[KnownServer]) -> str:
    """What has nearly the same name, and where it is; empty when nothing has."""
    name, _, value = word.partition("=")
    known = {
        other.partition("=")[2]: server.worker_id
        for server in reversed(servers)
        for other in server.has
        if other.partition("=")[0] == name
    }
    near = nearest_file(value, known)
    return "" if near is None else f"; {known[near]} has the nearest '{near}'"


def _silent(servers: Sequence[KnownServer]) -> list[str]:
    return [_silence(server) for server in servers]


def _silence(server: KnownServer) -> str:
    if server.error is None:
        return f"{server.worker_id} could render it, but was last heard of {_ago(server.seconds_silent)} ago."
    since = f" since {server.error_since}" if server.error_since else ""
    return f"{server.worker_id} could render it, but its ComfyUI does not answer{since}: {server.error}"


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _no_card(pool: str, live: Sequence[KnownServer]) -> list[str]:
    biggest = max(live, key=lambda server: server.vram_mib)
    return [
        f"No live worker has a card of {gib_of(pool)} GiB or more.",
        f"The biggest is at {biggest.worker_id}: {biggest.device}, {biggest.vram_mib / 1024:.0f} GiB.",
    ]


def _all_called(words: set[str]) -> str:
    return " and ".join(called(word) for word in sorted(words))
