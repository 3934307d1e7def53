import { createHash } from "node:crypto";
import type { Handler } from "./http";
import { namedApi } from "./resource-names";
import type { Resource, Store } from "./store";

/** Cloud Run Admin v2, Memorystore v1beta1, Artifact Registry v1: long-running operations. */
export function runApi(store: Store, projectNumber: string): Handler {
  return namedApi(store, {
    operations: true,
    idParameter: { services: "serviceId", jobs: "jobId" },
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

export function iapApi(store: Store): Handler {
  return namedApi(store, {});
}

/** IAM v1: service accounts. */
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

/** Cloud SQL Admin v1beta4. */
export function sqlApi(store: Store): Handler {
  const operation = (name: string) => ({
    kind: "sql#operation",
    name: store.nextId(),
    status: "DONE",
    targetId: name,
    operationType: "UPDATE",
  });
  return ({ method, path, body, query }) => {
    const name = path.join("/");
    if (path.includes("operations")) return operation(name);
    const collection = path.at(-1)!;
    if (collection === "users") {
      const user = `${name}/${query.get("name") ?? body.name}`;
      if (method === "GET") return { items: store.under(`${name}/`) };
      if (method === "DELETE") store.delete(user);
      else
        store.resources.set(user, { ...body, password: undefined, host: "", type: body.type ?? "BUILT_IN" });
      return operation(user);
    }
    if (method === "POST") {
      const resource = `${name}/${body.name}`;
      store.create(
        resource,
        collection === "instances"
          ? instance(path[1]!, body)
          : { ...body, charset: "UTF8", collation: "en_US.UTF8" },
      );
      return operation(resource);
    }
    if (method === "GET") return store.get(name);
    if (method === "DELETE") store.delete(name);
    else store.update(name, body);
    return operation(name);
  };

  function instance(project: string, body: Resource): Resource {
    return {
      ...body,
      state: "RUNNABLE",
      backendType: "SECOND_GEN",
      instanceType: "CLOUD_SQL_INSTANCE",
      connectionName: `${project}:${body["region"]}:${body["name"]}`,
      selfLink: `https://sqladmin.googleapis.com/sql/v1beta4/projects/${project}/instances/${body["name"]}`,
      project,
      serviceAccountEmailAddress: "p1@gcp-sa-cloud-sql.iam.gserviceaccount.com",
      ipAddresses: [{ type: "PRIVATE", ipAddress: "10.20.0.5" }],
      settings: {
        settingsVersion: "1",
        pricingPlan: "PER_USE",
        activationPolicy: "ALWAYS",
        ...body["settings"],
      },
    };
  }
}

/** Cloud DNS v1beta2: zones, and record sets by `changes`. */
export function dnsApi(store: Store): Handler {
  return ({ method, path, body, query }) => {
    const name = path.join("/");
    const collection = path.at(-1);
    if (collection === "changes") {
      const zone = path.slice(0, -1).join("/");
      const key = (set: Resource) => `${zone}/rrsets/${set["name"]}/${set["type"]}`;
      for (const set of body.deletions ?? []) store.resources.delete(key(set));
      for (const set of body.additions ?? []) store.resources.set(key(set), set);
      return { id: store.nextId(), status: "done" };
    }
    if (collection === "rrsets" && method === "GET") {
      const matches = (set: Resource) =>
        (!query.get("name") || set["name"] === query.get("name")) &&
        (!query.get("type") || set["type"] === query.get("type"));
      return { rrsets: store.under(`${name}/`).filter(matches) };
    }
    if (path.includes("changes")) return { id: collection, status: "done" };
    if (method === "POST")
      return store.create(`${name}/${body.name}`, {
        ...body,
        id: store.nextId(),
        nameServers: ["ns.example."],
      });
    if (method === "GET") return store.get(name);
    if (method === "DELETE") return store.delete(name);
    return store.update(name, body);
  };
}

/** Cloud Storage JSON v1: buckets, their policies, and objects. */
export function storageApi(store: Store): Handler {
  return ({ method, path, body }) => {
    const [, bucket, kind, ...rest] = path;
    if (!bucket && method === "POST") return createBucket(body);
    const name = `b/${bucket}`;
    if (kind === "iam") return method === "GET" ? store.policy(name) : store.setPolicy(name, body);
    if (kind === "o" && rest.length === 0) return { items: store.under(`${name}/o/`) };
    const target = kind === "o" ? `${name}/o/${rest.join("/")}` : name;
    if (method === "GET") return store.get(target);
    if (method === "DELETE") return store.delete(target) && {};
    return store.update(target, body);
  };

  function createBucket(body: Resource): Resource {
    return store.create(`b/${body["name"]}`, {
      storageClass: "STANDARD",
      ...body,
      id: body["name"],
      location: String(body["location"]).toUpperCase(),
      selfLink: `https://www.googleapis.com/storage/v1/b/${body["name"]}`,
      projectNumber: "1",
      timeCreated: "2026-11-24T00:00:00.000Z",
      updated: "2026-11-24T00:00:00.000Z",
      locationType: "region",
      metageneration: "1",
    });
  }
}

/** Uploads (`multipart/related`: the object's metadata, then its content) go to a path of their own. */
export function uploadApi(store: Store): Handler {
  return ({ path, query, body }) => {
    const bucket = path[1]!;
    const { metadata, contentType, content } = parts(String(body));
    const name = query.get("name") ?? String(metadata["name"]);
    const object = {
      contentType,
      ...metadata,
      name,
      bucket,
      storageClass: "STANDARD",
      generation: "1",
      metageneration: "1",
      size: String(Buffer.byteLength(content)),
      md5Hash: createHash("md5").update(content).digest("base64"),
      selfLink: `https://www.googleapis.com/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`,
      mediaLink: "https://storage.googleapis.com/download",
    };
    store.resources.set(`b/${bucket}/o/${name}`, object);
    return object;
  };
}

function parts(body: string): { metadata: Resource; contentType: string; content: string } {
  const boundary = body.slice(0, body.indexOf("\r\n"));
  const [metadata = "", content = ""] = body.split(boundary).slice(1);
  const [headers = "", ...text] = content.split("\r\n\r\n");
  return {
    metadata: JSON.parse(metadata.slice(metadata.indexOf("{"))) as Resource,
    contentType: /content-type: (.*)/i.exec(headers)?.[1]?.trim() ?? "",
    content: text.join("\r\n\r\n").replace(/\r\n$/, ""),
  };
}
