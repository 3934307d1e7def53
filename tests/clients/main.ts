/**
 * `npm run test:clients [-- mcp | llm]`: the official conformance suite and real MCP clients from the registries against the whole
 * agent on sample data, and clients of the LLM APIs against the gateway. Each client is installed once into its own folder
 * under `.tollgate/clients/`; one that cannot be installed is skipped and named. Where all pass, the tables of `docs/clients.md`
 * are written anew. Exit codes: 0 all passed, 1 one failed.
 */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { KEY, startHarness } from "../app/harness";
import { installClient, runProgram, type Package } from "./install";
import { runLlmClients } from "./llm";
import { writeTable } from "./page";

/** What the harness's gateway answers to every question. */
const ANSWER = "ok";

/** Scenarios of the suite for what this server claims. The others call tools, prompts and resources made for the suite. */
const SCENARIOS = [
  "server-initialize",
  "ping",
  "tools-list",
  "prompts-list",
  "resources-list",
  "server-sse-multiple-streams",
  "dns-rebinding-protection",
];

interface Client {
  name: string;
  install: Package;
  /** @param bin where the package's programs are. @param proxy an address that adds the key. */
  command: (bin: string, url: string, proxy: string) => string[];
  /** What its output must hold. */
  expected: string[];
  /** Its output must hold last week's total too. */
  readsSpend?: boolean;
}

const script = (name: string) => join(__dirname, name);
const python = (name: string, pip: string, file: string, expected: string[]): Client => ({
  name,
  install: { pip: [pip] },
  command: (bin, url) => [join(bin, "python"), script(file), url, KEY],
  expected: ["list-recommendations", ANSWER, ...expected],
  readsSpend: true,
});

const CLIENTS: Client[] = [
  ...SCENARIOS.map((scenario) => ({
    name: `conformance ${scenario}`,
    install: { npm: ["@modelcontextprotocol/conformance@0.1.13"] },
    command: (bin: string, _: string, proxy: string) => [
      join(bin, "conformance"),
      ...["server", "--url", proxy, "--scenario", scenario],
    ],
    expected: [],
  })),
  python("official Python SDK", "mcp==2.3.0", "official.py", ["$18.00", '"same": true', "savings-plan"]),
  python("fastmcp", "fastmcp==4.2.3", "fast.py", []),
  python("LangChain adapters", "langchain-mcp-adapters==0.3.2", "langchain.py", []),
  {
    name: "inspector CLI",
    // The last version for Node 20; its command line cannot send a header.
    install: { npm: ["@modelcontextprotocol/inspector@0.15.0"] },
    command: (bin, _, proxy) => [
      join(bin, "mcp-inspector"),
      ...["--cli", proxy, "--method", "tools/call", "--tool-name", "get-spend"],
      ...["--tool-arg", "period=last_week"],
    ],
    expected: [],
    readsSpend: true,
  },
  {
    name: "mcp-remote",
    install: { npm: ["mcp-remote@0.15.1"] },
    command: (bin, url) => [
      process.execPath,
      join(bin, "..", "mcp-remote", "dist", "client.js"),
      url,
      ...["--allow-http", "--transport", "http-only", "--header", `Authorization: Bearer ${KEY}`],
    ],
    expected: ["list-recommendations"],
  },
];

/** Adds the customer's key to every request: the conformance suite's clients have none. */
async function startProxy(target: URL): Promise<{ server: Server; url: string }> {
  const server = createServer((req, res) => {
    const headers = { ...req.headers, authorization: `Bearer ${KEY}` };
    const sent = request(new URL(req.url!, target), { method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode!, answer.headers);
      res.flushHeaders();
      answer.pipe(res);
    });
    sent.on("error", () => res.destroy());
    res.on("close", () => sent.destroy());
    req.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/mcp` };
}

async function runMcpClients(): Promise<Record<"passed" | "failed" | "skipped", number>> {
  const harness = await startHarness();
  const proxy = await startProxy(harness.url);
  const reader = await harness.connect();
  const spent = await reader.callTool({ name: "get-spend", arguments: { period: "last_week" } });
  const { total } = spent.structuredContent as { total: string };
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const rows: string[][] = [];
  for (const client of CLIENTS) {
    const [spec] = "pip" in client.install ? client.install.pip : client.install.npm;
    const folder = spec!
      .replace(/[@=]+[\d.]+$/, "")
      .split("/")
      .at(-1)!;
    const installed = installClient(folder, client.install);
    if ("missing" in installed) {
      counts.skipped += 1;
      console.log(`skipped  ${client.name}: ${installed.missing}`);
      continue;
    }
    const { code, output } = await runProgram(client.command(installed.bin, harness.url.href, proxy.url));
    const expected = [...client.expected, ...(client.readsSpend ? [total] : [])];
    const lacking = expected.filter((text) => !output.includes(text));
    const passed = code === 0 && lacking.length === 0;
    counts[passed ? "passed" : "failed"] += 1;
    rows.push([
      client.name,
      spec!,
      client.readsSpend ? "yes" : "-",
      client.expected.includes(ANSWER) ? "yes" : "-",
    ]);
    console.log(`${passed ? "passed " : "FAILED "}  ${client.name}`);
    if (!passed)
      console.log(
        `  exit code ${code}; not in its output: ${lacking.join(", ") || "-"}\n${output.slice(-1_500)}`,
      );
  }
  if (counts.passed === CLIENTS.length) {
    writeTable("mcp", ["client", "tested", "reads spend", "asks the agent"], rows);
  }
  proxy.server.closeAllConnections();
  proxy.server.close();
  await harness.stop();
  return counts;
}

const PARTS = { mcp: runMcpClients, llm: runLlmClients };

async function main(): Promise<void> {
  const [wanted] = process.argv.slice(2);
  if (wanted !== undefined && !(wanted in PARTS)) {
    throw new Error(
      `"${wanted}" is not a part: name ${Object.keys(PARTS).join(" or ")}, or nothing for both`,
    );
  }
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [part, run] of Object.entries(PARTS)) {
    if (wanted !== undefined && wanted !== part) continue;
    const ran = await run();
    for (const outcome of ["passed", "failed", "skipped"] as const) counts[outcome] += ran[outcome];
  }
  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
