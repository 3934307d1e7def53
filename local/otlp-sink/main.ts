/**
 * Receives traces in place of Langfuse.
 *
 * Environment: `LANGFUSE_PUBLIC_KEY` and `LANGFUSE_SECRET_KEY` (required), `TOLLGATE_TRACES_DIR` (required), `PORT`, `HOST`;
 * `TOLLGATE_OTLP_RECORD`, a folder for each request with traces as it came (`npm run test:langfuse -- --record`).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ports } from "../../catalogue";
import { createSink } from "./server";
import { TraceStore } from "./store";

const recordings = process.env.TOLLGATE_OTLP_RECORD;
if (recordings) mkdirSync(recordings, { recursive: true, mode: 0o700 });
let recorded = 0;

const server = createSink({
  store: new TraceStore(required("TOLLGATE_TRACES_DIR")),
  publicKey: required("LANGFUSE_PUBLIC_KEY"),
  secretKey: required("LANGFUSE_SECRET_KEY"),
  record: recordings
    ? (body, { authorization: _, ...headers }) =>
        writeFileSync(
          join(recordings, `${String(recorded++).padStart(4, "0")}.json`),
          JSON.stringify({ headers, body: body.toString("base64") }),
        )
    : undefined,
});
const port = Number(process.env.PORT ?? ports.langfuse);
server.listen(port, process.env.HOST, () => console.log(`listening on :${port}`));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(1);
  }
  return value;
}
