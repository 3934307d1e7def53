import { Client } from "pg";
import type { Frame } from "../frames";
import type { Range } from "../interpolate";
import type { PanelQuery } from "../panels";
import { askLedger } from "./ledger";
import { askLogFiles } from "./log-files";
import { askPrometheus } from "./prometheus";

/** Where the panels' queries are answered on this machine. */
export interface Servers {
  /** Prometheus's address, without a slash at the end. */
  prometheus: string;
  /** Postgres URL of the role `ledger_reader`. */
  ledger: string;
  /** The folder of the services' log files. */
  logs: string;
}

/** Answers queries as Grafana's data sources do. */
export interface Sources {
  /** @throws Error with what the source says against the query. */
  ask(query: PanelQuery, range: Range): Promise<Frame[]>;
  close(): Promise<void>;
}

/** Sources that connect to the ledger with the first query that asks it, and anew when a connection has ended. */
export function connectSources({ prometheus, ledger, logs }: Servers): Sources {
  let connected: Promise<Client> | undefined;
  const connect = async () => {
    const client = new Client(ledger);
    const forget = () => (connected = undefined);
    client.on("error", forget).on("end", forget);
    await client.connect();
    return client;
  };
  const client = () => {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };
  return {
    ask: async (query, range) => {
      if (query.datasource.type === "loki") return askLogFiles(query, logs, range);
      return query.rawSql ? askLedger(query, await client(), range) : askPrometheus(query, prometheus, range);
    },
    close: async () => (await connected?.catch(() => undefined))?.end(),
  };
}
