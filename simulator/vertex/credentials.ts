import { generateKeyPairSync, randomBytes } from "node:crypto";
import { ApiError } from "../api-error";

const PROJECT = "simulated-project";
const ACCOUNT = `gateway@${PROJECT}.iam.gserviceaccount.com`;

/**
 * A service account's key file that Google's client libraries take and that is worth nothing anywhere else: its tokens come
 * from the simulator.
 *
 * @param url the simulator's address, such as `http://127.0.0.1:4010`
 */
export function simulatedServiceAccount(url: string): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const account = {
    type: "service_account",
    project_id: PROJECT,
    private_key_id: randomBytes(20).toString("hex"),
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    client_email: ACCOUNT,
    client_id: "100000000000000000000",
    token_uri: `${url}/token`,
    universe_domain: "googleapis.com",
  };
  return JSON.stringify(account, null, 2);
}

/** Google's token endpoint: exchanges a service account's signed assertion for an access token. */
export class TokenEndpoint {
  private readonly tokens = new Map<string, number>();

  /** @param body the form of RFC 7523. @throws ApiError when the grant or the assertion is invalid. */
  issue(body: string): object {
    const form = new URLSearchParams(body);
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      throw new ApiError(400, "Invalid grant_type", "unsupported_grant_type");
    }
    const [header, claims, signature] = (form.get("assertion") ?? "").split(".");
    const read = (part = "") =>
      JSON.parse(Buffer.from(part, "base64url").toString() || "{}") as Record<string, unknown>;
    const { alg } = read(header);
    const { iss, aud, exp, scope } = read(claims);
    const expired = Number(exp) < Date.now() / 1000;
    if (alg !== "RS256" || !signature || iss !== ACCOUNT || !String(aud).endsWith("/token") || expired) {
      throw new ApiError(400, "Invalid JWT Signature.", "invalid_grant");
    }
    if (!String(scope).includes("https://www.googleapis.com/auth/cloud-platform")) {
      throw new ApiError(400, "Invalid OAuth scope.", "invalid_scope");
    }
    const access_token = `ya29.simulator-${randomBytes(16).toString("hex")}`;
    this.tokens.set(access_token, Date.now() + 3_600_000);
    return { access_token, expires_in: 3_599, token_type: "Bearer" };
  }

  /** @throws ApiError when the header has no token of this endpoint. */
  check(authorization: string | undefined): void {
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? "";
    if ((this.tokens.get(token) ?? 0) > Date.now()) return;
    throw new ApiError(
      401,
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    );
  }
}
