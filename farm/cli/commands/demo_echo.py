"""`farm demo --echo`: a reference Echo beside a farm of its own dispatches a task, hears of it, and decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from farm.cli.commands.demo import load_show, own_farm
from farm.cli.console import note, notes
from farm.client import Farm
from farm.client.wire import encode
from farm.demo.echo_brain import EchoBrain, running
from farm.events import signing
from farm.ops import api, stack
from farm.ops.stop_signals import asked_to_stop
from farm.shows import loading
from models.access import Scope
from models.dispatch import TaskView
from models.errors import NotHere, Unavailable

if TYPE_CHECKING:
    from farm.cli.commands.demo import References
    from farm.settings import Settings

_TASK = "echo-demo-1"
_PATIENCE_S = 300.0


def run(show_file: Path, make_references: References) -> dict[str, Any]:
    """Play it; the task as Echo reads it at the end.

    Raises:
        NotHere: something it needs is not installed or does not start.
        Unavailable: the take was not called back in time.
    """
    story, secret = loading.load(show_file), signing.new_secret()
    echo = EchoBrain(farm_url="", key="", secret=secret, say=note)
    with running(echo):
        own = {
            "api_port": 0,
            "echo_url": echo.url,
            "callback_hosts": (echo.url.removeprefix("http://"),),
            "callback_secret": SecretStr(secret),
        }
        with own_farm(Path.cwd() / "out" / "echo", keep=False, **own) as settings:
            with asked_to_stop() as stopped, notes().status("starting") as status:
                stack.up(settings, die_with_me=True, renderers=("toon",), say=status.update, stopped=stopped)
            with Farm(settings) as farm:
                project = load_show(farm, story, make_references)
                return _play(farm, settings, echo, project)


def _play(farm: Farm, settings: Settings, echo: EchoBrain, project: str) -> dict[str, Any]:
    access = api.access(settings)
    if access is None:
        raise NotHere("The demo's API does not run.", hint="Its log is in out/echo/state.")
    key = farm.create_key("reference Echo", scopes=[Scope.ECHO], actor="echo")
    echo.farm_url, echo.key = access.url, key.text
    cut = next(each for each in farm.cuts(project) if not each.omitted)
    job_id = echo.dispatch(_TASK, "generate_image", project, cut=cut.path)["job_id"]
    try:
        heard = echo.wait_for(_TASK, "job.completed", _PATIENCE_S)
    except TimeoutError as error:
        raise Unavailable(
            f"Echo was not called back about the job {job_id}.", hint=f"See `farm why {job_id}`."
        ) from error
    echo.decide(heard["job_id"], "approved", "As it should be.")
    with Farm.connect(access.url, key.text) as far:
        view: dict[str, Any] = encode(far.dispatched_task(_TASK), TaskView)
    return view
