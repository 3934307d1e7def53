/**
 * The way into every command (`npm start`, `npm test`, `npm run ask|customers|bench|test:faults|compose|langfuse:apply|langfuse:margins`):
 * installs what the command needs, then runs it. Plain Node, because nothing is installed yet when it starts.
 */
const commands = {
  start: "local/start.ts",
  test: "local/test.ts",
  ask: "local/ask.ts",
  customers: "ops/customers/main.ts",
  bench: "tests/bench/main.ts",
  "test:faults": "tests/faults/main.ts",
  compose: "local/compose/main.ts",
  "langfuse:apply": "ops/langfuse/main.ts",
  "langfuse:margins": "ops/langfuse/margins/main.ts",
};

/** These speak to services elsewhere: Python and Debian's programs are not theirs. */
const nodeOnly = new Set(["compose", "langfuse:apply", "langfuse:margins"]);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`Node ${process.versions.node} is too old: install Node 20.20 or later (https://nodejs.org)`);
  process.exit(1);
}

const [name, ...args] = process.argv.slice(2);
const entry = commands[name];
if (!entry) {
  console.error(`"${name ?? ""}" is no command: name one of ${Object.keys(commands).join(", ")}`);
  process.exit(2);
}

// Imported only now: an old Node could not even parse these files.
const { setUp, setUpNode } = await import("./setup/index.mjs");
const { runCommand } = await import("./setup/run-command.mjs");
try {
  await (nodeOnly.has(name) ? setUpNode() : setUp());
} catch (error) {
  console.error(`\nSet-up failed: ${error.message}`);
  process.exit(1);
}
process.exitCode = await runCommand(entry, args);
