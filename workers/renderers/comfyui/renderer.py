"""The production renderer: one recipe, one prompt at one ComfyUI, every file decoded before it counts."""

from __future__ import annotations

import logging
import tempfile
import time
import uuid
from collections import deque
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models.disk import sha256_of
from models.errors import BadInput, LeaseLost, NotHere, StepFailed, Unavailable
from models.vocabulary import ErrorKind
from workers.media.reading import FrameReader
from workers.media.takes import TakeWriter
from workers.renderers import registry
from workers.renderers.comfyui import preflight
from workers.renderers.comfyui.checkpoints import CheckpointHashes, checkpoint_hash
from workers.renderers.comfyui.client import ComfyUIClient
from workers.renderers.comfyui.listening import Listener
from workers.renderers.comfyui.queued_prompt import Patience, Prompt, sweep
from workers.renderers.comfyui.recorded import workflow_of
from workers.renderers.comfyui.sections import picture_name
from workers.renderers.renderer import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray

    from models.recipe import Recipe
    from workers.media.rendered import Rendered
    from workers.renderers.comfyui.client import OutputFile, Stats
    from workers.renderers.comfyui.graph import Graph
    from workers.renderers.comfyui.preflight import Inventory
    from workers.renderers.comfyui.workflow import Workflow
    from workers.renderers.renderer import Capabilities, Progress

    Frame = NDArray[np.uint8]

_log = logging.getLogger(__name__)
#: raised when the same recipe would give another graph
VERSION = "1"
_DOWNLOAD_TRIES = 4
_COLD_TRIES = 4
#: by these a node reads a file that lies in ComfyUI's input folder
_INPUT_FILES = frozenset({"image", "video", "audio", "file", "directory"})


