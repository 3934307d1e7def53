#!/usr/bin/env node
/**
 * The entry of every command: installs what the command needs, then runs it. Plain Node, because nothing is installed yet when
 * it starts.
 */
import { commands, findCommand, helpPage, leadingStack, startOf } from "./commands.mjs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`Node ${process.versions.node} is too old: install Node 20.20 or later (https://nodejs.org)`);
  process.exit(1);
}

const { stack, rest: args } = leadingStack(process.argv.slice(2));
if (args.length === 0 && stack !== undefined) {
  console.error(`--stack ${stack} must be followed by a command: \`tollgate --help\` lists them`);
  process.exit(2);
}
if (args.length === 0 || ["--help", "-h", "help"].includes(args[0])) {
  console.log(helpPage());
  process.exit(0);
}
const found = findCommand(args);
if (!found) {
  console.error(`"${args[0]}" must be a command: use one of ${Object.keys(commands).join(", ")}`);
  process.exit(2);
}

// Imported only now: an old Node could not even parse these files.
const { setUp, setUpNode } = await import("../local/setup/index.mjs");
const { runCommand } = await import("../local/setup/run-command.mjs");
try {
  await (found.command.needs === "python" ? setUp() : setUpNode());
} catch (error) {
  console.error(`\nSet-up failed: ${error.message}`);
  process.exit(1);
}
const { entry, args: own } = startOf(found, stack);
process.exitCode = await runCommand(entry, own);
