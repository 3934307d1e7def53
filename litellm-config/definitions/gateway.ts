import type { GatewayInput } from "../schema";

/** How the gateway waits, retries and caches. Times in seconds. */
export const gateway: GatewayInput = {
  requestTimeout: 60,
  retries: 1,
  cacheTtl: 600,
  /** A hold whose gateway died is charged after this: longer than a call takes with its retries and a fallback. */
  holdLease: 300,
  /** A call is cut this long before its hold would expire, so that the worker that metered it settles it. */
  settleMargin: 10,
  /** How long a call waits for tokens a minute that are about to be free. */
  tokenWait: 2,
  /** How long a call waits for money that other calls in flight hold and may release. */
  holdWait: 10,
  /** Calls of one customer that each worker answers at the same time. */
  customerCalls: 8,
  /** Calls of one customer that wait in each worker for one of these places, for money or for tokens. */
  customerQueue: 200,
  /** How long a call waits for a place. */
  queueWait: 30,
  /** Bytes of requests that each worker holds at the same time; one customer may have half of them. */
  workerBytes: 16 * 1024 * 1024,
};
