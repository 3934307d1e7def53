/**
 * Every command of `tollgate`, by group. `needs` says what is installed first: `node` the npm packages, `python` LiteLLM,
 * Postgres, Redis and the Debian tools too.
 *
 * `remote` is the job that runs the command in a stack on Google Cloud, and the program of the services' image that it is there.
 *
 * @typedef {{ entry: string, about: string, needs: "node" | "python", remote?: { job: string, program: string } }} Command
 * @type {Record<string, Record<string, Command>>}
 */
export const groups = {
  "On this machine": {
    start: { entry: "local/start.ts", about: "run the stack, hold a sample conversation", needs: "python" },
    ask: { entry: "local/ask.ts", about: "ask the running agent a question", needs: "node" },
    customers: {
      entry: "ops/customers/main.ts",
      about: "add, list and change customers; what they spent",
      needs: "node",
      remote: { job: "admin", program: "customers" },
    },
    brake: {
      entry: "ops/brake/main.ts",
      about: "stop LLM calls at once, and resume them",
      needs: "node",
      remote: { job: "admin", program: "brake" },
    },
    audit: {
      entry: "ops/audit/main.ts",
      about: "who changed what in the ledger, and why",
      needs: "node",
      remote: { job: "admin", program: "audit" },
    },
    events: {
      entry: "ops/events/main.ts",
      about: "what happened, and which receivers got it",
      needs: "node",
      remote: { job: "admin", program: "events" },
    },
    export: {
      entry: "ops/export/main.ts",
      about: "a month's charges as CSV, FOCUS or Stripe events",
      needs: "node",
      remote: { job: "admin", program: "export" },
    },
    reconcile: {
      entry: "ops/reconcile/main.ts",
      about: "the ledger against the providers' own accounts",
      needs: "node",
    },
    variants: {
      entry: "ops/variants/main.ts",
      about: "what the models that share a route cost, and whether they differ",
      needs: "node",
      remote: { job: "admin", program: "variants" },
    },
    query: {
      entry: "ops/query/main.ts",
      about: "ask Prometheus or the ledger",
      needs: "node",
      remote: { job: "admin", program: "query" },
    },
    "keys new": {
      entry: "ops/keys/main.ts",
      about: "generate an agent's key for the gateway",
      needs: "node",
    },
    "dashboards report": {
      entry: "local/dashboards/report-main.ts",
      about: "which panels have data on the running stack",
      needs: "node",
    },
    "dashboards view": {
      entry: "local/dashboards/view-main.ts",
      about: "the dashboards in a browser, without Grafana",
      needs: "node",
    },
    "dashboards shots": {
      entry: "local/dashboards/shots/main.ts",
      about: "take a screenshot of every dashboard and check it",
      needs: "node",
    },
    compose: { entry: "ops/compose/main.ts", about: "the stack in Docker Compose", needs: "node" },
  },
  Langfuse: {
    "langfuse apply": {
      entry: "ops/langfuse/main.ts",
      about: "model prices, prompts, evaluators and dashboards",
      needs: "node",
      remote: { job: "langfuse-setup", program: "langfuse-setup" },
    },
    "langfuse margins": {
      entry: "ops/langfuse/margins/main.ts",
      about: "the ledger's margins as scores",
      needs: "node",
      remote: { job: "langfuse-margins", program: "langfuse-margins" },
    },
  },
  "Google Cloud": {
    doctor: {
      entry: "ops/doctor/main.ts",
      about: "what a stack's project lacks, and the command that fixes it",
      needs: "node",
    },
    plan: {
      entry: "ops/plan/main.ts",
      about: "what `pulumi up` would change, and what that costs",
      needs: "node",
    },
    cost: { entry: "ops/cost/main.ts", about: "what a stack costs a month", needs: "node" },
    "cost refresh": {
      entry: "ops/cost/catalog/main.ts",
      about: "read the prices of the estimate from Google",
      needs: "node",
    },
    promote: {
      entry: "ops/promote/main.ts",
      about: "deploy to prod what runs healthy in dev",
      needs: "node",
    },
    drift: { entry: "ops/drift/main.ts", about: "where the cloud differs from the program", needs: "node" },
    drill: {
      entry: "ops/drill/main.ts",
      about: "restore the ledger to a clone, check its sums, delete it",
      needs: "node",
    },
    office: {
      entry: "ops/office/main.ts",
      about: "wake a stack that sleeps outside office hours, or put it to sleep",
      needs: "node",
    },
    images: {
      entry: "ops/images/main.ts",
      about: "build and push the project's images; show what runs",
      needs: "node",
    },
    "images pin": { entry: "ops/images/pin.ts", about: "pin the public images by digest", needs: "node" },
  },
  Development: {
    test: { entry: "local/test.ts", about: "every check and test", needs: "python" },
    eval: { entry: "tests/eval/main.ts", about: "how well questions are sorted and answered", needs: "node" },
    faults: {
      entry: "tests/faults/main.ts",
      about: "random calls, endings and kills against the provider's own account",
      needs: "python",
    },
    render: { entry: "local/render.ts", about: "write generated/ from the definitions", needs: "node" },
    "meter report": {
      entry: "local/meter-report.ts",
      about: "what each way of ending is billed, held and charged",
      needs: "python",
    },
    "models refresh": {
      entry: "ops/models/main.ts",
      about: "compare the models' prices with LiteLLM's list",
      needs: "python",
    },
    bench: { entry: "tests/bench/main.ts", about: "what the guard costs a call", needs: "python" },
  },
};

