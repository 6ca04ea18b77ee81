"""The command line as a whole: which groups of commands there are, and how each ending becomes an exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperOption
from typer.exceptions import Abort, TyperException
from typer.main import get_command

from farm import extras
from farm.cli.commands import (
    audit,
    deliver,
    events,
    jobs,
    keys,
    mcp,
    people,
    reproduce,
    review,
    serve,
    show,
    store,
    submit,
    take,
    up,
    words,
    workflows,
)
from farm.cli.console import EXIT_CODES, print_error
from models.errors import FarmError
from models.vocabulary import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.models import CommandInfo

_HELP = "A render farm for generated anime that knows whether the picture is right."


def build(asked: str = "") -> typer.Typer:
    """The command line; with what other rooms add to it, unless `asked` is a command of our own."""
    app = typer.Typer(
        name="farm",
        help=_HELP,
        epilog=EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    groups = (
        up,
        serve,
        mcp,
        submit,
        take,
        reproduce,
        jobs,
        review,
        deliver,
        workflows,
        words,
        show,
        store,
        keys,
        people,
        audit,
        events,
    )
    for group in groups:
        group.join(app)
    own = {_name(command) for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    if asked not in own:
        for join in extras.joiners():
            join(app)
    _say_once(app)
    return app


class _SaidOnce(TyperCommand):
    """Refuses an option that is given twice and holds one value: the first would be dropped in silence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        single = [
            each for each in given if isinstance(each, TyperOption) and not (each.multiple or each.is_flag)
        ]
        twice = next((each for each in single if single.count(each) > 1), None)
        if twice is not None:
            ctx.fail(f"{max(twice.opts, key=len)} is given twice")
        return super().parse_args(ctx, args)


def _say_once(app: typer.Typer) -> None:
    for command in app.registered_commands:
        command.cls = _SaidOnce
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _say_once(group.typer_instance)


def _name(command: CommandInfo) -> str | None:
    return command.name or (command.callback.__name__ if command.callback else None)


def run(argv: Sequence[str] | None = None) -> int:
    """Parse, run, and turn every ending into an exit code; no traceback for what the farm can explain."""
    args = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in args
    try:
        ended = get_command(build(args[0] if args else "")).main(args, prog_name="farm", standalone_mode=False)
    except FarmError as error:
        print_error(error.kind, error.message, error.hint, as_json=as_json)
        return error.exit_code
    except TyperException as error:
        _print_usage_error(error, as_json=as_json)
        return Exit.NOT_JUDGED
    except (Abort, KeyboardInterrupt):
        return _interrupted()
    except BrokenPipeError:
        # `farm jobs | head` closed the pipe: nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return _interrupted() if ended == Exit.INTERRUPTED else int(ended or Exit.OK)


def _interrupted() -> int:
    print_error("Interrupted", "Stopped on request.", "", as_json=False)
    return Exit.INTERRUPTED


def _print_usage_error(error: TyperException, *, as_json: bool) -> None:
    if type(error).__name__ == "NoArgsIsHelpError" and not as_json:
        sys.stderr.write(error.format_message() + "\n")
        return
    # Typer spreads its choices over lines and names Python's kind of error; a person needs one sentence.
    sentence = " ".join(error.format_message().split()).replace("Value error, ", "")
    print_error("Usage", sentence.rstrip(".") + ".", "Try the command with --help.", as_json=as_json)
