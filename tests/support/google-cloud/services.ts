import type { Handler } from "./http";
import { namedApi } from "./resource-names";
import type { Resource, Store } from "./store";

/** Cloud Run Admin v2, Memorystore v1beta1, Artifact Registry v1: long-running operations. */
export function runApi(store: Store, projectNumber: string): Handler {
  return namedApi(store, {
    operations: true,
    idParameter: { services: "serviceId", jobs: "jobId", workerPools: "workerPoolId" },
    complete: (name, resource) => ({
      launchStage: "GA",
      ...resource,
      uid: store.nextId(),
      generation: "1",
      etag: '"AAAA"',
      createTime: "2026-11-24T00:00:00Z",
      reconciling: false,
      terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
      ...(name.includes("/services/")
        ? {
            uri: `https://${name.split("/").at(-1)}-${projectNumber}.${name.split("/")[3]}.run.app`,
            latestReadyRevision: `${name}/revisions/r1`,
            latestCreatedRevision: `${name}/revisions/r1`,
            traffic: resource["traffic"] ?? [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }],
          }
        : {}),
    }),
  });
}

export function redisApi(store: Store): Handler {
  const instances = namedApi(store, {
    operations: true,
    idParameter: { instances: "instanceId" },
    complete: (name, resource) => ({
      ...resource,
      host: "10.20.0.3",
      port: 6378,
      state: "READY",
      currentLocationId: `${name.split("/")[3]}-b`,
      locationId: `${name.split("/")[3]}-b`,
      persistenceIamIdentity: "serviceAccount:redis@example.iam.gserviceaccount.com",
      serverCaCerts: [
        { cert: "-----BEGIN CERTIFICATE-----\nstand-in\n-----END CERTIFICATE-----", serialNumber: "1" },
      ],
      persistenceConfig: { persistenceMode: "DISABLED" },
      reservedIpRange: "10.20.0.0/29",
      readReplicasMode: "READ_REPLICAS_DISABLED",
      nodes: [],
    }),
  });
  return (call) =>
    call.path.at(-1) === "authString" ? { authString: "stand-in-auth-string" } : instances(call);
}

export function artifactRegistryApi(store: Store): Handler {
  return namedApi(store, {
    operations: true,
    idParameter: { repositories: "repository_id" },
    complete: (_name, resource) => ({
      mode: "STANDARD_REPOSITORY",
      ...resource,
      createTime: "2026-11-24T00:00:00Z",
    }),
  });
}

/** Secret Manager v1: answers at once, versions by `:addVersion`. */
export function secretManagerApi(store: Store, projectNumber: string): Handler {
  const numbered = (name: string) => name.replace(/^projects\/[^/]+/, `projects/${projectNumber}`);
  const versions = namedApi(store, {
    idParameter: { secrets: "secretId" },
    complete: (name, resource) => ({
      ...resource,
      name: numbered(name),
      createTime: "2026-11-24T00:00:00Z",
      etag: '"1"',
    }),
    methods: {
      addVersion: (secret, { body }) => {
        const version = `${secret}/versions/${store.under(`${secret}/versions/`).length + 1}`;
        return store.create(version, {
          name: numbered(version),
          state: "ENABLED",
          createTime: "2026-11-24T00:00:00Z",
          payload: body.payload,
        });
      },
      access: (version) => ({ name: numbered(version), payload: store.get(version)["payload"] }),
      destroy: (version) => store.update(version, { state: "DESTROYED" }),
      disable: (version) => store.update(version, { state: "DISABLED" }),
      enable: (version) => store.update(version, { state: "ENABLED" }),
    },
  });
  // The provider asks by project id for secrets, by number for versions.
  return (call) =>
    versions({
      ...call,
      path: call.path.map((part, at) => (at === 1 && part === projectNumber ? projectOf(store) : part)),
    });
}

function projectOf(store: Store): string {
  return String(store.get("project")["projectId"]);
}

export function pubsubApi(store: Store): Handler {
  return namedApi(store, { complete: (_name, resource) => ({ state: "ACTIVE", ...resource }) });
}

export function loggingApi(store: Store): Handler {
  return namedApi(store, {
    complete: (name, resource) => ({
      ...resource,
      name: name.split("/").at(-1),
      writerIdentity: "serviceAccount:sink@gcp-sa-logging.iam.gserviceaccount.com",
    }),
  });
}

