"""What a client is told of a tool before it calls it; true to what the tool does."""

from __future__ import annotations

from mcp_types import ToolAnnotations

#: changes nothing, however often it is called
LOOKS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
#: adds something each time; nothing that was there is lost
ADDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
#: ends what cannot be taken up again; a second call ends no more
ENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
