/** `tollgate brake on|off|list`: stops LLM calls at once, and lets them go on. */
import { Option } from "commander";
import { addLedgerCommands, defineLedgerCommand, LEDGER_HELP } from "../ledger/command";
import { runCommand, tollgateCommand } from "../terminal/command";
import { table } from "../terminal/table";
import { listBrakes, setBrake, targetOf } from "./brakes";

const program = tollgateCommand(
  "brake",
  "Stop LLM calls at once: all of them, or those of a customer, a tier or a route. Calls in flight are finished.",
).addHelpText("after", LEDGER_HELP);

const targets = () => [
  new Option("--all", "every call"),
  new Option("--tier <tier>", "the calls of a tier's customers"),
  new Option("--route <route>", "the calls to a route"),
  new Option("--customer <id>", "the calls of a customer"),
];

const command = (usage: "on" | "off", about: string) =>
  defineLedgerCommand({
    usage,
    about,
    options: targets(),
    changes: "with a reason",
    check: (_, options) => targetOf(options),
    run: async (ledger, _, options, { actor, reason = "" }) => {
      const target = targetOf(options);
      return { ...target, changed: await setBrake(ledger, target, usage === "on", { actor, reason }) };
    },
    text: ({ scope, value, changed }) =>
      `The brake for ${scope === "all" ? "all calls" : `${scope} ${value}`} is ${changed ? "" : "already "}${usage}.`,
  });

addLedgerCommands(program, [
  command("on", "refuse these calls from now on"),
  command("off", "let these calls go on"),
  defineLedgerCommand({
    usage: "list",
    about: "the brakes that are on",
    run: (ledger) => listBrakes(ledger),
    text: (brakes) =>
      brakes.length === 0
        ? "No brake is on."
        : table(
            ["what", "since", "why"],
            brakes.map(({ scope, value, since, reason }) => [
              `${scope} ${value}`.trim(),
              `${since.slice(0, 19)}Z`,
              reason,
            ]),
          ),
  }),
]);

runCommand(program);
