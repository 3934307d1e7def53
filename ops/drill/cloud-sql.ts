import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { callGoogle, GoogleApiError, NoAnswerError } from "../remote/google-api";

/** What the drill reads of an instance: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances */
const INSTANCE = z.object({
  name: z.string(),
  state: z.string(),
  ipAddresses: z.array(z.object({ type: z.string(), ipAddress: z.string() })).default([]),
  serverCaCert: z.object({ cert: z.string() }).optional(),
  settings: z
    .object({ activationPolicy: z.string().optional(), deletionProtectionEnabled: z.boolean().optional() })
    .default({}),
});
export type Instance = z.output<typeof INSTANCE>;

const PAGE = z.object({ items: z.array(INSTANCE).default([]), nextPageToken: z.string().optional() });
const RECOVERY = z.object({ latestRecoveryTime: z.iso.datetime({ offset: true }).optional() });
const OPERATION = z.object({
  name: z.string(),
  operationType: z.string(),
  status: z.string(),
  error: z
    .object({ errors: z.array(z.object({ code: z.string(), message: z.string().optional() })) })
    .optional(),
});
type Operation = z.output<typeof OPERATION>;

/** How long a change is waited for. */
export interface Waiting {
  pollMs: number;
  limitMs: number;
  /** Ends the wait. */
  signal?: AbortSignal;
  /** Gets a line now and then. */
  progress?: (line: string) => void;
}

/** gcloud takes another address from this variable too. */
const SQL = process.env.CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL ?? "https://sqladmin.googleapis.com";

const PROGRESS_MS = 30_000;

/** The instances of a project, by Cloud SQL's Admin API v1beta4. */
export class CloudSql {
  private readonly url: string;

  constructor(project: string, url = SQL) {
    this.url = `${url.replace(/\/$/, "")}/sql/v1beta4/projects/${project}`;
  }

  /** Every instance of the project. */
  async list(): Promise<Instance[]> {
    const all: Instance[] = [];
    let pageToken = "";
    do {
      const query = pageToken ? `?${new URLSearchParams({ pageToken })}` : "";
      const page = await callGoogle(`${this.url}/instances${query}`, PAGE);
      all.push(...page.items);
      pageToken = page.nextPageToken ?? "";
    } while (pageToken);
    return all;
  }

  /** An instance, or `undefined` when there is none of that name. */
  async find(name: string): Promise<Instance | undefined> {
    try {
      return await callGoogle(`${this.url}/instances/${name}`, INSTANCE);
    } catch (error) {
      if (error instanceof GoogleApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** The latest moment that an instance can be restored to, RFC 3339. */
  async latestRecoveryTime(name: string): Promise<string> {
    const { latestRecoveryTime } = await callGoogle(
      `${this.url}/instances/${name}/getLatestRecoveryTime`,
      RECOVERY,
    );
    if (!latestRecoveryTime)
      throw new Error(
        `${name} has no moment to restore: point-in-time recovery must be on, and a backup made`,
      );
    return latestRecoveryTime;
  }

  /** Asks for a clone as the source was at a moment. It is asked once: a clone may not be made twice. */
  async clone(source: string, clone: string, pointInTime: string): Promise<Operation> {
    const body = JSON.stringify({ cloneContext: { destinationInstanceName: clone, pointInTime } });
    const request = { method: "POST", body, attempts: 1 };
    return callGoogle(`${this.url}/instances/${source}/clone`, OPERATION, request);
  }

  /**
   * Deletes an instance with its deletion protection, which a clone takes over from its source.
   *
   * @throws Error when it is still there in the end.
   */
  async remove(name: string, waiting: Waiting): Promise<void> {
    const instance = await this.created(name, waiting);
    if (!instance) return;
    if (instance.settings.deletionProtectionEnabled)
      await this.change("PATCH", name, waiting, { settings: { deletionProtectionEnabled: false } });
    await this.change("DELETE", name, waiting);
  }

  /** Waits for the end of an operation. @throws Error with its reasons when it failed. */
  async finished(operation: Operation, waiting: Waiting): Promise<void> {
    const { pollMs, limitMs, signal, progress } = waiting;
    const start = Date.now();
    for (let current = operation, said = start; ;) {
      if (current.status === "DONE") {
        const reasons = (current.error?.errors ?? []).map(({ code, message }) => `${code} ${message ?? ""}`);
        if (reasons.length > 0)
          throw new Error(`Cloud SQL's ${operation.operationType} failed: ${reasons.join("; ").trim()}`);
        return;
      }
      const seconds = Math.round((Date.now() - start) / 1_000);
      if (Date.now() - start > limitMs)
        throw new Error(`Cloud SQL's ${operation.operationType} has not ended in ${seconds} s`);
      if (Date.now() - said >= PROGRESS_MS) {
        progress?.(`${operation.operationType}: ${current.status.toLowerCase()}, ${seconds} s`);
        said = Date.now();
      }
      await sleep(pollMs, undefined, { signal });
      const url = `${this.url}/operations/${operation.name}`;
      current = await callGoogle(url, OPERATION).catch((error: unknown) => {
        // A broken connection says nothing about the operation.
        if (error instanceof NoAnswerError) return current;
        throw error;
      });
    }
  }

  /** An instance once it is made, which cannot be deleted before; `undefined` when there is none. */
  private async created(name: string, { pollMs, limitMs }: Waiting): Promise<Instance | undefined> {
    const end = Date.now() + limitMs;
    for (;;) {
      const instance = await this.find(name);
      if (instance?.state !== "PENDING_CREATE") return instance;
      if (Date.now() > end) throw new Error(`${name} is still being made`);
      await sleep(pollMs);
    }
  }

  /** Changes an instance and waits. Cloud SQL answers 409 while another operation of the instance runs. */
  private async change(method: string, name: string, waiting: Waiting, body?: object): Promise<void> {
    const end = Date.now() + waiting.limitMs;
    for (;;) {
      try {
        const init = { method, ...(body ? { body: JSON.stringify(body) } : {}) };
        const operation = await callGoogle(`${this.url}/instances/${name}`, OPERATION, init);
        return await this.finished(operation, waiting);
      } catch (error) {
        if (!(error instanceof GoogleApiError) || error.status !== 409 || Date.now() > end) throw error;
        await sleep(waiting.pollMs);
      }
    }
  }
}
