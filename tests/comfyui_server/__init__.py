"""A stand-in ComfyUI that behaves as the real one was recorded (0.3.64, 0.33.0), each of its traps switchable.

`python -m tests.comfyui_server --port 0 --folder DIR` prints its address and serves until it is killed. It
checks graphs against a small table of node types, runs them one after another with real progress events, keeps
a cache and a history, and writes real PNG files whose pixels follow from the graph. `POST /trap {name: value}`
switches a trap on; `{}` switches all off.
"""

from tests.comfyui_server.nodes import MODELS, NODES, SAMPLERS, SCHEDULERS
from tests.comfyui_server.pictures import png_bytes
from tests.comfyui_server.routes import StandIn

__all__ = ["MODELS", "NODES", "SAMPLERS", "SCHEDULERS", "StandIn", "png_bytes"]
