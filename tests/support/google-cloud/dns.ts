import type { Handler } from "./http";
import type { Resource, Store } from "./store";

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
