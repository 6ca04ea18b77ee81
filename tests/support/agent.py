"""An agent: the official client of the Model Context Protocol, at the address of a served farm."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mcp.client.extension import ClientExtension
    from mcp_types import CallToolResult

#: clients of 2025-11-25 still come, which begin with a handshake
OLD = "legacy"


@dataclass
class Agent:
    """Somebody's agent; connects anew for each thing it asks."""

    url: str
    key: str
    mode: str = "auto"
    extensions: tuple[ClientExtension, ...] = ()

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """What a tool answers, a refusal as well."""
        return self.run(lambda client: client.call_tool(tool, arguments))

    def value(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers that has to work."""
        answer = self.call(tool, **arguments)
        assert not answer.is_error, answer.content
        assert answer.structured_content is not None
        return answer.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """The words of a tool that has to refuse."""
        answer = self.call(tool, **arguments)
        assert answer.is_error, answer.structured_content
        (words,) = answer.content
        assert words.type == "text"
        return words.text

    def run(self, ask: Callable[[Client], Awaitable[Any]]) -> Any:
        """What somebody asks of the client; raises `MCPError` where it is refused."""

        refused: list[MCPError] = []

        async def main() -> Any:
            async with self._client() as client:
                try:
                    return await ask(client)
                except MCPError as error:
                    # Raised in here, it would come out in the groups of the client's tasks.
                    refused.append(error)

        answer = anyio.run(main)
        if refused:
            raise refused[0]
        return answer

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            at = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(at, mode=self.mode, extensions=self.extensions) as client:
                yield client
