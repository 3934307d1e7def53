/**
 * nginx itself on the router's template: it is accepted, and requests reach the service that the first part of their path names.
 * `npm run test:servers` runs this where `nginx` is on the PATH or TOLLGATE_NGINX_BIN names it.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { router } from "../../catalogue";
import { nativeFiles } from "../../infra/config-files/native";
import { routedMembers } from "../../infra/gcp/instances";
import { routesTo } from "../../infra/gcp/shared-instance";
import { sizes } from "../../infra/gcp/sizes";
import type { Running } from "../../local/processes";
import { findServer } from "../../local/servers/find";
import { BASE, describeWith, startServer, temporaryFolder } from "./support/server";

const MIB = 1024 * 1024;
const PORT = BASE + 80;

const members = routedMembers("watch", {
  phase: 4,
  tempo: false,
  sizes: { ...sizes.dev, layout: "packed" },
}).map(({ name }, index) => ({ name, port: PORT + 1 + index }));
const { folder, remove } = temporaryFolder("router");
const backends = new Map<string, Server>();

let running: Running;

describeWith("nginx")("nginx on the router's template", () => {
  beforeAll(async () => {
    writeConfiguration();
    for (const { name, port } of members) await startBackend(name, port);
    running = await startServer("nginx", { port: PORT, path: router.health, folder, args: nginxArgs() });
  }, 60_000);

  afterAll(async () => {
    await running?.stop();
    for (const backend of backends.values()) stopBackend(backend);
    remove();
  }, 30_000);

  it("accepts the file", async () => {
    const { stderr } = await promisify(execFile)(findServer("nginx")!, [...nginxArgs(), "-t"]);
    expect(stderr).toContain("test is successful");
    expect(stderr).not.toMatch(/\[(warn|emerg|alert)\]/);
  });

  it("routes to what others reach", () => {
    expect(members.map(({ name }) => name)).toEqual(["prometheus", "alertmanager", "loki"]);
  });

  it.each(members)("passes the rest of the path and the query on to $name as they came", async ({ name }) => {
    for (const rest of ["/", "/api/v1/query?query=up%7Ba%3D%22b%22%7D", "/a%2Fb//c/%20d?x=%2F", "/a/../b"]) {
      const { status, body } = await send({ path: `/${name}${rest}` });
      expect([status, JSON.parse(body)]).toMatchObject([200, { name, method: "GET", url: rest }]);
    }
  });

  it.each(["/", "/loki", "/tempo/x", "//loki/x", "/lok%69/x", "/healthz/x", "/?/loki/x"])(
    "answers 404 to %s",
    async (path) => {
      expect((await send({ path })).status).toBe(404);
    },
  );

  it("passes headers on, and none of the connection", async () => {
    const headers = {
      authorization: "Bearer token",
      "content-encoding": "snappy",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "x-forwarded-for": "192.0.2.1",
      "x-forwarded-proto": "https",
      "x-prometheus-remote-write-version": "0.1.0",
      "x-scope-orgid": "tenant",
    };
    const { body } = await send({ path: "/prometheus/api/v1/write", method: "POST", headers }, ["sample"]);
    const echo = JSON.parse(body);
    expect(echo).toMatchObject({ method: "POST", headers, sha256: sha256(Buffer.from("sample")) });
    expect([echo.headers.upgrade, echo.headers.connection]).toEqual([undefined, undefined]);
  });

  it("passes a status and its headers back, and puts the path in front of a redirect", async () => {
    const limited = await send({ path: "/loki/status/429" });
    expect([limited.status, limited.headers["retry-after"]]).toEqual([429, "7"]);
    const moved = await send({ path: "/prometheus/status/302" });
    expect([moved.status, moved.headers.location]).toEqual([302, "/prometheus/query"]);
  });

  it("answers 502 at once for a service that is down, and reaches the others and, once it is back, that one", async () => {
    const { name, port } = members.find((each) => each.name === "alertmanager")!;
    stopBackend(backends.get(name)!);
    const before = Date.now();
    for (let attempt = 0; attempt < 3; attempt++)
      expect((await send({ path: `/${name}/api/v2/alerts` })).status).toBe(502);
    expect(Date.now() - before).toBeLessThan(5_000);
    expect((await send({ path: "/loki/ready" })).status).toBe(200);
    expect((await send({ path: router.health })).status).toBe(200);
    await startBackend(name, port);
    expect((await send({ path: `/${name}/api/v2/alerts` })).status).toBe(200);
  });

  it("takes a body of 32 MiB whole, and refuses a larger one", async () => {
    const body = Buffer.alloc(32 * MIB, "tollgate");
    const taken = await send({ path: "/loki/loki/api/v1/push", method: "POST" }, [body]);
    expect([taken.status, JSON.parse(taken.body).sha256]).toEqual([200, sha256(body)]);
    const headers = { "content-length": String(32 * MIB + 1), expect: "100-continue" };
    expect((await send({ path: "/loki/loki/api/v1/push", method: "POST", headers })).status).toBe(413);
  });

  it("passes a long answer on as it comes, and keeps nothing of it", async () => {
    const response = await open({ path: "/prometheus/stream" });
    const [first] = (await once(response, "data")) as [Buffer];
    // The service sends the rest once this is here.
    expect(first.toString()).toBe("first\n");
    await send({ path: "/prometheus/stream/go" });
    let size = 0;
    for await (const chunk of response) size += (chunk as Buffer).length;
    expect(size).toBe(64 * MIB);
    expect(readdirSync(join(folder, "temporary"), { recursive: true }).map(String)).not.toContainEqual(
      expect.stringMatching(/\d{10}$/),
    );
  });

  it("passes a WebSocket on in both directions", async () => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "13",
    };
    const asked = request({ port: PORT, path: "/loki/loki/api/v1/tail?query=x", headers }).end();
    const [answer, socket] = (await once(asked, "upgrade")) as [IncomingMessage, Socket];
    expect([answer.statusCode, answer.headers.upgrade]).toEqual([101, "websocket"]);
    socket.write("ping");
    const [echoed] = (await once(socket, "data")) as [Buffer];
    expect(echoed.toString()).toBe("/loki/api/v1/tail?query=x ping");
    socket.destroy();
  });
});

/** The image's `nginx.conf` as far as it matters here, and the template with its variables, as the image fills them in. */
function writeConfiguration(): void {
  const variables: Record<string, string> = { PORT: String(PORT), ROUTES: routesTo(members) };
  mkdirSync(join(folder, "conf.d"));
  mkdirSync(join(folder, "temporary"));
  const [template] = Object.values(nativeFiles("router/default.conf.template"));
  writeFileSync(
    join(folder, "conf.d", "default.conf"),
    template!.replace(/\$\{(\w+)\}/g, (text, name: string) => variables[name] ?? text),
  );
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/temporary/${name};`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; error_log stderr warn; pid ${folder}/nginx.pid;
    events { worker_connections 1024; }
    http { ${temporary.join(" ")} access_log off; sendfile on; keepalive_timeout 65; include ${folder}/conf.d/*.conf; }`,
  );
}

