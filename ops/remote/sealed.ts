import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";

/** A key pair for one answer: the public half travels, the private half stays in this process. */
export interface SealingKeys {
  /** Base64url. */
  publicKey: string;
  privateKey: KeyObject;
}

export function sealingKeys(): SealingKeys {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: encode(publicKey), privateKey };
}

/**
 * Encrypts a text for the holder of a key: X25519 with a fresh key, HKDF-SHA256, AES-256-GCM.
 *
 * @param recipient A `publicKey` of `sealingKeys`.
 * @throws Error when that is not one.
 */
export function seal(text: string, recipient: string): string {
  const sender = sealingKeys();
  const cipher = createCipheriv("aes-256-gcm", keyOf(sender.privateKey, recipient), NONCE);
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return JSON.stringify({ sender: sender.publicKey, data: data.toString("base64url") });
}

/** @throws Error when the text was sealed for another key, or changed since. */
export function unseal(sealed: string, { privateKey }: SealingKeys): string {
  const { sender, data } = JSON.parse(sealed) as { sender: string; data: string };
  const bytes = Buffer.from(data, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", keyOf(privateKey, sender), NONCE);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
}

const TAG_BYTES = 16;
/** Each key encrypts one text. */
const NONCE = Buffer.alloc(12);

function keyOf(privateKey: KeyObject, publicKey: string): Buffer {
  const other = createPublicKey({
    key: Buffer.from(publicKey, "base64url"),
    format: "der",
    type: "spki",
  });
  const secret = diffieHellman({ privateKey, publicKey: other });
  return Buffer.from(hkdfSync("sha256", secret, "", "tollgate answer", 32));
}

function encode(key: KeyObject): string {
  return key.export({ format: "der", type: "spki" }).toString("base64url");
}
