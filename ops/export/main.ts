/** `tollgate export`: a month's charges for finance. */
import { once } from "node:events";
import { open, rename, rm } from "node:fs/promises";
import { InvalidArgumentError, Option } from "commander";
import { formatUsd } from "../../litellm-config";
import type { Grain } from "../ledger/charges";
import { LEDGER_HELP } from "../ledger/command";
import { withLedger } from "../ledger/connect";
import { EXIT, runCommand, tollgateCommand } from "../terminal/command";
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
    )
      .argParser(monthOf)
      .makeOptionMandatory(),
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
    const totals = await writeTo(out, (write) =>
      withLedger((ledger) => exportMonth(ledger, { month, format, grain: by }, write)),
    );
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

function monthOf(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError("use one such as 2026-11");
  return text;
}

/** Hands out what writes to a file, or to standard output; the file is there when all of it is written, and not before. */
async function writeTo<T>(
  out: string | undefined,
  work: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  if (out === undefined)
    return work(async (text) => {
      if (!process.stdout.write(text)) await once(process.stdout, "drain");
    });
  const part = `${out}.part`;
  try {
    const file = await open(part, "w");
    let result: T;
    try {
      result = await work(async (text) => void (await file.write(text)));
    } finally {
      await file.close();
    }
    await rename(part, out);
    return result;
  } catch (error) {
    await rm(part, { force: true });
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (!code || !["open", "write", "rename"].includes(syscall ?? "")) throw error;
    throw new Error(`--out (is "${out}"): cannot be written: ${message}`, { cause: error });
  }
}
