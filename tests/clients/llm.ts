/** Clients of the LLM APIs against the gateway and the simulator: the snippets of `docs/clients.md`, unchanged. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";
import { AGENT_KEY, startStack } from "../support/gateway";
import { installClient, runProgram, type Package } from "./install";
import { PAGE, writeTable } from "./page";

const FEATURES = ["answer", "stream", "tools", "object", "image", "embed"] as const;
type Feature = (typeof FEATURES)[number];

const OPENAI = "openai==2.54.0";
const LANGCHAIN = ["langchain-openai==1.7.4", "langchain-core==1.8.3"];

/** A client by its heading in the page, what its snippet needs, and the features that it shows. */
const CLIENTS: Record<string, { install: Package; shows: Feature[] }> = {
  "openai-python": { install: { pip: [OPENAI] }, shows: ["answer", "stream", "tools", "image", "embed"] },
  "openai-node": {
    install: { npm: ["openai@6.49.0"] },
    shows: ["answer", "stream", "tools", "image", "embed"],
  },
  "Anthropic SDK": {
    install: { pip: ["anthropic==2.14.0"] },
    shows: ["answer", "stream", "tools", "image"],
  },
  LangChain: { install: { pip: LANGCHAIN }, shows: ["answer", "stream", "tools", "embed"] },
  LangGraph: { install: { pip: ["langgraph==1.2.24", ...LANGCHAIN] }, shows: ["stream", "tools"] },
  LlamaIndex: { install: { pip: ["llama-index-llms-openai-like==0.8.1"] }, shows: ["answer", "stream"] },
  "pydantic-ai": { install: { pip: ["pydantic-ai-slim[openai]==2.31.1"] }, shows: ["tools"] },
  "openai-agents": { install: { pip: ["openai-agents==0.20.0"] }, shows: ["tools"] },
  instructor: { install: { pip: ["instructor==1.17.0", OPENAI] }, shows: ["object"] },
  "Vercel AI SDK": {
    install: { npm: ["ai@6.0.326", "@ai-sdk/openai@3.0.141", "zod@4.6.7"] },
    shows: ["stream", "tools"],
  },
  "LiteLLM SDK": { install: { pip: ["litellm==1.106.2"] }, shows: ["answer", "stream"] },
};

/** The snippets of the page by their headings. */
function snippets(): Map<string, { language: string; code: string }> {
  const page = readFileSync(PAGE, "utf8");
  const found = page.matchAll(/^## (.+)\n\n```(\w+)\n([\s\S]+?)^```$/gm);
  return new Map([...found].map(([, name, language, code]) => [name!, { language: language!, code: code! }]));
}

function tokenizers(): string {
  const lib = join(paths.venv, "lib");
  return join(lib, readdirSync(lib)[0]!, "site-packages", "litellm", "litellm_core_utils", "tokenizers");
}

/** Runs every client's snippet and prints the table client by feature. @returns how many clients passed, failed or were skipped. */
export async function runLlmClients(): Promise<{ passed: number; failed: number; skipped: number }> {
  const known = snippets();
  const nameless = [...known.keys()].filter((name) => !(name in CLIENTS));
  if (nameless.length > 0)
    throw new Error(`docs/clients.md has snippets that no test runs: ${nameless.join(", ")}`);
  const stack = await startStack();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const rows: string[][] = [];
  try {
    await stack.ledger.addCustomer("acme", "tier_3");
    console.log(`${"client".padEnd(16)}${FEATURES.map((each) => each.padEnd(8)).join("")}`);
    for (const [name, { install, shows }] of Object.entries(CLIENTS)) {
      const snippet = known.get(name);
      if (!snippet) throw new Error(`docs/clients.md has no snippet under the heading "${name}"`);
      const installed = installClient(`llm-${name.toLowerCase().replaceAll(" ", "-")}`, install);
      if ("missing" in installed) {
        counts.skipped += 1;
        console.log(`${name.padEnd(16)}skipped: ${installed.missing}`);
        continue;
      }
      const file = join(installed.folder, snippet.language === "js" ? "snippet.mjs" : "snippet.py");
      writeFileSync(file, snippet.code);
      const program = snippet.language === "js" ? process.execPath : join(installed.bin, "python");
      const { code, output } = await runProgram([program, file], {
        TOLLGATE_GATEWAY_URL: stack.gateway.url,
        TOLLGATE_AGENT_KEY: AGENT_KEY,
        // LangChain's tokenizer would fetch its file from OpenAI; LiteLLM's package has the same one.
        TIKTOKEN_CACHE_DIR: tokenizers(),
        // LiteLLM's SDK would look for its price list on the internet three times.
        LITELLM_LOCAL_MODEL_COST_MAP: "True",
      });
      const shown = (feature: Feature) => new RegExp(`^${feature}: *\\S`, "m").test(output);
      const passed = code === 0 && shows.every(shown);
      counts[passed ? "passed" : "failed"] += 1;
      const cells = FEATURES.map((each) => (!shows.includes(each) ? "-" : shown(each) ? "yes" : "NO"));
      rows.push([name, ("pip" in install ? install.pip : install.npm).join(", "), ...cells]);
      console.log(`${name.padEnd(16)}${cells.map((cell) => cell.padEnd(8)).join("")}`);
      if (!passed) console.log(`  exit code ${code}\n${output.slice(-2_000)}`);
    }
    if (counts.passed === Object.keys(CLIENTS).length)
      writeTable("llm", ["client", "tested", ...FEATURES], rows);
    const { calls, month } = await booked(stack);
    console.log(`${calls} calls, ${month} nano-dollars booked on the customer, none pending`);
  } finally {
    await stack.stop();
  }
  return counts;
}

/** What the clients' customer was charged, once every call is settled. */
async function booked({ ledger, provider }: Awaited<ReturnType<typeof startStack>>) {
  const calls = await ledger.calls("acme");
  const pending = calls.filter(({ state }) => state === "pending").length;
  const { spent_nanos: month } = await ledger.month("acme");
  const { totalNanos } = await provider.account();
  if (pending > 0 || month < totalNanos) {
    throw new Error(`${pending} calls pending, ${month} booked of ${totalNanos} nano-dollars billed`);
  }
  return { calls: calls.length, month };
}
