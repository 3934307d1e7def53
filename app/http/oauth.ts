import { createRemoteJWKSet, jwtVerify, type JWTVerifyGetKey } from "jose";

/** The claim of an access token that names the customer, as in the ledger. */
const CUSTOMER_CLAIM = "tollgate_customer_id";

/** Reads an access token. @returns the customer's id, or undefined for a token that is not valid here. */
export type ReadToken = (token: string) => Promise<string | undefined>;

export interface OAuthSettings {
  /** The authorization server's issuer, as in its metadata. */
  issuer: string;
  /** This server's address for clients: the audience that a token must be made for (RFC 8707). */
  resource: string;
}

/** Checks tokens of the stack's issuer by its published keys, which are read when the first token comes. */
export function createReadToken({ issuer, resource }: OAuthSettings): ReadToken {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return async (token) => {
    keys ??= findKeys(issuer).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    const getKey = await keys;
    try {
      const { payload } = await jwtVerify(token, getKey, { issuer, audience: resource });
      const customer = payload[CUSTOMER_CLAIM];
      return typeof customer === "string" ? customer : undefined;
    } catch (error) {
      // An issuer that cannot be asked is not a fault of the token.
      const code = (error as { code?: string }).code ?? "";
      if (code.startsWith("ERR_J")) return undefined;
      throw error;
    }
  };
}

/** The issuer's metadata, at the place of OAuth (RFC 8414) or of OpenID Connect. */
async function findKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  for (const place of [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]) {
    const answer = await fetch(place, { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) continue;
    const { jwks_uri } = (await answer.json()) as { jwks_uri?: string };
    if (jwks_uri) return createRemoteJWKSet(new URL(jwks_uri));
  }
  throw new Error(`the issuer ${issuer} publishes no metadata with jwks_uri`);
}
