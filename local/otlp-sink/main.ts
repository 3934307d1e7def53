/**
 * Receives traces in place of Langfuse.
 *
 * Environment: `LANGFUSE_PUBLIC_KEY` and `LANGFUSE_SECRET_KEY` (required), `TOLLGATE_TRACES_DIR` (required), `PORT`, `HOST`.
 */
import { ports } from "../../catalogue";
import { createSink } from "./server";
import { TraceStore } from "./store";

const server = createSink({
  store: new TraceStore(required("TOLLGATE_TRACES_DIR")),
  publicKey: required("LANGFUSE_PUBLIC_KEY"),
  secretKey: required("LANGFUSE_SECRET_KEY"),
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
