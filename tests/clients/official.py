"""The official Python SDK: ``official.py URL KEY``. Lists, reads and asks, and prints what it got as JSON."""

import asyncio
import json
import sys

import httpx
from mcp import ClientSession

try:
    from mcp.client.streamable_http import streamable_http_client
except ImportError:  # before 1.24
    streamable_http_client = None
from mcp.client.streamable_http import streamablehttp_client


async def main(url: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    if streamable_http_client is not None:
        transport = streamable_http_client(url, http_client=httpx.AsyncClient(headers=headers, timeout=60))
    else:
        transport = streamablehttp_client(url, headers=headers)
    async with transport as streams, ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        tools = await session.list_tools()
        prompts = await session.list_prompts()
        budget = await session.read_resource("tollgate://budget")
        spend = await session.call_tool("get-spend", {"period": "last_week", "limit": "3", "service": None})
        first = await session.call_tool("ask", {"question": "What is my spend?"})
        second = await session.call_tool("ask", {"question": "And by project?"})
        print(
            json.dumps(
                {
                    "tools": [tool.name for tool in tools.tools],
                    "prompts": [prompt.name for prompt in prompts.prompts],
                    "cap": json.loads(budget.contents[0].text)["cap"],
                    "total": spend.structuredContent["total"],
                    "answer": first.structuredContent["answer"],
                    "same": first.structuredContent["session_id"] == second.structuredContent["session_id"],
                }
            )
        )


asyncio.run(main(*sys.argv[1:]))