/** @type {Record<string, Command>} */
export const commands = Object.assign({}, ...Object.values(groups));

/**
 * The command that arguments name: the longest name that they begin with.
 *
 * @param {string[]} args
 * @returns {{ name: string, command: Command, rest: string[] } | undefined}
 */
export function findCommand(args) {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(" ");
    if (args.length >= words && Object.hasOwn(commands, name)) {
      return { name, command: commands[name], rest: args.slice(words) };
    }
  }
  return undefined;
}

/**
 * The stack that a command line begins with, `--stack NAME` or `--stack=NAME`, and what follows it.
 *
 * @param {string[]} args
 * @returns {{ stack: string | undefined, rest: string[] }}
 */
export function leadingStack(args) {
  const [first = "", second] = args;
  if (first === "--stack") return { stack: second ?? "", rest: args.slice(2) };
  if (first.startsWith("--stack=")) return { stack: first.slice("--stack=".length), rest: args.slice(1) };
  return { stack: undefined, rest: args };
}

/**
 * The TypeScript file and the arguments that a command runs with: in a stack's job where a stack is named and the command can,
 * otherwise here, with the stack as its own option.
 *
 * @param {{ name: string, command: Command, rest: string[] }} found
 * @param {string | undefined} stack
 */
export function startOf({ command, rest }, stack) {
  const { entry, remote } = command;
  if (!remote) return { entry, args: stack === undefined ? rest : ["--stack", stack, ...rest] };
  // `npm run customers -- --stack prod list` names it after the command.
  const { stack: named = stack, rest: args } = leadingStack(rest);
  if (named === undefined || args.some((each) => ["--help", "-h"].includes(each))) return { entry, args };
  return { entry: "ops/remote/main.ts", args: [named, remote.job, remote.program, entry, ...args] };
}

/** The help page of `tollgate`. */
export function helpPage() {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
  const sections = Object.entries(groups).map(([title, group]) => {
    const lines = Object.entries(group).map(([name, { about }]) => `  ${name.padEnd(width)}${about}`);
    return `${title}:\n${lines.join("\n")}`;
  });
  const remote = Object.keys(commands).filter((name) => commands[name].remote);
  return `Usage: tollgate [--stack <name>] <command> [options]

Cost protection and observability for an LLM product.

${sections.join("\n\n")}

\`tollgate --stack <name> <command>\` runs ${remote.join(", ")} in a job of that stack on Google Cloud;
reconcile reads its files here, and the charges there.
\`tollgate <command> --help\` describes a command. Without a link to \`tollgate\` on the PATH: \`npm run tollgate -- <command>\`.

Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 a finding (drift, a stale file, a policy violation, a passed ceiling).`;
}