/** Cloud Scheduler v1: a new job comes with its whole name. */
export function schedulerApi(store: Store): Handler {
  const named = namedApi(store, {
    complete: (_name, resource) => ({ ...resource, state: "ENABLED" }),
    methods: {
      pause: (job) => store.update(job, { state: "PAUSED" }),
      resume: (job) => store.update(job, { state: "ENABLED" }),
    },
  });
  return (call) =>
    call.method === "POST" && call.path.at(-1) === "jobs"
      ? named({ ...call, body: { ...call.body, name: String(call.body.name).split("/").at(-1) } })
      : named(call);
}

/** Cloud Monitoring v3, Cloud Billing Budgets v1: the service names what is made. */
export function serviceNamedApi(store: Store): Handler {
  const named = namedApi(store, {});
  return (call) =>
    call.method === "POST" ? named({ ...call, body: { ...call.body, name: store.nextId() } }) : named(call);
}

/** Identity-Aware Proxy v1: the policy of a Cloud Run service, `projects/P/iap_web/cloud_run-REGION/services/NAME`. */
export function iapApi(store: Store): Handler {
  const policies = new Map<string, Resource>();
  return ({ path, body }) => {
    const [resource = "", verb] = path.join("/").split(":");
    store.get(resource.replace(/\/iap_web\/cloud_run-/, "/locations/"));
    if (verb === "setIamPolicy") policies.set(resource, body.policy);
    return policies.get(resource) ?? { version: 1, bindings: [], etag: "BwAA" };
  };
}

/** IAM v1: service accounts and custom roles. */
export function iamApi(store: Store): Handler {
  const named = namedApi(store, {});
  return (call) => {
    const { method, path, body } = call;
    if (method === "POST" && path.at(-1) === "serviceAccounts") {
      const project = path[1]!;
      const email = `${body.accountId}@${project}.iam.gserviceaccount.com`;
      const name = `projects/${project}/serviceAccounts/${email}`;
      return store.create(name, {
        ...body.serviceAccount,
        name,
        email,
        projectId: project,
        uniqueId: store.nextId(),
      });
    }
    if (method === "POST" && path.at(-1) === "roles") {
      const name = `${path.join("/")}/${body.roleId}`;
      return store.create(name, { ...body.role, name, etag: "BwAA" });
    }
    return named({
      ...call,
      path: path.map((part, at) => (at === 1 && part === "-" ? projectOf(store) : part)),
    });
  };
}

/** Cloud Resource Manager v1: one project and its policy. */
export function resourceManagerApi(store: Store, project: string, projectNumber: string): Handler {
  store.create("project", { projectId: project, projectNumber, lifecycleState: "ACTIVE", name: project });
  return ({ path, body }) => {
    const [, verb] = path.at(-1)!.split(":");
    if (verb === "getIamPolicy") return store.policy("project");
    if (verb === "setIamPolicy") return store.setPolicy("project", body.policy);
    return store.get("project");
  };
}

/** Service Usage v1 and v1beta1: which APIs are enabled. */
export function serviceUsageApi(store: Store, projectNumber: string): Handler {
  const enabled = new Set<string>();
  const state = (service: string) => ({
    name: `projects/${projectNumber}/services/${service}`,
    parent: `projects/${projectNumber}`,
    config: { name: service },
    state: enabled.has(service) ? "ENABLED" : "DISABLED",
  });
  const done = (response: Resource) => ({ name: `operations/${store.nextId()}`, done: true, response });
  return ({ path, body }) => {
    const last = path.at(-1)!;
    if (path[0] === "operations") return done({});
    if (last === "services:batchEnable") {
      for (const service of body.serviceIds) enabled.add(service);
      return done({});
    }
    const [service = "", verb] = last.split(":");
    if (verb === "enable") enabled.add(service);
    if (verb === "disable") enabled.delete(service);
    if (verb === "generateServiceIdentity") {
      return done({ email: `service-${projectNumber}@gcp-sa-iap.iam.gserviceaccount.com`, uniqueId: "1" });
    }
    if (verb) return done({ service: state(service) });
    if (last === "services") return { services: [...enabled].map(state) };
    return state(service);
  };
}

/** Service Networking v1: the peering with Google's managed services. */
export function serviceNetworkingApi(store: Store): Handler {
  return ({ method, path, body, query }) => {
    if (path[0] === "operations") return { name: path.join("/"), done: true, response: {} };
    const connection = {
      network: body.network ?? query.get("network"),
      peering: "servicenetworking-googleapis-com",
      reservedPeeringRanges: body.reservedPeeringRanges,
      service: "services/servicenetworking.googleapis.com",
    };
    if (method === "GET") return { connections: store.under("connections/") };
    store.resources.set("connections/one", connection);
    return { name: `operations/${store.nextId()}`, done: true, response: connection };
  };
}
