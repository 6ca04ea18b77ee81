"""A studio's own workflow: accepted with a small file beside it, or refused with the node's name."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from models.errors import BadInput
from models.recipe import Lora, Recipe
from models.vocabulary import JobType
from workers.renderers.comfyui import binding_file

if TYPE_CHECKING:
    from pathlib import Path

GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 1,
            "steps": 20,
            "cfg": 7.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "anime_xl.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "ComfyUI"}},
}
BINDING = """
job_types: [still_image]
output: 9
inputs:
  positive_prompt: 6.text
  negative_prompt: 7.text
  seed: 3.seed
  steps: 3.steps
  width: 5.width
  height: 5.height
  strength: 3.denoise
defaults: {strength: 0.8}
loras: {model: ["4", 0], clip: ["4", 1]}
vram_gib: 12
"""


class Folder:
    """A workflows folder with one workflow, `ours`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def write(self, graph: Any = None, binding: str = BINDING) -> Folder:
        text = graph if isinstance(graph, str) else json.dumps(graph or GRAPH)
        (self.path / "ours.json").write_text(text)
        (self.path / "ours.yaml").write_text(binding)
        return self

    def load(self) -> Any:
        return binding_file.load(self.path)["ours"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


#: seven lines of aliases that would unfold to ten million words
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 7)
)


def unkeepable(value: Any) -> dict[str, Any]:
    """The graph with a value that Postgres or JSON cannot carry, where nothing is bound."""
    note = {**GRAPH["6"]["inputs"], "note": [{"deep": value}]}
    return GRAPH | {"6": {**GRAPH["6"], "inputs": note}}


def deep(levels: int) -> str:
    """The graph with lists so deep within lists, which JSON reads and Python cannot copy."""
    note = json.dumps(unkeepable("here"))
    return note.replace('"here"', "[" * levels + "]" * levels)


def recipe(**changed: Any) -> Recipe:
    said: dict[str, Any] = {
        "renderer": "comfyui",
        "job_type": JobType.STILL_IMAGE,
        "seed": 42,
        "width": 832,
        "height": 1216,
        "positive_prompt": "1girl",
        "workflow": "ours",
    }
    return Recipe(**(said | changed))


def test_a_recipe_goes_where_the_binding_says(folder: Folder) -> None:
    workflow = folder.write().load()

    graph = workflow.bind(recipe(), "farm/job/1")

    assert graph["3"]["inputs"]["seed"] == 42
    assert graph["3"]["inputs"]["denoise"] == 0.8
    assert graph["6"]["inputs"]["text"] == "1girl"
    assert graph["4"]["inputs"]["ckpt_name"] == "anime_xl.safetensors"
    assert graph["9"]["inputs"]["filename_prefix"] == "farm/job/1/take"
    assert workflow.vram_mib == 12 * 1024


def test_what_the_recipe_carries_is_the_whole_workflow(folder: Folder) -> None:
    workflow = folder.write().load()

    again = binding_file.parse("ours", workflow.source["graph"], workflow.source["binding"])

    assert again.bind(recipe(), "p") == workflow.bind(recipe(), "p")


def test_a_recipe_comes_back_from_a_studios_graph(folder: Folder) -> None:
    workflow = folder.write().load()
    ordered = recipe(workflow_inputs={"strength": 0.5})

    assert workflow.read(workflow.bind(ordered, "p")) == ordered


