/**
 * A program of the job `admin`: `drill-check.js HOST CA AT` reads the ledger's sums on a clone at HOST (CA: its server's authority, PEM in
 * base64url) and on the ledger itself, as of AT, and prints both as JSON. `tollgate drill` starts it.
 */
import { EXIT } from "../terminal/command";
import { checkClone, urlOfClone } from "./sums";

async function main([host, ca, at]: string[]): Promise<void> {
  const source = process.env.TOLLGATE_LEDGER_READER_URL;
  if (!source) throw new Error("TOLLGATE_LEDGER_READER_URL is not set: run this in the job tollgate-admin");
  if (!host || !ca || !at) throw new Error("Usage: drill-check.js HOST CA AT");
  console.log(
    JSON.stringify(await checkClone(source, urlOfClone(source, host, Buffer.from(ca, "base64url")), at)),
  );
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = EXIT.failed;
});
