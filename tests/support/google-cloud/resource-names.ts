import type { Call, Handler } from "./http";
import type { Resource, Store } from "./store";

/** How an API of Google's "resource name" style (AIP-121 and on) differs from the others. */
export interface NamedApi {
  /** Query parameter that names a new resource, by collection; else the body's `name`. */
  idParameter?: Record<string, string>;
  /** Whether changes answer with a long-running operation, or at once. */
  operations?: boolean;
  /** What the service adds to a new or changed resource. */
  complete?: (name: string, resource: Resource) => Resource;
  /** Custom methods, `:verb`. */
  methods?: Record<string, (name: string, call: Call) => unknown>;
}

/** An API whose paths are `projects/P[/locations/L]/COLLECTION/ID` and whose verbs follow AIP-131 to 136. */
export function namedApi(store: Store, api: NamedApi): Handler {
  const { complete = (_name, resource) => resource, methods = {}, idParameter = {} } = api;
  const done = (response: Resource, name: string) =>
    api.operations
      ? {
          name: `${name.split("/").slice(0, 4).join("/")}/operations/${store.nextId()}`,
          done: true,
          response,
        }
      : response;
  return (call) => {
    const full = call.path.join("/");
    const [name = "", verb] = splitVerb(full);
    if (verb === "getIamPolicy") return store.policy(name);
    if (verb === "setIamPolicy") return store.setPolicy(name, call.body.policy);
    if (verb) return methods[verb]?.(name, call);
    const collection = call.path.at(-1)!;
    switch (call.method) {
      case "GET":
        return call.path.at(-2) === "operations" ? { name, done: true, response: {} } : store.get(name);
      case "POST": {
        const id = call.query.get(idParameter[collection] ?? "") ?? call.body.name;
        const resource = `${name}/${id}`;
        return done(store.create(resource, complete(resource, { ...call.body, name: resource })), resource);
      }
      case "PUT":
        return done(store.create(name, complete(name, { ...call.body, name })), name);
      case "PATCH":
        return done(
          store.update(
            name,
            complete(name, { ...(call.body.topic ?? call.body.subscription ?? call.body), name }),
          ),
          name,
        );
      case "DELETE":
        store.delete(name);
        return done({}, name);
      default:
        return undefined;
    }
  };
}

/** `a/b:verb` -> `a/b`, `verb`; a colon inside an id stays. */
function splitVerb(path: string): [string, string?] {
  const match = /^(.*):([a-zA-Z]+)$/.exec(path);
  return match ? [match[1]!, match[2]] : [path];
}