@pytest.mark.parametrize(
    ("graph", "binding", "sentence"),
    [
        (None, BINDING.replace("3.seed", "33.seed"), "names node 33, which its graph does not have"),
        (None, BINDING.replace("3.seed", "3.sede"), r"input sede of node 3 \(KSampler\)"),
        (None, BINDING.replace("output: 9", "output: 8"), r"output node 8 \(VAEDecode\)"),
        (None, BINDING.replace("3.seed", "seed"), "'seed' names no input"),
        (None, BINDING.replace("job_types", "jobtypes"), "cannot be used at 'job_types'"),
        (None, BINDING.replace("3.seed", "6.text"), r"names seed, but 6\.text is '', which is not a whole"),
        (None, BINDING.replace("strength: 0.8", "steps: many"), "names steps, but its default is 'many'"),
        (None, BINDING.replace("strength:", "scene:"), "names scene, which is no single value"),
        (None, BINDING.replace("6.text", "6.text/2"), r"divides 6\.text for positive_prompt, but ''"),
        (None, BINDING.replace("3.seed", "3.seed+"), r"puts seed before 3\.seed, but not both are texts"),
        (None, BINDING.replace("3.seed", "[]"), "names seed, but no input for it"),
        (None, "just words", "is no mapping"),
        (None, "a: [", "ours.yaml, line 1: this is not YAML"),
        ("{", BINDING, "ours.json, line 1: this is not JSON"),
        ({"nodes": [], "links": []}, BINDING, "editor's format"),
        ("[" * 100_000, BINDING, "ours.json, line 1: this is nested too deeply"),
        (unkeepable("a\0b"), BINDING, r"ours.json, line 1: 'a\\x00b' cannot be kept"),
        (unkeepable("\ud800"), BINDING, "ours.json, line 1: .* cannot be kept"),
        (unkeepable(float("nan")), BINDING, "ours.json, line 1: NaN is no number"),
        (unkeepable(10**400), BINDING, "A number of 401 digits cannot be kept"),
        (None, BINDING.replace("strength: 0.8", 'strength: "\\0"'), "ours.yaml, line .*cannot be kept"),
        (deep(500), BINDING, "ours.json, line 1: this is nested too deeply"),
        (deep(900), BINDING, "ours.json, line 1: this is nested too deeply"),
        (GRAPH | {"7\0": GRAPH["7"]}, BINDING, r"ours.json, line 1: '7\\x00' cannot be kept"),
        (GRAPH | {"\ud800": GRAPH["7"]}, BINDING, "ours.json, line 1: .* cannot be kept"),
        (None, BINDING.replace("5.width", "5.width/²"), "'5.width/²' names no input"),
        (None, BINDING.replace("5.width", f"5.width/{'9' * 5000}"), "names no input"),
        (None, BINDING.replace("strength: 0.8", "strenght: 0.8"), r"default for strenght.*'strength'"),
        (
            GRAPH | {"66": GRAPH["6"]},
            BINDING.replace("6.text", "66.text"),
            r"names positive_prompt, but node 66 \(CLIPTextEncode\) leads to nothing",
        ),
        (
            None,
            BINDING.replace('model: ["4", 0]', 'model: ["9", 0]'),
            r"loras behind output 0 of node 9 \(SaveImage\), which nothing takes",
        ),
        (
            None,
            BINDING + 'controls: {positive: ["6", 1], negative: ["7", 0]}\n',
            r"controls behind output 1 of node 6 \(CLIPTextEncode\), which nothing takes",
        ),
        (
            None,
            BINDING.replace('clip: ["4", 1]', 'clip: ["4", 0]'),
            r"names output 0 of node 4 \(CheckpointLoaderSimple\) twice for loras",
        ),
        (None, BINDING + 'ip_adapter: ["5", 1]\n', "ip_adapter behind output 1 of node 5"),
        (
            None,
            BINDING.replace("7.text", "6.text"),
            r"writes both positive_prompt and negative_prompt to 6\.text",
        ),
        (
            None,
            BINDING.replace("3.denoise", "9.filename_prefix").replace("0.8", "mine"),
            r"writes both the name of its files and strength to 9\.filename_prefix",
        ),
        (None, BOMB + BINDING, r"ours.yaml, line 1: its aliases \(\*name\) unfold"),
    ],
)
def test_a_workflow_that_cannot_work_is_refused_in_one_sentence(
    folder: Folder, graph: Any, binding: str, sentence: str
) -> None:
    folder.write(graph, binding)

    with pytest.raises(BadInput, match=sentence) as refused:
        folder.load()

    assert "\n" not in str(refused.value)


def test_a_node_of_a_subgraph_may_be_named_without_quotes(folder: Folder) -> None:
    """YAML reads 12:3 as a number of base sixty; ComfyUI calls the nodes of a subgraph so."""
    graph = {name: node for name, node in GRAPH.items() if name not in ("4", "9")}
    text = json.dumps(graph | {"12:4": GRAPH["4"], "12:3": GRAPH["9"]}).replace('["4",', '["12:4",')
    binding = BINDING.replace("output: 9", "output: 12:3").replace('"4"', "12:4")

    workflow = folder.write(text, binding).load()

    assert workflow.binding.output == "12:3"
    assert workflow.binding.sections.loras[0].model == ("12:4", 0)


