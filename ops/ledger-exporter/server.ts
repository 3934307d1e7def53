import { createServer, type Server } from "node:http";
import { Pool } from "pg";
import type { Registry } from "prom-client";
import { ledgerMetrics } from "./metrics";
import { readLedger } from "./snapshot";

export interface ExporterOptions {
  /** Postgres URL of the role `ledger_reader`. */
  ledgerUrl: string;
  /** Milliseconds that an answer is reused, errors too: a storm of scrapes costs the ledger one read. */
  cacheMs?: number;
  /** Milliseconds after which Postgres stops a statement. */
  statementTimeoutMs?: number;
  /** Metrics of this process, published with the ledger's. */
  ofProcess?: Registry;
  /** Called when the ledger goes away and comes back, with the reason. */
  onChange?: (up: boolean, error?: Error) => void;
}

export interface LedgerExporter {
  server: Server;
  /** Closes the listener and the connection to the ledger. */
  close(): Promise<void>;
}

/**
 * The exporter's HTTP server, not yet listening: `/metrics` always answers 200 (`tollgate_ledger_up` says whether the ledger
 * does), `/healthz` answers while the process lives, so that a ledger outage restarts nothing.
 */
export function createExporter(options: ExporterOptions): LedgerExporter {
  const { ledgerUrl, cacheMs = 5_000, statementTimeoutMs = 2_000, ofProcess, onChange = () => {} } = options;
  const pool = new Pool({
    connectionString: ledgerUrl,
    application_name: "ledger-exporter",
    max: 1,
    statement_timeout: statementTimeoutMs,
    // Postgres cannot stop a statement whose network is gone: the client then does.
    query_timeout: statementTimeoutMs + 500,
    connectionTimeoutMillis: statementTimeoutMs,
    keepAlive: true,
  });
  // An idle connection that the server closes raises here; the next read finds out by itself.
  pool.on("error", () => {});

  let up: boolean | undefined;
  const report = (now: boolean, error?: Error) => {
    if (now !== up) onChange(now, error);
    up = now;
  };
  const read = async (): Promise<Registry> => {
    try {
      const snapshot = await readLedger(pool);
      report(true);
      return ledgerMetrics(snapshot);
    } catch (error) {
      report(false, error as Error);
      return ledgerMetrics(undefined);
    }
  };
  const registry = cached(read, cacheMs);

  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path === "/healthz") {
      response.end("ok\n");
    } else if (path === "/metrics") {
      void registry().then(async (metrics) => {
        response.setHeader("content-type", metrics.contentType);
        response.end((await metrics.metrics()) + ((await ofProcess?.metrics()) ?? ""));
      });
    } else {
      response.writeHead(404).end("/metrics and /healthz are served here\n");
    }
  });

  return {
    server,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
  };
}

/** One call at a time, its result kept for `ttlMs` after it is there. */
function cached<Value>(load: () => Promise<Value>, ttlMs: number): () => Promise<Value> {
  let current: Promise<Value> | undefined;
  return () => {
    current ??= load().finally(() => {
      setTimeout(() => (current = undefined), ttlMs).unref();
    });
    return current;
  };
}
