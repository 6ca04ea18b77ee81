"""What asks a command to stop: a question while it starts, an interruption while it works."""

from __future__ import annotations

import os
import signal

import pytest

from farm.ops.stop_signals import asked_to_stop, interrupted_like_ctrl_c


def test_while_a_farm_starts_a_signal_is_only_a_question() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with asked_to_stop() as is_asked:
        assert not is_asked()
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_asked()

    assert signal.getsignal(signal.SIGTERM) is before


def test_the_third_signal_interrupts_at_once() -> None:
    with asked_to_stop():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_at_work_is_interrupted_as_by_the_keyboard(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interrupted_like_ctrl_c():
        os.kill(os.getpid(), number)


def test_a_closed_terminal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_like_ctrl_c():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