function nginxArgs(): string[] {
  return ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")];
}

/** A service that answers what it was asked, streams, redirects and takes WebSockets. */
async function startBackend(name: string, port: number): Promise<void> {
  let go = () => {};
  const backend = createServer((asked, answer) => void respond(asked, answer));
  const respond = async (asked: IncomingMessage, answer: ServerResponse) => {
    const status = /^\/status\/(\d+)$/.exec(asked.url!)?.[1];
    if (status) return answer.writeHead(Number(status), { location: "/query", "retry-after": "7" }).end();
    if (asked.url === "/stream/go") {
      go();
      return answer.end();
    }
    if (asked.url === "/stream") {
      answer.write("first\n");
      await new Promise<void>((resolve) => (go = resolve));
      return answer.end(Buffer.alloc(64 * MIB));
    }
    const hash = createHash("sha256");
    for await (const chunk of asked) hash.update(chunk as Buffer);
    const { method, url, headers } = asked;
    return answer.end(JSON.stringify({ name, method, url, headers, sha256: hash.digest("hex") }));
  };
  backend.on("upgrade", (asked, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.on("data", (data) => socket.write(`${asked.url} ${data}`));
    socket.on("error", () => socket.destroy());
  });
  backend.listen(port, "127.0.0.1");
  await once(backend, "listening");
  backends.set(name, backend);
}

function stopBackend(backend: Server): void {
  backend.close();
  backend.closeAllConnections();
}

/** The answer of the router, its body not read. Not `fetch`, which makes a path canonical. */
async function open(options: RequestOptions, body: (string | Buffer)[] = []): Promise<IncomingMessage> {
  const asked = request({ host: "127.0.0.1", port: PORT, ...options });
  if (options.headers && "expect" in options.headers) asked.flushHeaders();
  else asked.end(Buffer.concat(body.map((each) => Buffer.from(each))));
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return response;
}

async function send(options: RequestOptions, body?: (string | Buffer)[]) {
  const response = await open(options, body);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status, headers } = response;
  return { status, headers, body: Buffer.concat(chunks).toString() };
}

function sha256(data: Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
