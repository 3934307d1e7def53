"""The official Python SDK: ``official.py URL KEY``. Lists, reads and asks, and prints what it got as JSON."""

import asyncio
import json
import sys

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, key: str) -> None:
    http_client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    async with (
        streamable_http_client(url, http_client=http_client) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
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
                    "total": spend.structured_content["total"],
                    "answer": first.structured_content["answer"],
                    "same": first.structured_content["session_id"] == second.structured_content["session_id"],
                }
            )
        )


asyncio.run(main(*sys.argv[1:]))
