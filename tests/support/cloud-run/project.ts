import { createHash } from "node:crypto";

/** What a service runs; a changed one makes a new revision. */
export interface Template {
  /** Of the container that is named as the service. */
  image: string;
  /** Folder of the gateway's configuration in the bucket, such as `gateway/3b1f29a0c4de`. */
  folder?: string;
}

interface TrafficTarget {
  type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" | "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
  revision?: string;
  percent: number;
}

interface Revision {
  name: string;
  template: Template;
  ready: boolean;
}

interface Service {
  name: string;
  generation: number;
  annotations: Record<string, string>;
  template: Template;
  traffic: TrafficTarget[];
  revisions: Revision[];
}

/** An error as Google's APIs answer it. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly status: string,
    message: string,
  ) {
    super(message);
  }
}

const LATEST: TrafficTarget = { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 };

/** The services of one project and region: their revisions, traffic, annotations and etags. */
export class RunProject {
  private readonly services = new Map<string, Service>();
  /** Every change of traffic, in order: percent by revision. */
  readonly shifts: { service: string; traffic: Record<string, number> }[] = [];
  /** Whether the next revision of a service becomes ready. */
  startsReady: (service: string) => boolean = () => true;

  constructor(readonly parent = "projects/tollgate-prod/locations/europe-west1") {}

  /**
   * What an update by Pulumi does: a changed template makes a new revision; `serving` keeps the traffic where it is.
   *
   * @returns Whether the service's newest revision is ready.
   */
  deploy(id: string, template: Template, serving?: string): boolean {
    const existing = this.services.get(id);
    const service = existing ?? {
      name: `${this.parent}/services/${id}`,
      generation: 0,
      annotations: {},
      template,
      traffic: [LATEST],
      revisions: [],
    };
    this.services.set(id, service);
    const before = this.served(service);
    if (!existing || JSON.stringify(service.template) !== JSON.stringify(template)) {
      service.template = template;
      service.revisions.push({
        name: `${id}-${String(service.revisions.length + 1).padStart(5, "0")}`,
        template,
        ready: this.startsReady(id),
      });
    }
    const target: TrafficTarget = serving
      ? { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: serving, percent: 100 }
      : LATEST;
    this.share(service, [target], before);
    service.generation += 1;
    return service.revisions.at(-1)!.ready;
  }

  remove(id: string): void {
    this.services.delete(id);
  }

  setReady(id: string, revision: string, ready: boolean): void {
    this.revisionOf(this.service(id), revision).ready = ready;
  }

  /** Percent by revision, of what is served now. */
  traffic(id: string): Record<string, number> {
    return this.served(this.service(id));
  }

  /** The template that serves all traffic; undefined while it is split. */
  servedTemplate(id: string): Template | undefined {
    const service = this.service(id);
    const [name] = Object.entries(this.served(service)).find(([, percent]) => percent === 100) ?? [];
    return name === undefined ? undefined : this.revisionOf(service, name).template;
  }

  annotations(id: string): Record<string, string> {
    return this.service(id).annotations;
  }

  annotate(id: string, annotations: Record<string, string>): void {
    const service = this.service(id);
    service.annotations = annotations;
    service.generation += 1;
  }

  newest(id: string): string {
    return this.service(id).revisions.at(-1)!.name;
  }

  list(): object[] {
    return [...this.services.keys()].map((id) => this.get(id));
  }

  get(id: string): object {
    const service = this.service(id);
    const created = service.revisions.at(-1)!;
    const path = (revision?: Revision) => (revision ? `${service.name}/revisions/${revision.name}` : "");
    return {
      name: service.name,
      generation: String(service.generation),
      annotations: service.annotations,
      etag: etagOf(service),
      traffic: service.traffic,
      // The newest revision's status has no name.
      trafficStatuses: service.traffic,
      latestCreatedRevision: path(created),
      latestReadyRevision: path(latestReady(service)),
      reconciling: false,
      terminalCondition: condition(created.ready, `Revision ${created.name} is not ready`),
    };
  }

  getRevision(id: string, name: string): object {
    const service = this.service(id);
    const { template, ready } = this.revisionOf(service, name);
    const folder = template.folder;
    return {
      name: `${service.name}/revisions/${name}`,
      service: service.name,
      containers: [
        { name: id.replace(/^tollgate-/, ""), image: template.image },
        { name: "collector", image: `docker.io/grafana/alloy@sha256:${"c".repeat(64)}` },
      ],
      volumes: folder
        ? [
            {
              name: "config",
              gcs: {
                bucket: "config",
                readOnly: true,
                mountOptions: [`only-dir=${folder}`, "implicit-dirs"],
              },
            },
          ]
        : [],
      conditions: [condition(ready, "The user-provided container failed its startup probe")],
    };
  }

  /** `services.patch`: only the fields of the mask, and only when the etag is still the service's. */
  patch(
    id: string,
    body: { etag?: string; annotations?: Record<string, string>; traffic?: TrafficTarget[] },
    mask: string[],
  ): object {
    const service = this.service(id);
    if (body.etag && body.etag !== etagOf(service)) {
      throw new ApiError(409, "ABORTED", `Conflict for resource '${id}': version was specified but is stale`);
    }
    if (mask.includes("annotations")) service.annotations = body.annotations ?? {};
    if (mask.includes("traffic")) this.share(service, body.traffic ?? [LATEST]);
    service.generation += 1;
    return this.get(id);
  }

  private share(service: Service, traffic: TrafficTarget[], before = this.served(service)): void {
    const sum = traffic.reduce((total, { percent }) => total + percent, 0);
    if (sum !== 100) throw new ApiError(400, "INVALID_ARGUMENT", `traffic adds up to ${sum}, not 100`);
    for (const { revision } of traffic) {
      if (revision && !this.revisionOf(service, revision).ready) {
        throw new ApiError(400, "FAILED_PRECONDITION", `revision ${revision} is not ready for traffic`);
      }
    }
    service.traffic = traffic.map((target) => ({ ...target }));
    const after = this.served(service);
    if (JSON.stringify(after) !== JSON.stringify(before))
      this.shifts.push({ service: service.name.split("/").at(-1)!, traffic: after });
  }

  private served(service: Service): Record<string, number> {
    const traffic: Record<string, number> = {};
    for (const { revision, percent } of service.traffic) {
      const name = revision ?? latestReady(service)?.name;
      if (name) traffic[name] = (traffic[name] ?? 0) + percent;
    }
    return traffic;
  }

  private service(id: string): Service {
    const found = this.services.get(id);
    if (!found) throw new ApiError(404, "NOT_FOUND", `Resource '${id}' of kind 'SERVICE' does not exist`);
    return found;
  }

  private revisionOf(service: Service, name: string): Revision {
    const found = service.revisions.find((each) => each.name === name);
    if (!found) throw new ApiError(404, "NOT_FOUND", `Resource '${name}' of kind 'REVISION' does not exist`);
    return found;
  }
}

function latestReady({ revisions }: Service): Revision | undefined {
  return revisions.filter(({ ready }) => ready).at(-1);
}

function condition(ready: boolean, message: string): object {
  return ready
    ? { type: "Ready", state: "CONDITION_SUCCEEDED" }
    : { type: "Ready", state: "CONDITION_FAILED", message };
}

function etagOf({ name, generation }: Service): string {
  return `"${createHash("sha256").update(`${name} ${generation}`).digest("hex").slice(0, 16)}"`;
}
