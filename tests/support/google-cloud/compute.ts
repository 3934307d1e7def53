import type { Call, Handler } from "./http";
import type { Resource, Store } from "./store";

const ROOT = "https://www.googleapis.com/compute/beta";

/** Compute Engine (beta, as the provider uses it): collections under `projects/P/{global,regions/R,zones/Z}`. */
export function computeApi(store: Store): Handler {
  const operation = (name: string) => ({
    kind: "compute#operation",
    name: `operation-${store.nextId()}`,
    status: "DONE",
    progress: 100,
    targetLink: `${ROOT}/${name}`,
    selfLink: `${ROOT}/projects/p/global/operations/o`,
  });
  return (call) => {
    const name = call.path.join("/");
    if (name.includes("/operations/")) return operation(name);
    if (/\/images\/family\//.test(name))
      return { name: call.path.at(-1), selfLink: `${ROOT}/${name}`, family: call.path.at(-1) };
    if (/\/images\//.test(name)) return { name: call.path.at(-1), selfLink: `${ROOT}/${name}` };
    const [, target = "", policyVerb] = /^(.*)\/([gs]etIamPolicy)$/.exec(name) ?? [];
    if (policyVerb === "getIamPolicy") return store.policy(target);
    if (policyVerb === "setIamPolicy") return store.setPolicy(target, call.body.policy);
    const place = /^projects\/[^/]+\/(zones|regions)\/[^/]+$/.test(name);
    if (place && call.method === "GET")
      return { name: call.path.at(-1), selfLink: `${ROOT}/${name}`, status: "UP" };
    if (/\/(machineTypes|diskTypes)\/[^/]+$/.test(name))
      return { name: call.path.at(-1), selfLink: `${ROOT}/${name}` };
    switch (call.method) {
      case "GET":
        return store.get(name);
      case "POST":
        return post(call, name);
      case "PATCH":
      case "PUT":
        store.update(name, call.body);
        return operation(name);
      case "DELETE":
        // A boot disk goes with its machine.
        for (const { boot, source } of store.delete(name)["disks"] ?? []) {
          if (boot) store.delete(String(source).replace(`${ROOT}/`, ""));
        }
        return operation(name);
      default:
        return undefined;
    }
  };

  function post({ body, path }: Call, name: string): Resource {
    const verb = path.at(-1)!;
    if (verb === "addResourcePolicies" || verb === "removeResourcePolicies") {
      const disk = path.slice(0, -1).join("/");
      store.update(disk, { resourcePolicies: verb === "addResourcePolicies" ? body.resourcePolicies : [] });
      return operation(disk);
    }
    if (verb === "setLabels") {
      const target = path.slice(0, -1).join("/");
      store.update(target, { labels: body.labels, labelFingerprint: store.nextId() });
      return operation(target);
    }
    const resource = `${name}/${body.name}`;
    store.create(resource, complete(resource, body));
    return operation(resource);
  }

  /** What Compute Engine adds. */
  function complete(name: string, body: Resource): Resource {
    const selfLink = `${ROOT}/${name}`;
    const collection = name.split("/").at(-2)!;
    const place = name.split("/").slice(0, 4).join("/");
    const base = {
      ...body,
      id: store.nextId(),
      selfLink,
      creationTimestamp: "2026-11-24T00:00:00.000-00:00",
      labelFingerprint: "AAAA",
      fingerprint: "AAAA",
      ...(name.includes("/regions/") ? { region: `${ROOT}/${place}` } : {}),
      ...(name.includes("/zones/") ? { zone: `${ROOT}/${place}` } : {}),
    };
    if (collection === "addresses")
      return { ...base, address: body.address ?? "10.10.0.9", status: "RESERVED" };
    if (collection === "subnetworks") return { ...base, gatewayAddress: "10.10.0.1" };
    if (collection === "disks") return { ...base, status: "READY" };
    if (collection === "instances") return { ...base, ...instance(place, body) };
    return base;
  }

  /** Disks that are made with the instance exist by themselves, too. */
  function instance(place: string, body: Resource): Resource {
    const disks = body["disks"].map((disk: Resource, at: number) => {
      const source = disk["source"] ?? `${ROOT}/${place}/disks/${body["name"]}`;
      if (disk["boot"]) {
        const { sourceImage, diskSizeGb, diskType, labels } = disk["initializeParams"];
        store.create(`${place}/disks/${body["name"]}`, {
          name: body["name"],
          selfLink: source,
          sourceImage,
          sizeGb: String(diskSizeGb),
          type: `${ROOT}/${place}/diskTypes/${String(diskType).split("/").at(-1)}`,
          labels,
        });
      }
      return {
        deviceName: "persistent-disk-0",
        ...disk,
        source,
        index: at,
        mode: disk["mode"] ?? "READ_WRITE",
      };
    });
    return {
      disks,
      status: "RUNNING",
      cpuPlatform: "Intel Broadwell",
      metadata: { fingerprint: "AAAA", ...body["metadata"] },
      tags: { fingerprint: "AAAA", ...body["tags"] },
      networkInterfaces: body["networkInterfaces"].map((nic: Resource) => ({
        name: "nic0",
        networkIP: "10.10.0.10",
        stackType: "IPV4_ONLY",
        fingerprint: "AAAA",
        ...nic,
      })),
      scheduling: {
        automaticRestart: true,
        onHostMaintenance: "MIGRATE",
        preemptible: false,
        provisioningModel: "STANDARD",
        ...body["scheduling"],
      },
    };
  }
}
