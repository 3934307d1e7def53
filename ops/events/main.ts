/** `tollgate events list|replay|deliver`: what has happened, and whether its receivers have heard of it. */
import { Option } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { addLedgerCommands, defineLedgerCommand, LEDGER_HELP, limitOption } from "../ledger/command";
import { withLedger } from "../ledger/connect";
import { runCommand, tollgateCommand, UsageError } from "../terminal/command";
import { table } from "../terminal/table";
import { deliverDue, takeTurn } from "./deliver";
import { listEvents, replayEvents, type DeliveryState } from "./events";
import { readReceivers } from "./receivers";

/** How long the delivery waits when nothing is due. */
const IDLE_MS = 1_000;

const program = tollgateCommand(
  "events",
  "The outbox: thresholds crossed, grants used and brakes, delivered by webhook and Pub/Sub.",
).addHelpText("after", LEDGER_HELP);

addLedgerCommands(program, [
  defineLedgerCommand({
    usage: "list",
    about: "events and their delivery, the newest first",
    options: [
      new Option("--state <state>", "only these").choices(["waiting", "delivered", "dead"]),
      limitOption(),
    ],
    run: (ledger, _, options) =>
      listEvents(ledger, { state: options.state as DeliveryState | undefined, limit: Number(options.limit) }),
    text: (events) =>
      table(
        ["event", "when", "type", "customer", "state", "attempts", "last error"],
        events.map(({ eventId, at, type, customerId, state, attempts, lastError }) => [
          eventId,
          `${at.slice(0, 19)}Z`,
          type,
          customerId ?? "",
          state,
          attempts,
          lastError ?? "",
        ]),
      ),
  }),
  defineLedgerCommand({
    usage: "replay [event-ids...]",
    about: "deliver events again; --dead: all undeliverable ones",
    options: [new Option("--dead", "every undeliverable event")],
    changes: true,
    check: (ids, { dead }) => {
      if (ids.length > 0 === (dead === true)) throw new UsageError("Give the ids of events, or --dead");
      for (const id of ids) {
        if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
          throw new UsageError(`event-ids (is "${id}"): use ids as printed by \`events list\``);
        }
      }
    },
    run: async (ledger, ids, { dead }, by) => ({
      replayed: await replayEvents(ledger, dead === true ? undefined : ids, by),
    }),
    text: ({ replayed }) => `${replayed} events are due again.`,
  }),
]);

program
  .command("deliver")
  .description("deliver events until it is stopped; a second process waits for its turn")
  .option("--once", "deliver what is due and end, also without receivers")
  .addHelpText(
    "after",
    '\nTOLLGATE_EVENTS_RECEIVERS names the receivers: {"webhook": {"url": "https://...", "secret": "whsec_..."}, "topic": "projects/.../topics/..."}',
  )
  .action(async ({ once }: { once?: true }) => {
    const receivers = readReceivers(process.env.TOLLGATE_EVENTS_RECEIVERS);
    if (receivers.length === 0) {
      if (once) return console.log("There is no receiver.");
      throw new UsageError(
        "TOLLGATE_EVENTS_RECEIVERS (unset): there is no receiver; see `events deliver --help`",
      );
    }
    let stopped = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => (stopped = true));
    await withLedger(async (ledger) => {
      while (!stopped) {
        const mine = await takeTurn(ledger);
        const taken = mine ? await deliverDue(ledger, receivers, reportFailure) : 0;
        if (taken === 0 && once) break;
        if (taken === 0) await sleep(IDLE_MS);
      }
    });
  });

runCommand(program);

function reportFailure(eventId: string, error: string): void {
  console.error(`${eventId} was not delivered: ${error}`);
}
