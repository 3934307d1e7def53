import { secretSources } from "../../catalogue";

/** A secret's name in Secret Manager says where its value is. */
const IN_MANAGER: ReadonlySet<string> = new Set(secretSources.map(([name]) => name));

/** Names of settings that hold secrets, as environment variables or configuration keys have them. */
const SECRET_NAME =
  /(^|[_.-])(key|secret|secrets|password|passwd|passphrase|pass|pwd|token|salt|auth|credentials?|webhook(_?url)?|dsn|apikey|creds|pgpass\w*|signing|encryption|seed|licen[cs]e|conn(ection)?_?str(ing)?)$/i;

/** What a name such as the above may well hold without a secret in it; the meter alone holds the providers' keys. */
const REFERENCE =
  /^(held-by-the-meter||https:\/\/[a-z]+\.googleapis\.com\/.*|true|false|null|none|[\d.]+|~|[a-z_]+(\.[a-z_]+)+|\/.*|\$\{?\w.*|os\.environ\/\w+|file:.*|projects\/.*|\{\{.*|<.*>|\*+|\[.*|[|>]-?|[{[]|[:@%]['"]?\w.*)$/i;

/** Formats of providers' secrets, and URLs with a password. */
const SHAPES: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/[a-z][a-z0-9+.-]*:\/\/[^/@\s:$"']*:(?!\$|%s|\{)[^/@\s$"']+@/i, "a URL with a password"],
  [/https:\/\/hooks\.slack\.com\/(services|workflows)\/\w/, "a Slack webhook"],
  [/https:\/\/[\w.-]+\/[^\s"']*[?&](api_?key|token|secret|sig)=[^&\s"'$]+/i, "a URL with a token"],
  [/\b(password|passwd|pwd)=(?![$%{<*\s]|xxx)[^\s;&"']{4,}/i, "a connection string with a password"],
  [/\bSG\.[\w-]{10,}\.[\w-]{16,}/, "an API key"],
  [/\bsk-(ant-|lf-|proj-|or-)?[A-Za-z0-9_-]{8,}/, "an API key"],
  [/\btg-agent-[A-Za-z0-9]{8,}/, "the agent's key"],
  [/\bxox[a-z]-[A-Za-z0-9-]{8,}/, "a Slack token"],
  [/\bAIza[A-Za-z0-9_-]{20,}/, "a Google API key"],
  [/\bya29\.[A-Za-z0-9_-]{10,}/, "a Google access token"],
  [/\bGOCSPX-[A-Za-z0-9_-]{10,}/, "a Google client secret"],
  [/\b(ghp|gho|ghs|ghr|ghu)_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{15,}/, "a repository token"],
  [/\b(AKIA|ASIA)[A-Z0-9]{12,}/, "an AWS key"],
  [/\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\./, "a signed token"],
  [/\b(npm|dop|doo|dor|hf|gsk|pplx|r8|xai|whsec|rk_live|sk_live|sk_test)_[A-Za-z0-9]{16,}/, "an API key"],
  [
    /\bAuthorization["']?\s*[:=]\s*["']?(Basic|Bearer)\s+(?!\$|os\.environ|\{)[A-Za-z0-9+/=._-]{8,}/i,
    "a header with credentials",
  ],
];

/** Hashes are as random as secrets, and none. */
const HASH_NAME = /(sha\d*|hash|digest|checksum|commit|revision|fingerprint|etag|nonce)$/i;
const HASH = /\bsha(1|256|384|512)[:-][A-Za-z0-9+/=]{20,}/g;
/** An OAuth client's id: browsers send it, only its secret is one. */
const CLIENT_ID = /\b\d{6,}-[a-z0-9]+\.apps\.googleusercontent\.com\b/g;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** What is secret about a plain setting; none when nothing is. The answer never holds the value. */
export function secretIn(name: string, value: string): string | undefined {
  if (SECRET_NAME.test(name) && !REFERENCE.test(value) && !IN_MANAGER.has(value))
    return "is named like a secret";
  const shape = shapeIn(value);
  if (shape) return `holds ${shape}`;
  if (HASH_NAME.test(name)) return undefined;
  return randomWordIn(value) ? "holds a random value, such as a key" : undefined;
}

/** What is secret in each line of a text; the answer names the line and never holds the value. */
export function secretsInText(text: string): string[] {
  const lines = text.replace(CERTIFICATE, (block) => block.replace(/[^\n]/g, "")).split("\n");
  return lines.flatMap((line, index) => {
    const at = `line ${index + 1}`;
    const [, name, value] = ASSIGNMENT.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      const what = secretIn(name, value);
      if (what) return [`${at}: ${name} ${what}`];
    }
    const shape = shapeIn(line);
    if (shape) return [`${at} holds ${shape}`];
    return name === undefined && randomWordIn(line) ? [`${at} holds a random value, such as a key`] : [];
  });
}

/** `name: value`, `"name": "value"`, `name = value` or `NAME=value`, with the value alone on the rest of the line. */
const ASSIGNMENT =
  /^[\s{,-]*(?:export\s+|Environment=)?["']?([A-Za-z_][\w.-]*)["']?\s*(?::\s|=|:\s*$)\s*["']?([^"'\s][^"']*?)["']?[\s,;}]*$/;

/** What of a text has the shape of a secret; none when nothing has. */
export function shapeIn(text: string): string | undefined {
  return SHAPES.find(([shape]) => shape.test(text))?.[1];
}

/** The length from which a word of letters and digits is tested for randomness. */
const SHORTEST_RANDOM_WORD = 16;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A password with symbols in it, as the whole of a value. */
const PASSWORD = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[!@#$%^&*?+=~])[\w!@#$%^&*?+=~-]{10,64}$/;

/** Whether one of the words of a text is as random as a generated key or password. */
function randomWordIn(text: string): boolean {
  if (PASSWORD.test(text) && strange(text) >= 0.3) return true;
  const rest = text.replace(HASH, "").replace(CLIENT_ID, "");
  return (
    (rest.match(/[A-Za-z0-9-]+/g) ?? []).some((word) => UUID.test(word) || word.split("-").some(isRandom)) ||
    (rest.match(BASE64) ?? []).some((word) => strange(word) >= 0.5)
  );
}

/** 24 bytes and more in base64, whose slashes cut it into short words; a path has longer ones. */
const BASE64 = /(?<![A-Za-z0-9+/])(?=[^\s"']*[A-Z])(?=[^\s"']*\d)[A-Za-z0-9+/]{32,}={0,2}(?![A-Za-z0-9+/=])/g;

/** Names are made of words and numbers; what is generated changes between letters and digits, or letters of either case. */
function isRandom(word: string): boolean {
  if (word.length < SHORTEST_RANDOM_WORD) return false;
  const numbers = word.match(/\d+/g)?.length ?? 0;
  return strange(word) >= 0.3 || (numbers >= 3 && /[a-z]/i.test(word));
}

/** The share of a text's characters that are not part of a word, as `serviceAccount` and `HTTP` have them, or of a number. */
function strange(text: string): number {
  const named = (text.match(/[A-Z]?[a-z]{3,}|[A-Z]{4,}|\d{6,}/g) ?? []).join("");
  return 1 - named.length / text.length;
}
