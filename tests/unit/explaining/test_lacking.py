"""`farm why` names what no live worker has: the file and its nearest, the card, the ComfyUI that is silent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from farm.explaining.lacking import lacking
from models.fleet import KnownServer
from models.pools import served_by

if TYPE_CHECKING:
    from models.jobs import WhyFacts

SMALL, LARGE = 12_282, 24_564
AIKO, INK, NODE = "lora_name=aiko.safetensors", "lora_name=ink.safetensors", "node=IPAdapterAdvanced"


def server(
    name: str, vram_mib: int, *has: str, error: str | None = None, is_live: bool = True, silent: float = 1.0
) -> KnownServer:
    return KnownServer(
        worker_id=f"{name}:render:0",
        host=name,
        pools=served_by("comfyui", vram_mib),
        version="0.3.64",
        device=f"card of {name}",
        vram_mib=vram_mib,
        is_live=is_live and error is None,
        seconds_silent=silent,
        content={},
        has=has,
        error=error,
        error_since="2026-11-22T19:00:00+00:00" if error else None,
        inventory="0" * 64,
    )


def job(pool: str, *servers: KnownServer, needs: tuple[str, ...] = (), workers: int = 1) -> WhyFacts:
    facts = SimpleNamespace(
        queue=SimpleNamespace(pool=pool), needs=needs, servers=servers, workers=("worker",) * workers
    )
    return cast("WhyFacts", facts)


def test_a_job_that_a_live_worker_can_render_lacks_nothing() -> None:
    assert lacking(job("comfyui-12g", server("a", SMALL, AIKO, NODE), needs=(AIKO,))) == []


def test_a_pool_without_servers_of_its_own_lacks_nothing() -> None:
    assert lacking(job("toon")) == []


def test_a_file_nobody_has_is_named_with_the_nearest() -> None:
    facts = job("comfyui", server("x", SMALL, "lora_name=aiko_v2.safetensors", INK), needs=(AIKO,))

    assert lacking(facts) == [
        "No live worker has the LoRA 'aiko.safetensors'; x:render:0 has the nearest 'aiko_v2.safetensors'."
    ]


def test_a_node_nobody_has_is_named() -> None:
    [sentence] = lacking(job("comfyui", server("x", SMALL, AIKO), needs=(AIKO, NODE)))

    assert sentence == "No live worker has the node 'IPAdapterAdvanced'."


def test_a_file_that_lies_only_beside_a_smaller_card_is_told_so() -> None:
    facts = job("comfyui-24g", server("a", SMALL, AIKO), server("b", LARGE, INK), needs=(AIKO,))

    [sentence] = lacking(facts)

    assert sentence == ("The LoRA 'aiko.safetensors' is only at a:render:0, whose card of 12 GiB is too small.")


def test_what_is_scattered_over_two_workers_is_told_for_each() -> None:
    [sentence] = lacking(job("comfyui", server("a", SMALL, AIKO), server("b", SMALL, INK), needs=(AIKO, INK)))

    assert sentence == (
        "No live worker has everything it needs: a:render:0 lacks the LoRA 'ink.safetensors'; "
        "b:render:0 lacks the LoRA 'aiko.safetensors'."
    )


def test_a_card_nobody_has_is_named_with_the_biggest_there_is() -> None:
    told = lacking(job("comfyui-24g", server("a", SMALL, AIKO), needs=(AIKO,), workers=0))

    assert told == [
        "No live worker has a card of 24 GiB or more.",
        "The biggest is at a:render:0: card of a, 12 GiB.",
    ]


def test_a_comfyui_that_does_not_answer_is_named_where_it_could_have_rendered() -> None:
    down = server("x", LARGE, AIKO, error="ComfyUI at http://x did not answer /system_stats.")
    facts = job("comfyui-24g", server("a", SMALL, AIKO), down, needs=(AIKO,), workers=0)

    assert lacking(facts) == [
        "x:render:0 could render it, but its ComfyUI does not answer since 2026-11-22T19:00:00+00:00: "
        "ComfyUI at http://x did not answer /system_stats."
    ]


def test_a_lost_worker_is_named_by_how_long_it_is_silent() -> None:
    facts = job("comfyui", server("x", SMALL, AIKO, is_live=False, silent=600), needs=(AIKO,), workers=0)

    assert lacking(facts) == ["x:render:0 could render it, but was last heard of 10 min ago."]
