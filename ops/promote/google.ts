import { RevisionsClient, ServicesClient } from "@google-cloud/run";
import type { ClientOptions } from "google-gax";
import { googleCredentials } from "../remote/google-api";
import { isConflict, readable } from "./api-error";
import { ConflictError, type CloudRun, type Revision, type RunningService } from "./cloud-run";
import { RETRY_TIMING, retry, type RetryTiming } from "./retry";

const PREFIX = "tollgate-";
export const LOCK_ANNOTATION = "tollgate.dev/promotion";
const BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
const SUCCEEDED = "CONDITION_SUCCEEDED";
/** How long Cloud Run may take to carry a change out. */
const OPERATION_MS = 300_000;
/** `retry` does it, for a broken connection too. */
const ONCE = { retry: null as never };

interface Environment {
  project: string;
  region: string;
}

/** Cloud Run's Admin API v2, over Google's own client. Credentials are those of the environment. */
export class GoogleCloudRun implements CloudRun {
  private readonly client: ServicesClient;
  private readonly revisions: RevisionsClient;
  private readonly parent: string;
  private readonly ownCredentials: boolean;

  constructor(
    { project, region }: Environment,
    options: ClientOptions = {},
    private readonly timing: RetryTiming = RETRY_TIMING,
  ) {
    // Over REST: no gRPC to load, and a proxy can be in between.
    const transport = { ...options, fallback: true };
    this.client = new ServicesClient(transport);
    this.revisions = new RevisionsClient(transport);
    this.ownCredentials = options.authClient !== undefined;
    this.parent = `projects/${project}/locations/${region}`;
  }

  async services(): Promise<Map<string, RunningService>> {
    const [services] = await this.retry(() => this.client.listServices({ parent: this.parent }, ONCE));
    return new Map(
      services
        .map((service) => ({ service, id: last(service.name) }))
        .filter(({ id }) => id.startsWith(PREFIX))
        .map(({ service, id }) => {
          const name = id.slice(PREFIX.length);
          const condition = service.terminalCondition;
          const latestReady = last(service.latestReadyRevision);
          return [
            name,
            {
              name,
              etag: service.etag ?? "",
              latestReady,
              latestCreated: last(service.latestCreatedRevision),
              ready: condition?.state === SUCCEEDED && !service.reconciling,
              ...(condition?.message ? { reason: condition.message } : {}),
              traffic: percentages(service.trafficStatuses ?? [], latestReady),
              ...lockOf(service.annotations),
            },
          ];
        }),
    );
  }

  async revision(service: string, revision: string): Promise<Revision> {
    const name = `${this.parent}/services/${PREFIX}${service}/revisions/${revision}`;
    const [found] = await this.retry(() => this.revisions.getRevision({ name }, ONCE));
    const condition = found.conditions?.find(({ type }) => type === "Ready");
    return {
      name: revision,
      ready: condition?.state === SUCCEEDED,
      ...(condition?.message ? { reason: condition.message } : {}),
      digests: Object.fromEntries(
        (found.containers ?? []).flatMap(({ image }) => {
          const match = /([^/@]+)@(sha256:[0-9a-f]{64})$/.exec(image ?? "");
          return match ? [[match[1]!, match[2]!]] : [];
        }),
      ),
      configuration: Object.fromEntries(
        (found.volumes ?? []).flatMap(({ gcs }) => {
          const folder = gcs?.mountOptions
            ?.map((option) => /^only-dir=([^/]+)\/(.+)$/.exec(option))
            .find(Boolean);
          return folder ? [[folder[1]!, folder[2]!]] : [];
        }),
      ),
    };
  }

  async setTraffic(service: string, percent: Record<string, number>, etag: string): Promise<void> {
    const traffic = Object.entries(percent)
      .filter(([, share]) => share > 0)
      .map(([revision, share]) => ({ type: BY_REVISION, revision, percent: share }) as const);
    await this.update(service, { traffic, etag }, ["traffic"]);
  }

  async setLock(service: string, id: string | undefined, etag: string): Promise<void> {
    const name = `${this.parent}/services/${PREFIX}${service}`;
    const [current] = await this.retry(() => this.client.getService({ name }, ONCE));
    const annotations = { ...current.annotations };
    if (id === undefined) delete annotations[LOCK_ANNOTATION];
    else annotations[LOCK_ANNOTATION] = id;
    await this.update(service, { annotations, etag }, ["annotations"]);
  }

  private async update(service: string, change: object, paths: string[]): Promise<void> {
    const name = `${this.parent}/services/${PREFIX}${service}`;
    const request = { service: { name, ...change }, updateMask: { paths } };
    try {
      const [operation] = await this.retry(() => this.client.updateService(request, ONCE));
      await this.retry(() => operation.promise(), OPERATION_MS);
    } catch (error) {
      if (!isConflict((error as Error).cause)) throw error;
      throw new ConflictError(`${service} was changed by another client at the same time`);
    }
  }

  private async retry<T>(call: () => Promise<T>, timeoutMs = this.timing.timeoutMs): Promise<T> {
    // Without any, Google's client ends the process.
    if (!this.ownCredentials) await googleCredentials();
    try {
      return await retry(call, { ...this.timing, timeoutMs });
    } catch (error) {
      throw readable(error);
    }
  }
}

function last(path: string | null | undefined): string {
  return path?.split("/").at(-1) ?? "";
}

function lockOf(annotations: Record<string, string> | null | undefined): { lock?: string } {
  const lock = annotations?.[LOCK_ANNOTATION];
  return lock ? { lock } : {};
}

function percentages(
  statuses: { revision?: string | null; percent?: number | null }[],
  latestReady: string,
): Record<string, number> {
  const traffic: Record<string, number> = {};
  for (const { revision, percent } of statuses) {
    const name = revision ? last(revision) : latestReady;
    if (percent) traffic[name] = (traffic[name] ?? 0) + percent;
  }
  return traffic;
}
