"""Writes plain values as YAML that is read back as it was, here and by readers of the older YAML 1.1."""

from __future__ import annotations

from typing import Any

import yaml

from models.documents.yaml_nodes import core_tag

_TEXT = "tag:yaml.org,2002:str"
_WIDTH = 100
_OTHER_LINE_ENDS = frozenset("\r\x85\u2028\u2029")


def to_yaml(value: Any) -> str:
    """The value, texts, numbers, lists and mappings by text, as YAML for people.

    >>> print(to_yaml({"slug": "moon", "at": "3:30", "size": "1e3", "cuts": [10, 20]}), end="")
    slug: moon
    at: '3:30'
    size: '1e3'
    cuts:
    - 10
    - 20
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Quotes a text that either version of YAML would take for something else; uses no aliases."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # PyYAML's stubs
        is_plain_text = kind is yaml.ScalarNode and implicit[0] and tag == _TEXT
        return core_tag(value) if is_plain_text else tag

    def represent_str(self, text: str) -> yaml.ScalarNode:
        """A line end that is no line feed is spelt out: else reading would fold it into a space."""
        style = '"' if _OTHER_LINE_ENDS.intersection(text) else None
        return self.represent_scalar(_TEXT, text, style=style)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_str)
