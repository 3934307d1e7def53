import { parse } from "csv-parse/sync";
import { providerOf, readCharges, type Charge } from "../ledger/charges";
import { withLedger } from "../ledger/connect";
import { placeOf, runInStack, type RemoteCommand } from "../remote/run";
import type { Answer } from "../remote/answer";
import { EXIT } from "../terminal/command";

/** What the ledger charged for a day's calls to a model. */
export type DayCharge = Pick<Charge, "provider" | "day" | "model" | "costNanos">;

/** Charges of whole months (as 2026-11) of the ledger that operators' commands work on here. */
export async function chargesHere(months: string[]): Promise<DayCharge[]> {
  const charges: DayCharge[] = [];
  await withLedger(async (ledger) => {
    for (const month of months) await readCharges(ledger, month, "day", (more) => void charges.push(...more));
  });
  return charges;
}

/**
 * The same of a stack on Google Cloud: what `tollgate export` answers in the stack's job. The bills stay on this machine.
 *
 * @param run Default: in the stack's job.
 * @throws Error with what the export says when it fails.
 */
export async function chargesOf(
  stack: string,
  months: string[],
  run: (command: RemoteCommand) => Promise<Answer> = (command) => runInStack(command, placeOf(stack)),
): Promise<DayCharge[]> {
  const charges: DayCharge[] = [];
  for (const month of months) {
    const args = ["--month", month, "--format", "csv", "--by", "day"];
    const { stdout, stderr, exitCode } = await run({ job: "admin", program: "export", args });
    if (exitCode !== EXIT.ok && exitCode !== EXIT.finding)
      throw new Error(`The export of ${month} in ${stack} failed: ${stderr.trim()}`);
    // The export's finding: calls that have left the ledger are missing here too.
    if (exitCode === EXIT.finding) console.error(`${month}: ${stderr.trim()}`);
    const rows: Record<string, string>[] = parse(stdout, { columns: true });
    for (const { at, model_used, cost_nanodollars } of rows) {
      const model = model_used!;
      charges.push({ provider: providerOf(model), day: at!, model, costNanos: Number(cost_nanodollars) });
    }
  }
  return charges;
}
