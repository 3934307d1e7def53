"""FastMCP's client: ``fast.py URL KEY``."""

import asyncio
import json
import sys

from fastmcp import Client


async def main(url: str, key: str) -> None:
    async with Client(url, auth=key) as client:
        tools = await client.list_tools()
        spend = await client.call_tool("get-spend", {"period": "last_week"})
        answer = await client.call_tool("ask", {"question": "What is my spend?"})
        print(
            json.dumps(
                {
                    "tools": [tool.name for tool in tools],
                    "total": spend.structured_content["total"],
                    "answer": answer.structured_content["answer"],
                }
            )
        )


asyncio.run(main(*sys.argv[1:]))
