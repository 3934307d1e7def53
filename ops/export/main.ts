/** `tollgate export`: a month's charges for finance. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { Option } from "commander";
import { formatUsd } from "../../litellm-config";
import type { Grain } from "../ledger/charges";
import { LEDGER_HELP } from "../ledger/command";
import { withLedger } from "../ledger/connect";
import { EXIT, runCommand, tollgateCommand, UsageError } from "../terminal/command";
import { exportMonth } from "./export";
import { FORMATS } from "./formats";

/** https://docs.stripe.com/api/billing/meter-event/create, `timestamp`. */
const STRIPE_DAYS = 35;

const program = tollgateCommand(
  "export",
  "Write a month's charges for finance; ends with 3 when they differ from the ledger's total.",
)
  .addOption(
    new Option(
      "--month <month>",
      "such as 2026-11: the calls reserved in it by UTC's calendar, whatever day budget months begin on",
    ).makeOptionMandatory(),
  )
  .addOption(new Option("--format <format>", "the columns").choices(Object.keys(FORMATS)).default("csv"))
  .addOption(
    new Option(
      "--by <grain>",
      "a row for each call or each day (default: csv by call, the others by day)",
    ).choices(["call", "day"]),
  )
  .addOption(new Option("--out <file>", "where to write (default: standard output)"))
  .addHelpText("after", LEDGER_HELP)
  .action(async ({ month, format, by, out }: { month: string; format: string; by?: Grain; out?: string }) => {
    if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
      throw new UsageError(`--month (is "${month}"): use one such as 2026-11`);
    const target = out === undefined ? process.stdout : createWriteStream(out);
    const totals = await withLedger((ledger) =>
      exportMonth(ledger, { month, format, grain: by }, async (text) => {
        if (!target.write(text)) await once(target, "drain");
      }),
    );
    if (target !== process.stdout) await new Promise<void>((done) => target.end(done));
    const { rows, chargedNanos, bookedNanos, pending } = totals;
    console.error(`${rows} rows, ${formatUsd(chargedNanos)}; the ledger booked ${formatUsd(bookedNanos)}.`);
    if (pending > 0)
      console.error(
        `${pending} calls are in flight and not in it yet: export the month again when it is over.`,
      );
    const oldest = Date.now() - STRIPE_DAYS * 86_400_000;
    if (format === "stripe" && Date.parse(`${month}-01`) < oldest)
      console.error(
        `Stripe refuses events that are older than ${STRIPE_DAYS} days: those before ${new Date(oldest).toISOString().slice(0, 10)}.`,
      );
    if (chargedNanos !== bookedNanos) {
      console.error(
        "They differ: calls of that month were removed from the ledger, or its books do not balance.",
      );
      process.exitCode = EXIT.finding;
    }
  });

runCommand(program);