@pytest.mark.parametrize("places", ["[66.text, 6.text]", "[6.text, 66.text]"])
def test_one_input_that_reaches_the_take_is_enough(folder: Folder, places: str) -> None:
    assert folder.write(GRAPH | {"66": GRAPH["6"]}, BINDING.replace("6.text", places)).load()


def test_a_size_that_cannot_be_divided_is_refused(folder: Folder) -> None:
    workflow = folder.write(None, BINDING.replace("5.width", "5.width/3")).load()

    with pytest.raises(BadInput, match=r"A width of 832 cannot be divided by 3 for 5\.width"):
        workflow.bind(recipe(), "farm/job/1")


def test_a_prompt_may_be_put_before_the_text_of_the_graph_and_is_read_without_it(folder: Folder) -> None:
    graph = GRAPH | {"6": {**GRAPH["6"], "inputs": {**GRAPH["6"]["inputs"], "text": "from behind"}}}
    workflow = folder.write(graph, BINDING.replace("6.text", "6.text+")).load()

    bound = workflow.bind(recipe(positive_prompt="1girl"), "farm/job/1")

    assert bound["6"]["inputs"]["text"] == "1girl, from behind"
    assert workflow.read(bound).positive_prompt == "1girl"


def test_a_node_with_a_name_of_the_farms_own_is_never_overwritten(folder: Folder) -> None:
    mine = {"class_type": "LoraLoader", "inputs": {"model": ["4", 0], "clip": ["4", 1], "lora_name": "a.pt"}}
    sampler = {**GRAPH["3"], "inputs": {**GRAPH["3"]["inputs"], "model": ["lora-1-1", 0]}}
    workflow = folder.write(GRAPH | {"lora-1-1": mine, "3": sampler}).load()

    assert workflow.bind(recipe(), "farm/job/1")["lora-1-1"] == mine
    with pytest.raises(BadInput, match="has a node lora-1-1 of its own"):
        workflow.bind(recipe(lora_models=(Lora(name="ink", path="ink.safetensors"),)), "farm/job/1")


def test_a_pipe_in_the_folder_is_refused_without_waiting_for_a_writer(folder: Folder) -> None:
    folder.write()
    (folder.path / "ours.json").unlink()
    os.mkfifo(folder.path / "ours.json")

    with pytest.raises(BadInput, match=r"ours\.json is no file"):
        folder.load()


def test_an_order_cannot_lead_a_parameter_out_of_comfyuis_folder(folder: Folder) -> None:
    second = {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "notes"}}
    workflow = folder.write(
        GRAPH | {"99": second}, BINDING.replace("  seed:", "  notes: 99.filename_prefix\n  seed:")
    ).load()

    with pytest.raises(BadInput, match=r"Node 99 \(SaveImage\) .* names the path '\.\./evil'"):
        workflow.bind(recipe(workflow_inputs={"notes": "../evil"}), "farm/job/1")


def test_a_binding_without_its_graph_says_what_is_missing(folder: Folder) -> None:
    folder.write()
    (folder.path / "ours.json").unlink()

    with pytest.raises(BadInput, match=r"no ours\.json"):
        folder.load()


@pytest.mark.parametrize(
    "binding",
    [
        BINDING.replace("strength: 3.denoise", "strength: 3.model"),
        f"{BINDING}frames: {{inputs: [3.model]}}\n",
    ],
)
def test_a_value_is_never_written_over_a_connection(folder: Folder, binding: str) -> None:
    sentence = r"the input model of node 3 \(KSampler\), which is connected to node 4"

    with pytest.raises(BadInput, match=sentence):
        folder.write(binding=binding).load()


def test_a_recorded_recipe_that_wrote_over_a_connection_can_still_be_made_again(folder: Folder) -> None:
    source = folder.write().load().source
    inputs = {**source["binding"]["inputs"], "strength": ["3.model"]}

    again = binding_file.parse("ours", source["graph"], {**source["binding"], "inputs": inputs})

    assert again.bind(recipe(), "p")["3"]["inputs"]["model"] == 0.8


def test_a_rate_that_a_workflow_takes_is_whole(folder: Folder) -> None:
    bound = folder.write(None, BINDING.replace("steps: 3.steps", "fps: 3.steps")).load()
    film = recipe(fps=Fraction(24000, 1001))

    with pytest.raises(BadInput, match="takes whole rates, not 24000/1001 frames a second") as refused:
        bound.bind(film, "farm/job/1")
    assert "Order fps 24" in refused.value.hint
