import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { KEY, startHarness, type Harness } from "./harness";

// An authorization server that publishes its metadata and keys as RFC 8414 says.
const PUBLIC_URL = "https://agent.example.com";
let server: Server;
let issuer: string;
let privateKey: CryptoKey;
let harness: Harness;

beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  privateKey = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  server = createServer((req, res) => {
    const body =
      req.url === "/.well-known/oauth-authorization-server"
        ? { issuer, jwks_uri: `${issuer}/keys` }
        : req.url === "/keys"
          ? { keys: [jwk] }
          : undefined;
    res.writeHead(body ? 200 : 404, { "Content-Type": "application/json" }).end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  harness = await startHarness({ TOLLGATE_PUBLIC_URL: PUBLIC_URL, TOLLGATE_OAUTH_ISSUER: issuer });
});
afterAll(async () => {
  await harness.stop();
  await new Promise((resolve) => server.close(resolve));
});

function token(
  over: { issuer?: string; audience?: string; customer?: unknown; expires?: string; key?: CryptoKey } = {},
) {
  return new SignJWT({ tollgate_customer_id: "customer" in over ? over.customer : "cust_one" })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .setIssuer(over.issuer ?? issuer)
    .setAudience(over.audience ?? `${PUBLIC_URL}/mcp`)
    .setExpirationTime(over.expires ?? "5m")
    .sign(over.key ?? privateKey);
}

async function statusOf(bearer: string): Promise<number> {
  const params = {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  const response = await fetch(harness.url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      Authorization: `Bearer ${bearer}`,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
  });
  await response.text();
  return response.status;
}

test("a token of the stack's issuer is accepted in addition to customers' keys", async () => {
  expect(await statusOf(await token())).toBe(200);
  expect(await statusOf(KEY)).toBe(200);
});

test.each<[string, () => Promise<string>]>([
  ["for another server", () => token({ audience: "https://other.example.com/mcp" })],
  ["of another issuer", () => token({ issuer: "https://evil.example.com" })],
  ["that has expired", () => token({ expires: "-1m" })],
  ["of a customer that is not in the ledger", () => token({ customer: "cust_nobody" })],
  ["without a customer", () => token({ customer: undefined })],
  ["signed with another key", async () => token({ key: (await generateKeyPair("RS256")).privateKey })],
  ["that is malformed", () => Promise.resolve("a.b.c")],
])("a token %s does not", async (_, make) => {
  expect(await statusOf(await make())).toBe(401);
});

test("the metadata name the issuer, and the address that customers use", async () => {
  const response = await fetch(new URL("/.well-known/oauth-protected-resource/mcp", harness.url));
  expect(await response.json()).toMatchObject({
    resource: `${PUBLIC_URL}/mcp`,
    authorization_servers: [issuer],
  });
  const refused = await fetch(harness.url, { method: "POST" });
  expect(refused.headers.get("www-authenticate")).toContain(
    `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource/mcp"`,
  );
});
