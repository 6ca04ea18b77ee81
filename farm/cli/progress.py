"""Progress on stderr: bars for transfers, frames and jobs, which vanish when stdout is what counts."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from farm.cli.console import notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Advance = Callable[[str, int, int | None], None]


def transfer_bars() -> AbstractContextManager[Advance]:
    """One bar a file; call with (name, bytes so far, bytes in all or None)."""
    return _bars(DownloadColumn())


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """One bar over things; call with (done, in all)."""
    with _bars(MofNCompleteColumn(), TimeElapsedColumn()) as advance:
        advance(what, 0, None)
        yield partial(advance, what)


def file_bars() -> AbstractContextManager[Advance]:
    """One bar a thing that is written as many files; call with (what, files so far, files in all)."""
    return _bars(MofNCompleteColumn(), hide_full=True)


@contextmanager
def _bars(*more: ProgressColumn, hide_full: bool = False) -> Iterator[Advance]:
    """A bar for each name it is called with, beside the columns `more`; one that is full may vanish."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *more)
    with Progress(*columns, console=notes(), transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def advance(name: str, done: int, total: int | None) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name, total=total)
            visible = not hide_full or done < (total or 0)
            progress.update(bars[name], completed=done, total=total, visible=visible)

        yield advance
