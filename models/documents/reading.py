"""Opens a document, decodes it, and says of every value in which line it stands."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.documents import json_nodes, yaml_nodes
from models.documents.json_nodes import NotJson
from models.documents.node import Unreadable
from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.documents.node import Node

MAX_BYTES = 16 * 1024**2
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in one line of a document."""

    line: int
    sentence: str
    hint: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence} {self.hint}".strip()


class Document:
    """A value somebody wrote, and where in the file each of its parts stands."""

    def __init__(self, name: str, root: Node) -> None:
        self.name, self._root = name, root

    @property
    def content(self) -> Any:
        """The whole as plain values: texts, numbers, true, false, None, lists, and mappings by text."""
        return self._root.value

    def line_of(self, where: Sequence[str | int]) -> int:
        """The line, counted from 1, of the deepest part of `where` that the file has."""
        node, line = self._root, self._root.line
        for part in where:
            inside = part if isinstance(node.value, list) else str(part)
            if inside not in node.parts:
                break
            line = node.lines.get(inside, node.parts[inside].line)
            node = node.parts[inside]
        return line

    def has(self, where: Sequence[str | int]) -> bool:
        """Whether the file itself says something at `where`."""
        node: Node | None = self._root
        for part in where:
            node = node.parts.get(part) if node else None
        return node is not None

    def mistake(self, where: Sequence[str | int], sentence: str, hint: str = "") -> Mistake:
        """`sentence` about the part at `where`."""
        return Mistake(self.line_of(where), sentence, hint)

    def refusal(self, mistakes: Sequence[Mistake], hint: str = "") -> BadInput:
        """All that is wrong, at least one thing, with file and lines in front; `hint` mends several of them."""
        if len(mistakes) == 1:
            (only,) = mistakes
            return BadInput(f"{self.name}, line {only.line}: {only.sentence}", hint=only.hint or hint)
        lines = [str(each) for each in sorted(mistakes, key=attrgetter("line"))]
        return BadInput("\n  ".join((f"{self.name} has {len(lines)} mistakes:", *lines)), hint=hint)


def read(path: Path | str, name: str = "") -> Document:
    """What stands in the file `path`: JSON if it is called so, else JSON or YAML; refusals call it `name`.

    Raises:
        BadInput: it cannot be read, holds nothing, says something twice, or holds a value that cannot be kept;
            the sentence names the line if there is one.
    """
    path, name = Path(path), name or str(path)
    return read_text(_text(path, name), name, json_only=path.suffix.lower() == ".json")


def read_text(text: str, name: str, *, json_only: bool = False) -> Document:
    """As `read`, of a text that is called `name`."""
    try:
        root = _root(text, json_only=json_only)
    except Unreadable as error:
        raise BadInput(f"{name}, line {error.line}: {error.sentence}", hint=error.hint) from error
    if root is None:
        raise BadInput(f"{name} is empty.", hint="Write something into it, or name another file.")
    return Document(name, root)


def _root(text: str, *, json_only: bool) -> Node | None:
    if json_only:
        return json_nodes.read(text)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json_nodes.read(text)
        except NotJson:
            pass
    return yaml_nodes.read(text)


def _text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a zero byte in the name.
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{name} cannot be read: {reason}.", hint="Check the name.") from error
    if len(content) > MAX_BYTES:
        raise BadInput(f"{name} is larger than {MAX_BYTES // 1024**2} MiB.", hint="Split it.")
    return _decoded(content, name)


def _decoded(content: bytes, name: str) -> str:
    """The text, in UTF-8 or what its byte order mark says."""
    mark, encoding = next((pair for pair in _MARKS if content.startswith(pair[0])), (b"", "utf-8"))
    try:
        return content[len(mark) :].decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[len(mark) :][: error.start].decode(encoding, "replace")
        raise BadInput(
            f"{name}, line {before.count(chr(10)) + 1}: this is not text in {encoding[:6].upper()}.",
            hint="Save it as UTF-8.",
        ) from error
