"""LangChain's MCP adapters: ``langchain.py URL KEY``."""

import asyncio
import json
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient


async def main(url: str, key: str) -> None:
    client = MultiServerMCPClient(
        {"tollgate": {"transport": "streamable_http", "url": url, "headers": {"Authorization": f"Bearer {key}"}}}
    )
    tools = {tool.name: tool for tool in await client.get_tools()}
    spend = await tools["get-spend"].ainvoke({"period": "last_week"})
    answer = await tools["ask"].ainvoke({"question": "What is my spend?"})
    print(json.dumps({"tools": list(tools), "spend": str(spend), "answer": str(answer)}))


asyncio.run(main(*sys.argv[1:]))
