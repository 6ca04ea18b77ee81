"""Pools: which renderer, on a card of which size; a worker serves every class its card fits."""

from __future__ import annotations

COMFYUI = "comfyui"
"""The renderer whose pools are split by card size, because it renders at a server with a card of its own."""

IMPORTED = "imported"
"""The renderer that draws nothing: it takes the pictures of a file that somebody gave."""

#: GiB of card memory that work is sorted by
CLASSES_GIB = (8, 12, 16, 24, 32, 48, 80)
#: a card sold as 24 GB reports 23.0 to 24.0 GiB: so much may be missing
_TOLERANCE = 0.94


def pool(renderer: str, vram_mib: int = 0) -> str:
    """Where work that needs so much card memory waits.

    >>> pool("toon"), pool("comfyui", 9000), pool("comfyui", 500_000)
    ('toon', 'comfyui-12g', 'comfyui-80g')
    """
    if vram_mib <= 0:
        return renderer
    enough = next((size for size in CLASSES_GIB if size * 1024 >= vram_mib), CLASSES_GIB[-1])
    return f"{renderer}-{enough}g"


def renderer_of(name: str) -> str:
    """The renderer of a pool.

    >>> renderer_of("comfyui-24g"), renderer_of("toon")
    ('comfyui', 'toon')
    """
    renderer, _, size = name.rpartition("-")
    return renderer if renderer and size.endswith("g") and size[:-1].isdecimal() else name


def gib_of(name: str) -> int:
    """The class of a pool; 0 where it asks for none.

    >>> gib_of("comfyui-24g"), gib_of("toon")
    (24, 0)
    """
    renderer = renderer_of(name)
    return 0 if renderer == name else int(name.removeprefix(f"{renderer}-").removesuffix("g"))


def fits(needed_mib: int, card_mib: int) -> bool:
    """Whether work that needs so much runs on such a card; a card of unknown size (0) is trusted.

    >>> fits(24 * 1024, 24_564), fits(24 * 1024, 16_376)
    (True, False)
    """
    return card_mib <= 0 or needed_mib * _TOLERANCE <= card_mib


def served_by(renderer: str, card_mib: int) -> tuple[str, ...]:
    """Every pool a worker with such a card listens to, the least demanding first.

    >>> served_by("comfyui", 16_376)
    ('comfyui', 'comfyui-8g', 'comfyui-12g', 'comfyui-16g')
    """
    sizes = (size for size in CLASSES_GIB if fits(size * 1024, card_mib))
    return (renderer, *(f"{renderer}-{size}g" for size in sizes))


def bigger(name: str) -> tuple[str, ...]:
    """The pools of the same renderer with more memory, the next one first.

    >>> bigger("comfyui-32g"), bigger("toon")[:2]
    (('comfyui-48g', 'comfyui-80g'), ('toon-8g', 'toon-12g'))
    """
    renderer = renderer_of(name)
    ladder = (renderer, *(f"{renderer}-{size}g" for size in CLASSES_GIB))
    return ladder[ladder.index(name) + 1 :] if name in ladder else ()