class ComfyUIRenderer:
    """Renders at one ComfyUI, which is one card."""

    name = "comfyui"
    version = VERSION

    def __init__(
        self,
        url: str = "",
        *,
        client_id: str = "farm",
        models_dir: Path | None = None,
        hash_memory: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`client_id` is stable per worker: prompts left under it by an earlier process are cancelled."""
        if not url:
            raise NotHere("No ComfyUI is named here.", hint="Set FARM_COMFYUI_URL for this worker.")
        self._client = ComfyUIClient(url)
        self._client_id = client_id
        self._hashes = CheckpointHashes(models_dir, hash_memory)
        self._patience = patience or Patience()
        self._swept = False
        self._inventory: Inventory | None = None

    def capabilities(self) -> Capabilities:
        """See `registry`, where admission reads the same value."""
        return registry.capabilities(self.name)

    def facts(self, recipe: Recipe) -> Facts:
        """Its version, ComfyUI's, and the files that the recipe's graph loads.

        Raises:
            StepFailed: a render would fail in the same way.
        """
        with _step_failures():
            graph = workflow_of(recipe).bind(recipe, "farm")
            stats = self._client.stats()
        environment = self._environment(stats)
        return Facts(
            environment={name: environment[name] for name in ("renderer", "renderer_version", "comfyui")},
            file_hashes=self._hashes.of(graph),
            unknown_pictures=(
                # They are told in the take's sidecar, which leaves the studio: by name, not by place.
                *(Path(path).name for path, sha256 in _pictures(recipe) if not sha256),
                *_pictures_of_its_own(graph, recipe),
            ),
        )

    def inventory(self, *, fresh: bool = False) -> Inventory:
        """What this ComfyUI has; asked once and kept, unless `fresh`."""
        if self._inventory is None or fresh:
            self._inventory = preflight.take_inventory(self._client)
        return self._inventory

    def render(
        self, recipe: Recipe, into: Path, *, progress: Progress, alive: Callable[[], bool], cold: bool = False
    ) -> Rendered:
        """Render at ComfyUI and write the take into the folder `into`, whose name is `{job}-{attempt}`.

        `cold` makes ComfyUI forget what it has computed, so that a repetition really computes it again.

        Raises:
            LeaseLost: `alive()` turned false; the prompt was cancelled.
            StepFailed: anything else; its `error_kind` says who may try again.
        """
        workflow = workflow_of(recipe)
        prefix = "/".join(("farm", *into.name.rsplit("-", 1)))
        with _step_failures():
            self._sweep_once()
            graph = self._with_pictures(workflow.bind(recipe, prefix), recipe)
            self._refuse_impossible(workflow, graph)
            stats = self._client.stats()
        hashes = self._hashes.of(graph)
        make = self._make_cold if cold or self._holds_other_weights(hashes) else self._make
        files, _ = make(graph, prefix, progress, alive)
        with TakeWriter(into, recipe) as take:
            for frame in self._frames(files, into, workflow, recipe, alive):
                take.add(frame)
                progress(take.frames, recipe.frame_count)
            self._hashes.used(self._client.url, hashes)
            resolved = {"comfyui_workflow": graph, "file_hashes": hashes}
            if checkpoint := checkpoint_hash(graph, hashes):
                resolved["model_hash"] = checkpoint
            return take.finish(environment=self._environment(stats), resolved=resolved)

    def _make_cold(
        self, graph: Graph, prefix: str, progress: Progress, alive: Callable[[], bool]
    ) -> tuple[list[OutputFile], tuple[str, ...]]:
        """As `_make`, with nothing answered from the cache.

        ComfyUI only notes that it is to forget, and a prompt that follows closely may come first.
        """
        for _ in range(_COLD_TRIES):
            with _step_failures():
                self._client.free()
            files, cached = self._make(graph, prefix, progress, alive)
            if not cached:
                return files, cached
            _log.info("ComfyUI still remembered %d nodes; it is told again to forget.", len(cached))
        raise StepFailed(
            f"ComfyUI at {self._client.url} answered from its cache, although it was told {_COLD_TRIES} times "
            "to forget.",
            error_kind=ErrorKind.UNAVAILABLE,
            hint="Somebody else may be rendering the same there. It is tried again later.",
        )

    def _holds_other_weights(self, hashes: Mapping[str, str]) -> bool:
        """Whether a file was replaced under its name: ComfyUI goes on with what it has loaded."""
        replaced = self._hashes.replaced(self._client.url, hashes)
        if replaced:
            _log.warning("%s changed; ComfyUI is told to load anew.", ", ".join(replaced))
        return bool(replaced)

    def _make(
        self, graph: Graph, prefix: str, progress: Progress, alive: Callable[[], bool]
    ) -> tuple[list[OutputFile], tuple[str, ...]]:
        """The files that the graph made, and the nodes that were answered from the cache."""
        prompt = Prompt(
            self._client,
            prompt_id=str(uuid.uuid4()),
            client_id=self._client_id,
            prefix=prefix,
            patience=self._patience,
        )
        listener = Listener(
            self._client.url,
            client_id=self._client_id,
            prompt_id=prompt.prompt_id,
            progress=lambda done, total: progress(done, total, "steps"),
            nudge=prompt.nudge,
        )
        with listener:
            try:
                prompt.hand_in(graph, {"extra_pnginfo": {"farm": prefix}}, alive)
                return prompt.follow(alive), prompt.cached
            except LeaseLost:
                raise
            except StepFailed as error:
                self._after_failure(prompt, error)
                raise
            except Exception:
                # Such as a time limit of the task: the card must not go on with an abandoned prompt.
                prompt.cancel()
                raise

    def _after_failure(self, prompt: Prompt, error: StepFailed) -> None:
        """Leave nothing running and, after memory ran out, nothing loaded."""
        try:
            if error.error_kind is ErrorKind.OUT_OF_MEMORY:
                self._client.free()
            elif error.error_kind is ErrorKind.UNAVAILABLE:
                _log.warning("The prompt %s is left to the server's next start.", prompt.prompt_id)
        except (Unavailable, StepFailed) as trouble:
            _log.warning("After a failure: %s", trouble.message)

    def _sweep_once(self) -> None:
        if not self._swept:
            count = sweep(self._client, self._client_id, self._patience)
            if count:
                _log.warning("%d prompts of an earlier process were cancelled.", count)
            self._swept = True

    def _with_pictures(self, graph: Graph, recipe: Recipe) -> Graph:
        """Hand in every picture the recipe starts from, and use the names under which they are kept."""
        for path, sha256 in _pictures(recipe):
            _require_unchanged(path, sha256)
            _require_decodable(Path(path))
            wanted = picture_name(sha256, path)
            with tempfile.TemporaryDirectory() as folder:
                named = Path(folder) / wanted.rpartition("/")[2]
                named.symlink_to(Path(path).resolve())
                kept = self._client.upload(named)
            if kept != wanted:
                for node in graph.values():
                    for name, value in node["inputs"].items():
                        if value == wanted:
                            node["inputs"][name] = kept
        return graph

    def _refuse_impossible(self, workflow: Workflow, graph: Graph) -> None:
        """Once more what admission saw, because a model may have gone; a stale list is asked for again."""
        for fresh in (False, True):
            troubles = list(
                preflight.troubles(
                    graph,
                    self.inventory(fresh=fresh),
                    requires=workflow.requires,
                    vram_mib=workflow.vram_mib,
                    counted=workflow.counted,
                )
            )
            if not troubles:
                return
        raise StepFailed(troubles[0].sentence, error_kind=ErrorKind.MISSING_CHECKPOINT, hint=troubles[0].hint)

    def _frames(
        self,
        files: list[OutputFile],
        into: Path,
        workflow: Workflow,
        recipe: Recipe,
        alive: Callable[[], bool],
    ) -> Iterator[Frame]:
        """Every frame but those that were only asked for to fit the model's counting."""
        motion = recipe.job_type.is_motion
        extra = workflow.binding.frames.asked(recipe.frame_count) - recipe.frame_count if motion else 0
        held: deque[Frame] = deque()
        for file in files:
            if not alive():
                raise LeaseLost
            for frame in self._decoded(file, into, recipe.fps):
                held.append(frame)
                if len(held) > extra:
                    yield held.popleft()

    def _decoded(self, file: OutputFile, into: Path, fps: int | Fraction) -> Iterator[Frame]:
        """The frames of one downloaded file at the ordered rate; the download is removed when they are read."""
        path = self._download(file, into)
        try:
            yield from FrameReader(path, fps)
        except BadInput as error:
            raise StepFailed(
                f"ComfyUI's file {file.filename} cannot be decoded: {error.message}",
                error_kind=ErrorKind.BAD_OUTPUT,
            ) from error
        finally:
            path.unlink(missing_ok=True)

    def _download(self, file: OutputFile, into: Path) -> Path:
        for left in reversed(range(_DOWNLOAD_TRIES)):
            try:
                return self._client.download(file, into)
            except Unavailable as error:
                if not left:
                    raise StepFailed(error.message, error_kind=ErrorKind.UNAVAILABLE) from error
                time.sleep(self._patience.poll)
        raise AssertionError

    def _environment(self, stats: Stats) -> dict[str, str]:
        return {
            "renderer": self.name,
            "renderer_version": self.version,
            "comfyui": stats.version,
            "comfyui_pytorch": stats.pytorch,
            "comfyui_python": stats.python,
            "device": stats.device,
        }


@contextmanager
def _step_failures() -> Iterator[None]:
    """A refusal of the recipe, or a ComfyUI that does not answer, is a failure of this step."""
    try:
        yield
    except BadInput as error:
        raise StepFailed.of(error, ErrorKind.BAD_RECIPE) from error
    except Unavailable as error:
        raise StepFailed.of(error, ErrorKind.UNAVAILABLE) from error


def _require_unchanged(path: str, sha256: str) -> None:
    """Equal recipes make equal takes, and a recipe names its pictures by content."""
    try:
        actual_sha256 = sha256_of(Path(path))
    except OSError as error:
        raise BadInput(
            f"The picture {path} cannot be read: {error.strerror or error}.", hint="Put it back, or order anew."
        ) from error
    if sha256 and actual_sha256 != sha256:
        raise BadInput(
            f"The picture {path} is not the one that was ordered.", hint="Put that one back, or order anew."
        )


def _require_decodable(path: Path) -> None:
    """Admission looked at the picture's header only; ComfyUI would fail at the rest without saying why."""
    try:
        reader = FrameReader(path)
        # Closed here, not whenever the error that may follow is forgotten.
        with closing(iter(reader)) as frames:
            next(frames, None)
        if reader.is_motion:
            raise BadInput("it is a clip or an animation, not one still picture.")
    except BadInput as error:
        raise BadInput(
            f"The picture {path} cannot be used: {error.message}", hint="Order anew with a whole still picture."
        ) from error


def _pictures_of_its_own(graph: Graph, recipe: Recipe) -> Iterator[str]:
    """What a studio's graph loads from ComfyUI's input folder by itself: anybody may put another file there."""
    handed_in = {picture_name(sha256, path) for path, sha256 in _pictures(recipe)}
    for node in graph.values():
        for name in _INPUT_FILES & node["inputs"].keys():
            value = node["inputs"][name]
            if isinstance(value, str) and value and value not in handed_in:
                yield value


def _pictures(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of every picture the recipe starts from."""
    if recipe.start_image:
        yield recipe.start_image.path, recipe.start_image.sha256
    for net in recipe.controlnet_models:
        if net.image_path:
            yield net.image_path, net.image_sha256
    for ref in recipe.ipadapter_refs:
        yield ref.reference_image_path, ref.sha256
