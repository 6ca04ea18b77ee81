"""Reads YAML by the core schema of YAML 1.2, with the line of every value.

0010 is ten; 3:30, yes, off and 2026-04-01 are texts. Aliases are followed as far as they unfold to something a
person could have written out, and `<<` takes over another mapping's fields. Names in mappings are texts.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from models.documents.json_nodes import number
from models.documents.node import Node, Part, Unreadable, leaf, mapping, sequence, too_deep, twice
from models.plain import MAX_DEPTH

_TAG = "tag:yaml.org,2002:"
#: https://yaml.org/spec/1.2.2/#1032-tag-resolution
_CORE = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")),
    ("float", re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")),
)
_KINDS: dict[type[yaml.Node], str] = {
    yaml.ScalarNode: f"{_TAG}str",
    yaml.SequenceNode: f"{_TAG}seq",
    yaml.MappingNode: f"{_TAG}map",
}
#: so many values beyond those that are written may come from aliases
_MOST_UNFOLDED = 100_000


def read(text: str) -> Node | None:
    """The one value of a YAML text, None when it is empty; raises `Unreadable`."""
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return _Builder().whole(root) if root is not None else None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        sign = f"U+{ord(text[error.position]):04X}"
        raise Unreadable(line, f"this is not YAML: the character {sign} is not written there.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, *_problem(error)) from error
    except (ValueError, OverflowError) as error:
        # Escapes that name no character.
        raise Unreadable(loader.line + 1 if loader else 1, f"this is not YAML: {error}.") from error
    finally:
        if loader is not None:
            loader.dispose()


def core_tag(word: str) -> str:
    """What a plain word is by the core schema."""
    return _TAG + next((tag for tag, form in _CORE if form.fullmatch(word)), "str")


def _problem(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = error.problem or error.context or "it cannot be read"
    if r"'\t'" in problem:
        return "a tab stands here.", "Indent with spaces."
    return f"this is not YAML: {problem}.", ""


class _Loader(yaml.SafeLoader):
    """Composes nodes; plain words get the tags of the core schema."""

    def __init__(self, text: str) -> None:
        self._depth = 0
        super().__init__(text)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self._depth > MAX_DEPTH:
            raise too_deep(self.line + 1)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return core_tag(value)
        return _KINDS[kind]


class _Builder:
    """Turns composed nodes into values; a part that aliases name is built once."""

    def __init__(self) -> None:
        self._built: dict[int, Node | None] = {}

    def whole(self, root: yaml.Node) -> Node:
        node = self._node(root)
        if node.size - len(self._built) > _MOST_UNFOLDED:
            raise Unreadable(
                node.line, "its aliases (*name) unfold to more than anybody writes.", "Write the values out."
            )
        return node

    def _node(self, composed: yaml.Node) -> Node:
        if id(composed) in self._built:
            known = self._built[id(composed)]
            if known is None:
                line = composed.start_mark.line + 1
                raise Unreadable(line, "an alias (*name) stands within what it names.", "Write the values out.")
            return known
        self._built[id(composed)] = None
        self._built[id(composed)] = node = self._new(composed, composed.start_mark.line + 1)
        return node

    def _new(self, composed: yaml.Node, line: int) -> Node:
        kind = composed.tag.removeprefix(_TAG)
        if isinstance(composed, yaml.MappingNode) and kind == "map":
            return self._mapping(composed, line)
        if isinstance(composed, yaml.SequenceNode) and kind == "seq":
            return sequence([self._node(each) for each in composed.value], line)
        if isinstance(composed, yaml.ScalarNode):
            return _scalar(kind, composed.value, line)
        raise _unknown_tag(kind, line)

    def _mapping(self, composed: yaml.MappingNode, line: int) -> Node:
        own: dict[Part, Node] = {}
        lines: dict[Part, int] = {}
        taken_over: dict[Part, Node] = {}
        for key, value in composed.value:
            here = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(here, "a name is expected, not a list or a mapping.")
            name = _joined_halves(key.value)
            if name in lines:
                raise twice(name, here, lines[name])
            lines[name] = here
            if name == "<<" and key.style is None:
                taken_over = self._taken_over(value, here)
            else:
                own[name] = self._node(value)
        return mapping({**taken_over, **own}, line, lines)

    def _taken_over(self, composed: yaml.Node, line: int) -> dict[Part, Node]:
        """The fields that `<<` names: of one mapping, or of a list of them, the first before the others."""
        node = self._node(composed)
        several = list(node.parts.values()) if isinstance(node.value, list) else [node]
        if not all(isinstance(each.value, dict) for each in several):
            raise Unreadable(line, "<< takes over the fields of a mapping, or of a list of mappings.")
        fields: dict[Part, Node] = {}
        for each in reversed(several):
            fields |= each.parts
        return fields


def _scalar(kind: str, text: str, line: int) -> Node:
    if kind == "str":
        return leaf(_joined_halves(text), line)
    form = next((form for tag, form in _CORE if tag == kind and form.fullmatch(text)), None)
    if form is None:
        if any(tag == kind for tag, _ in _CORE):
            raise Unreadable(line, f"'{text[:60]}' is no {kind}.")
        raise _unknown_tag(kind, line)
    if kind in ("null", "bool"):
        return leaf(text.lower() == "true" if kind == "bool" else None, line)
    if text[:2] in ("0o", "0x"):
        return number(text, line, base=0)
    return number(
        text.lower().replace(".inf", "inf").replace(".nan", "nan"), line, base=10 if kind == "int" else None
    )


def _joined_halves(text: str) -> str:
    r"""The text with the halves of a character that "\ud83d\ude00" spells joined."""
    if text.isascii() or not re.search("[\ud800-\udfff]", text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _unknown_tag(kind: str, line: int) -> Unreadable:
    named = kind if kind.startswith("!") else f"!!{kind}"
    hint = "Write a text, a number, a list or a mapping."
    return Unreadable(line, f"the tag {named} is not read here.", hint)
