"""Fixtures every test may ask for: real servers, a migrated database of one's own, a stand-in ComfyUI."""

import os
import signal

pytest_plugins = [
    "tests.support.servers_fixture",
    "tests.support.database_fixture",
    "tests.support.state_folders",
    "tests.support.comfyui_fixture",
]

# What tests render lies in their own state folders, never among the takes of a farm.
os.environ.pop("FARM_ARTIFACTS", None)

# A shell that puts a command into the background lets it ignore Ctrl-C, and its children inherit that: tests
# that press Ctrl-C need it to arrive.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
