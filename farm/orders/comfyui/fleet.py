"""The ComfyUIs of this farm as their workers report them, and which of them can run a graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from db.fleet import inventories
from models.errors import OrderRefused
from models.nearest import listed, the_nearest_is
from workers.renderers.comfyui import preflight
from workers.renderers.comfyui.preflight import Inventory, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.engine import Session
    from farm.settings import Settings
    from models.fleet import KnownServer
    from workers.renderers.comfyui.graph import Graph
    from workers.renderers.comfyui.workflow import Workflow

#: inventories this process has parsed, by the hash of their content
_parsed: dict[str, Inventory] = {}
_PARSED_AT_MOST = 16
#: recipe fields that name a file which the workflow's own loaders read
_FILE_FIELDS = {"model_name": "checkpoint", "vae_name": "VAE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One ComfyUI and what it has."""

    server: KnownServer
    inventory: Inventory

    def troubles(self, graph: Graph, workflow: Workflow, requires: Mapping[str, str]) -> list[Trouble]:
        """Everything that keeps a graph of this workflow from running here; empty: it runs."""
        return list(
            preflight.troubles(
                graph,
                self.inventory,
                requires=requires,
                vram_mib=workflow.vram_mib,
                counted=workflow.counted,
            )
        )


class Fleet:
    """The sites that count: those that live, or where none does, those last heard of."""

    def __init__(self, servers: Sequence[KnownServer]) -> None:
        self._servers = servers
        self._files: dict[str, list[str]] = {}
        self._meant: dict[tuple[str, str], str] = {}

    @classmethod
    def of(cls, session: Session, settings: Settings) -> Fleet:
        """Everything that workers have reported so far."""
        return cls(inventories.known(session, silent_after=settings.lease))

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Live ones only, where there is one; raises `OrderRefused` when none was ever heard of."""
        reporting = [server for server in self._servers if server.content["nodes"]]
        counting = [server for server in reporting if server.is_live] or reporting
        if not counting:
            raise self._nobody()
        return tuple(Site(server=server, inventory=_inventory(server)) for server in counting)

    def require(self, graph: Graph, workflow: Workflow, requires: Mapping[str, str]) -> Inventory:
        """What a site that can run this graph has.

        Raises:
            OrderRefused: none can; the sentence is the first trouble of the one that comes nearest.
        """
        nearest: list[Trouble] = []
        for site in self.sites:
            troubles = site.troubles(graph, workflow, requires)
            if not troubles:
                return site.inventory
            if not nearest or len(troubles) < len(nearest):
                nearest = troubles
        raise OrderRefused(nearest[0].sentence, hint=nearest[0].hint)

    def file(self, loader_input: str, word: str, what: str) -> str:
        """The file that `word` means among those any site's loaders list under `loader_input`.

        Its name as listed, or without its ending, or without its folders; a plain mistake is refused with the
        nearest name, and so is a word that means several files.
        """
        if (loader_input, word) not in self._meant:
            self._meant[loader_input, word] = self._find(loader_input, word, what)
        return self._meant[loader_input, word]

    def spelled(self, fields: Mapping[str, Any], workflow: Workflow) -> dict[str, Any]:
        """Recipe fields, the checkpoint and the VAE among them by the names that the workflow's loaders list.

        A word no loader knows stays as it is: `require` then names the node. A folder that was given is kept,
        because a checkpoint of the same name may be another one.
        """
        spelled = dict(fields)
        for field, what in _FILE_FIELDS.items():
            for place in workflow.binding.inputs.get(field, ()) if spelled.get(field) else ():
                word = spelled[field]
                if any(_folder(word) in ("", _folder(name)) for name in meant(word, self._listed(place.input))):
                    spelled[field] = self.file(place.input, word, what)
        return spelled

    def _find(self, loader_input: str, word: str, what: str) -> str:
        known = self._listed(loader_input)
        matches = meant(word, known)
        # ComfyUI on Windows lists the same file with backslashes.
        if len({name.replace("\\", "/") for name in matches}) == 1:
            return matches[0]
        if matches:
            raise OrderRefused(
                f"The {what} '{word}' may be any of {', '.join(matches[:4])}.", hint="Name one of them whole."
            )
        they_have = f"They have: {listed(known)}." if known else "They have none at all."
        raise OrderRefused(
            f"No ComfyUI of this farm has the {what} '{word}'.", hint=the_nearest_is(word, known, they_have)
        )

    def _listed(self, loader_input: str) -> list[str]:
        if loader_input not in self._files:
            kinds = (kind for site in self.sites for kind in site.inventory.nodes.values())
            names = {name for kind in kinds for name in kind.lists.get(loader_input, ())}
            self._files[loader_input] = sorted(names)
        return self._files[loader_input]

    def _nobody(self) -> OrderRefused:
        mute = next((server for server in self._servers if server.error), None)
        if mute is not None:
            return OrderRefused(
                f"The ComfyUI at {mute.url or mute.host} has never answered its worker: {mute.error}",
                hint="Start it; the order can be checked as soon as it answers.",
            )
        return OrderRefused(
            "No ComfyUI has reported to this farm yet, so the order cannot be checked.",
            hint="Start a worker with FARM_COMFYUI_URL set, or order from renderer toon.",
        )


def meant(word: str, known: Sequence[str]) -> list[str]:
    """The names that `word` may mean.

    >>> meant("ink", ["aiko.safetensors", "style/ink.safetensors"])
    ['style/ink.safetensors']
    """
    if word in known:
        return [word]
    path = word.replace("\\", "/")
    paths = {name: name.replace("\\", "/") for name in known}
    whole = [name for name, each in paths.items() if path in (each, _bare(each))]
    last = path.rpartition("/")[2]
    return whole or [
        name for name, each in paths.items() if last in (end := each.rpartition("/")[2], _bare(end))
    ]


def _folder(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[0]


def _bare(path: str) -> str:
    """Without its ending.

    >>> _bare("style/ink.v2.safetensors"), _bare("a.b/ink")
    ('style/ink.v2', 'a.b/ink')
    """
    bare, _, ending = path.rpartition(".")
    return path if "/" in ending else bare or path


def _inventory(server: KnownServer) -> Inventory:
    if server.inventory not in _parsed:
        if len(_parsed) >= _PARSED_AT_MOST:
            _parsed.clear()
        content = {"version": "", "device": "", "vram_mib": 0, **server.content}
        _parsed[server.inventory] = Inventory.from_json(content)
    return replace(
        _parsed[server.inventory], version=server.version, device=server.device, vram_mib=server.vram_mib
    )
