"""Progress on stderr: bars for transfers, frames and jobs, which vanish when stdout is what counts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from farm.cli.console import notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def transfer_bars() -> Iterator[Callable[[str, int, int | None], None]]:
    """One bar a file; call with (name, bytes so far, bytes in all or None)."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=notes(), transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def advance(name: str, done: int, total: int | None) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name, total=total)
            progress.update(bars[name], completed=done, total=total)

        yield advance


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """One bar over things; call with (done, in all)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes(), transient=True) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


@contextmanager
def file_bars() -> Iterator[Callable[[str, int, int], None]]:
    """One bar a thing that is written as many files; call with (what, files so far, files in all)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=notes(), transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total)
            progress.update(bars[what], completed=done, visible=done < total)

        yield advance
