"""Reads YAML that a person wrote and remembers the line of every value, so that an error can name it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 8 * 1024**2
_MAX_DEPTH = 40


class Document:
    """A YAML mapping, and where in the file each of its parts stands."""

    def __init__(self, path: Path, content: dict[str, Any], root: yaml.Node) -> None:
        self.path, self.content, self._root = path, content, root

    def line_of(self, where: Sequence[str | int]) -> int:
        """The line, counted from 1, of the deepest part of `where` that the file has."""
        node = self._root
        for part in where:
            child = _child(node, part)
            if child is None:
                break
            node = child
        return int(node.start_mark.line) + 1

    def error(self, where: Sequence[str | int], sentence: str, hint: str = "") -> BadInput:
        """`sentence` about the part at `where`, with file and line in front."""
        return BadInput(f"{self.path}, line {self.line_of(where)}: {sentence}", hint=hint)


def read(path: Path | str) -> Document:
    """The YAML mapping in the file `path`.

    Raises:
        BadInput: it cannot be read, is no YAML, or is no mapping; the sentence names the line if there is one.
    """
    path = Path(path)
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise BadInput(f"{path} is empty.")
        _refuse_oddities(path, root)
        content = yaml.load(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{path}, line {line}: this is not YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: a date such as 2026-02-31.
        raise BadInput(f"{path} is not YAML: {str(error).splitlines()[0]}.") from error
    except RecursionError as error:
        raise BadInput(f"{path} is nested too deeply.") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path}, line 1: a mapping is expected, not a {type(content).__name__}.")
    return Document(path, content, root)


def _text(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path} is larger than {MAX_BYTES // 1024**2} MiB: that is no text a person wrote.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", hint="Check the name.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text in UTF-8.", hint="Save it as UTF-8.") from error


def _refuse_oddities(path: Path, root: yaml.Node) -> None:
    """Refuse a key that stands twice (YAML would silently keep the last) and nesting deeper than any show's."""
    waiting, seen = [(root, 0)], set()
    while waiting:
        node, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise BadInput(f"{path}, line {node.start_mark.line + 1}: this is nested too deeply.")
        if id(node) in seen:
            # An alias: the part it names is checked at its own place.
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in names:
                    raise BadInput(f"{path}, line {key.start_mark.line + 1}: '{key.value}' stands here twice.")
                names.add(str(key.value))
                waiting.append((value, depth + 1))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(value, depth + 1) for value in node.value]


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # The key's own node when its value is missing a part: its line is where the reader looks.
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None
