import { ApiError } from "./http";

/* eslint-disable @typescript-eslint/no-explicit-any */
export type Resource = Record<string, any>;

/** Resources and IAM policies by their full name. */
export class Store {
  readonly resources = new Map<string, Resource>();
  private readonly policies = new Map<string, Resource>();
  private counter = 1_000_000_000_000_000;

  nextId(): string {
    return String(this.counter++);
  }

  create(name: string, resource: Resource): Resource {
    if (this.resources.has(name)) throw new ApiError(409, `${name} already exists`);
    this.resources.set(name, resource);
    return resource;
  }

  get(name: string): Resource {
    const found = this.resources.get(name);
    if (!found) throw new ApiError(404, `${name} is not here`);
    return found;
  }

  update(name: string, changes: Resource): Resource {
    const updated = { ...this.get(name), ...changes };
    this.resources.set(name, updated);
    return updated;
  }

  /** Deletes a resource and what is under it. */
  delete(name: string): Resource {
    const gone = this.get(name);
    for (const key of [...this.resources.keys()])
      if (key === name || key.startsWith(`${name}/`)) this.resources.delete(key);
    this.policies.delete(name);
    return gone;
  }

  under(prefix: string): Resource[] {
    return [...this.resources].filter(([name]) => name.startsWith(prefix)).map(([, resource]) => resource);
  }

  /** @throws ApiError where there is no such resource. */
  policy(name: string): Resource {
    this.get(name);
    return this.policies.get(name) ?? { version: 1, bindings: [], etag: "BwAA" };
  }

  /** @throws ApiError where the resource, a role of the project's own or an account of the project does not exist. */
  setPolicy(name: string, policy: Resource): Resource {
    this.get(name);
    for (const { role, members = [] } of policy["bindings"] ?? []) {
      if (String(role).startsWith("projects/") && !this.resources.has(role))
        throw new ApiError(400, `Role ${role} does not exist in the resource's hierarchy`);
      for (const member of members as string[]) {
        const [, email, project] = /^serviceAccount:(tollgate-[^@]+@([^.]+)\.iam\..+)$/.exec(member) ?? [];
        if (email && !this.resources.has(`projects/${project}/serviceAccounts/${email}`))
          throw new ApiError(400, `Service account ${email} does not exist`);
      }
    }
    const kept = { ...policy, etag: Buffer.from(this.nextId()).toString("base64") };
    this.policies.set(name, kept);
    return kept;
  }
}
