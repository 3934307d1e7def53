import { ApiError, type Call } from "./http";
import type { Resource, Store } from "./store";

/** What goes wrong in Cloud SQL. */
export interface SqlFaults {
  /** The clone's operation ends with this error, and the clone is left as FAILED. */
  cloneFails?: string;
  /** The clone is not finished before this resolves. */
  cloneWaits?: Promise<void>;
  /** Deletions are refused. */
  noDeletion?: boolean;
}

/** Moment that every instance can be restored to. */
export const LATEST = () => new Date(Date.now() - 90_000).toISOString();

/**
 * Clones of Cloud SQL instances, as documented: a clone takes over the settings, deletion protection too
 * (https://cloud.google.com/sql/docs/postgres/deletion-protection), is PENDING_CREATE at first and refuses changes until it is made.
 */
export class SqlClones {
  faults: SqlFaults = {};
  /** Points in time that were asked for. */
  readonly asked: string[] = [];
  private readonly operations = new Map<string, Resource>();

  constructor(
    private readonly store: Store,
    /** What another instance has of its own: its address and authority. */
    private readonly own: Resource,
  ) {}

  /** Answers what concerns clones; `undefined` for every other call. */
  answer({ method, path, body }: Call): unknown {
    const name = path.slice(0, 4).join("/");
    const verb = path[4];
    if (path[2] === "operations") return this.operations.get(path[3]!);
    if (path[2] !== "instances") return undefined;
    if (method === "GET" && path.length === 3) return { items: this.store.under(`${name}/`) };
    if (verb === "getLatestRecoveryTime")
      return { kind: "sql#getLatestRecoveryTime", latestRecoveryTime: LATEST() };
    if (verb === "clone") return this.clone(this.store.get(name), body.cloneContext as Resource, path);
    if (method === "DELETE" || method === "PATCH") this.refuse(method, this.store.get(name));
    return undefined;
  }

  private clone(source: Resource, context: Resource, path: string[]): Resource {
    this.asked.push(context["pointInTime"]);
    const id = this.store.nextId();
    const name = context["destinationInstanceName"] as string;
    const full = [...path.slice(0, 3), name].join("/");
    this.store.create(full, { ...source, ...this.own, name, state: "PENDING_CREATE" });
    const operation: Resource = {
      name: id,
      operationType: "CREATE_CLONE",
      status: "RUNNING",
      targetId: name,
    };
    this.operations.set(id, operation);
    void (this.faults.cloneWaits ?? Promise.resolve()).then(() => {
      const message = this.faults.cloneFails;
      this.store.update(full, { state: message ? "FAILED" : "RUNNABLE" });
      Object.assign(operation, {
        status: "DONE",
        ...(message ? { error: { errors: [{ code: "INTERNAL_ERROR", message }] } } : {}),
      });
    });
    return { ...operation };
  }

  private refuse(method: string, instance: Resource): void {
    if (instance["state"] === "PENDING_CREATE")
      throw new ApiError(409, "Operation failed because another operation was already in progress.");
    if (method !== "DELETE") return;
    if (instance["settings"].deletionProtectionEnabled)
      throw new ApiError(
        400,
        "The instance is protected. Please disable the deletion protection and try again.",
      );
    if (this.faults.noDeletion) throw new ApiError(500, "internal error");
  }
}
