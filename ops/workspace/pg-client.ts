import { Client } from "pg";

/**
 * Runs something with a connection to Postgres, and closes it afterwards.
 *
 * @throws the connection's error, or the one of what was run.
 */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A connection that breaks fails the query that is under way; without a listener it would end the program.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}
