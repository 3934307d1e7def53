import { createHash } from "node:crypto";
import type { Handler } from "./http";
import type { Resource, Store } from "./store";

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

/** Uploads (`multipart/related`: the object's metadata, then its content) go to their own path. */
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
