import { parseEnv } from "node:util";
import type { Phase } from "../../catalogue";
import { presence, profilesOf } from "../../infra/compose";

interface Setting {
  name: string;
  value: string;
  what: string;
}

/** What operators may change, with what it is at first. */
const SETTINGS: Setting[] = [
  { name: "TOLLGATE_ENVIRONMENT", value: "dev", what: "a name such as dev: a tag of every request" },
  {
    name: "TOLLGATE_DATA_SOURCE",
    value: "sample",
    what: "sample: a made-up cloud bill; gcp: the customers' own projects",
  },
  { name: "GOOGLE_CLOUD_PROJECT", value: "", what: "the project that pays for Gemini on Vertex AI" },
  { name: "GOOGLE_CLOUD_REGION", value: "", what: "its region" },
  { name: "TOLLGATE_HOST", value: "localhost", what: "the name under which people reach this machine" },
  {
    name: "TOLLGATE_PUBLIC_URL",
    value: "",
    what: "the agent's address as customers know it, without a path",
  },
  {
    name: "TOLLGATE_OAUTH_ISSUER",
    value: "",
    what: "the OAuth authorization server whose tokens the agent takes; needs TOLLGATE_PUBLIC_URL",
  },
  {
    name: "TOLLGATE_TRACE_TEXTS",
    value: "",
    what: "none: traces have no texts of questions, prompts and answers",
  },
];

/** What `.env` says of this run of the stack. */
export interface Run {
  phase: Phase;
  /** Folder of the secret files. */
  secretsFolder: string;
  /** As `configHashes()`. */
  hashes: Record<string, string>;
  /** Settings that differ from the first ones: on a cloud machine the project, the images by digest, and so on. */
  settings?: Record<string, string>;
}

/** The phase that an earlier `.env` names. */
export function phaseOf(text: string): Phase | undefined {
  const phase = Number(/^phase-([1-5])$/.exec(parse(text)["COMPOSE_PROFILES"] ?? "")?.[1]);
  return phase ? (phase as Phase) : undefined;
}

/**
 * The text of `.env`. What people wrote into an earlier one stays; the phase, the secrets' folder and the hashes are this run's.
 *
 * @param earlier The earlier file's text.
 */
export function envFile({ phase, secretsFolder, hashes, settings = {} }: Run, earlier = ""): string {
  const kept = parse(earlier);
  const own: Record<string, string> = {
    COMPOSE_PROFILES: profilesOf(phase)[0]!,
    TOLLGATE_SECRETS: secretsFolder,
    ...presence(phase),
    ...hashes,
  };
  const known = new Set([...SETTINGS.map(({ name }) => name), ...Object.keys(own)]);
  const others = Object.entries({ ...kept, ...settings }).filter(([name]) => !known.has(name));
  const lines = [
    "# Settings of the stack in Docker Compose. Change those of the first part, then run `npm run compose` again.",
    ...SETTINGS.flatMap(({ name, value, what }) => [
      `# ${what}`,
      line(name, settings[name] ?? kept[name] ?? value),
    ]),
    ...others.map(([name, value]) => line(name, value)),
    "",
    "# Written by every run.",
    ...Object.entries(own).map(([name, value]) => line(name, value)),
    "",
  ];
  return lines.join("\n");
}

/** Compose and Node read single quotes alike, and nothing inside them is replaced. */
function line(name: string, value: string): string {
  return /^[\w./:@-]*$/.test(value) ? `${name}=${value}` : `${name}='${value}'`;
}

function parse(text: string): Record<string, string> {
  return parseEnv(text) as Record<string, string>;
}
