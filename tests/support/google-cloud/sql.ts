import type { Handler } from "./http";
import type { SqlClones } from "./sql-clones";
import type { Resource, Store } from "./store";

/** Cloud SQL Admin v1beta4. Operations are done at once, but for those of clones. */
export function sqlApi(store: Store, clones?: SqlClones): Handler {
  const operation = (name: string) => ({
    kind: "sql#operation",
    name: store.nextId(),
    status: "DONE",
    targetId: name,
    operationType: "UPDATE",
  });
  return (call) => {
    const { method, path, body, query } = call;
    const ofClones = clones?.answer(call);
    if (ofClones) return ofClones;
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
    else if (method === "PATCH" && body.settings)
      store.update(name, { ...body, settings: { ...store.get(name)["settings"], ...body.settings } });
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
      serverCaCert: {
        kind: "sql#sslCert",
        cert: "-----BEGIN CERTIFICATE-----\nstand-in\n-----END CERTIFICATE-----",
        commonName: "C=US,O=Google\\, Inc,CN=Google Cloud SQL Server CA",
        sha1Fingerprint: "0".repeat(40),
        createTime: "2026-11-24T00:00:00Z",
        expirationTime: "2036-11-21T00:00:00Z",
        instance: body["name"],
      },
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
