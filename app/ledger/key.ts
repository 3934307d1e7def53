import { createHash } from "node:crypto";

/** What the ledger knows a customer's key by: its SHA-256. The key itself is nowhere. */
export function hashKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
