import * as provider from "@pulumi/gcp/config/vars";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { DefinitionError, definitions, parseDefinitions, usd, type Definitions } from "../litellm-config";
import { OWN_IMAGES, secretSources, type Phase, type SecretForm, type SecretName } from "../catalogue";
import { findings, meant, TEXT_KEYS } from "./config-findings";
import { contradictions } from "./contradictions";
import { definitionsHash } from "./definitions-hash";
import { ALERTS_FROM, schema, type StackClass } from "./config-schema";
import { sizes, type Sizes } from "./gcp/sizes";

type Settings = z.output<typeof schema>;

export interface StackConfig extends Omit<Settings, "tiers" | "phase" | "class" | "sizes" | "admins"> {
  /** IAM members who may run commands in the stack's jobs. */
  admins: string[];
  phase: Phase;
  class: StackClass;
  /** The class's sizes with this stack's own. */
  sizes: Sizes;
  /** With this stack's overrides. */
  definitions: Definitions;
  /** Values of the configured secrets by the secret's name. */
  secrets: Partial<Record<SecretName, pulumi.Output<string>>>;
  /** Whether a dead man's switch outside is configured. */
  heartbeat: boolean;
  /** What is not configured yet, and how to: only a plan goes on without it. */
  missing: string[];
}

/** Configuration that nothing may be built from; each line names a key, the value there and the remedy. */
export class ConfigError extends Error {
  constructor(stack: string, lines: string[]) {
    super(`Pulumi.${stack}.yaml is not usable:\n${lines.map((line) => `  ${line}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

/**
 * Reads and checks the stack's configuration, before any resource is registered.
 *
 * @param options.planning Go on without secrets and promoted digests: their places stay unknown in the plan.
 * @throws ConfigError with every finding.
 */
export function readConfig(options: { planning?: boolean } = {}): StackConfig {
  const stack = pulumi.getStack();
  const raw = rawSettings();
  const result = schema.safeParse(raw);
  const wrong = [
    ...unknownKeys(),
    ...(result.success ? [] : result.error.issues.flatMap((issue) => findings(issue, raw))),
  ];
  if (!result.success || wrong.length > 0) throw new ConfigError(stack, wrong);

  const { tiers, phase, class: named, sizes: own, ...settings } = result.data;
  const stackClass = named ?? classOf(settings.environment);
  if (!stackClass)
    throw new ConfigError(stack, [
      `tollgate:class is missing: say whether the environment "${settings.environment}" is sized and protected as dev or as prod`,
    ]);
  const stackSizes = { ...sizes[stackClass], ...own };
  const together = contradictions(result.data, stackClass, stackSizes);
  if (together.length > 0) throw new ConfigError(stack, together);
  const config = {
    ...settings,
    class: stackClass,
    admins: settings.admins ?? settings.operators,
    sizes: stackSizes,
    phase: phase as Phase,
    definitions: withOverrides(stack, tiers),
  };
  const { values, missing } = configuredSecrets(config.phase, options.planning ?? false);
  // A preview goes on without them: on a pull request they are not built yet.
  if (config.class === "prod" || !pulumi.runtime.isDryRun()) {
    const remedy =
      config.class === "prod"
        ? "prod runs what dev has proven, `npm run promote` writes it"
        : `\`npm run images -- push --stack ${stack}\` builds it, pushes it and writes its digest`;
    const absent = OWN_IMAGES.filter((image) => !config.images[image]);
    missing.push(...absent.map((image) => `tollgate:images.${image} is missing: ${remedy}`));
  }
  const hash = definitionsHash(definitions);
  if (config.definitionsHash && config.definitionsHash !== hash) {
    missing.push(
      `tollgate:definitionsHash "${config.definitionsHash}" is not that of litellm-config/ here (${hash}): prod runs what dev has proven, \`npm run promote\` writes it`,
    );
  }
  if (config.phase >= ALERTS_FROM && !config.alertEmail) {
    missing.push(
      `tollgate:alertEmail is missing: from phase ${ALERTS_FROM} on alerts are mailed, name to, from, smarthost, username`,
    );
  }
  missing.push(...halfSignIn(config.signIn !== undefined));
  if (missing.length > 0 && !options.planning) throw new ConfigError(stack, missing);
  const heartbeat = new pulumi.Config("tollgate").getSecret("heartbeatUrl") !== undefined;
  return { ...config, secrets: values, heartbeat, missing };
}

/** An OAuth client has an id and a secret: one without the other would keep everybody out, or do nothing. */
function halfSignIn(hasClient: boolean): string[] {
  const hasSecret = new pulumi.Config("tollgate").getSecret("googleClientSecret") !== undefined;
  if (hasClient && !hasSecret)
    return [
      "tollgate:googleClientSecret is missing (of the OAuth client in tollgate:signIn): `pulumi config set --secret tollgate:googleClientSecret`",
    ];
  return hasSecret && !hasClient
    ? ["tollgate:googleClientSecret does nothing without tollgate:signIn: set that, or take it out"]
    : [];
}

function classOf(environment: string): StackClass | undefined {
  return environment === "dev" || environment === "prod" ? environment : undefined;
}

const OF_PROVIDER = ["project", "region"];
const OWN = [
  ...Object.keys(schema.shape).filter((key) => !OF_PROVIDER.includes(key)),
  ...secretSources.flatMap(([, source]) => ("configured" in source ? [source.configured] : [])),
];

/** Keys that mean nothing here: a setting that is ignored is worse than one that is refused. */
function unknownKeys(): string[] {
  return Object.keys(pulumi.runtime.allConfig()).flatMap((full) => {
    const [namespace = "", key = full] = /^([^:]*):(.*)$/.exec(full)?.slice(1) ?? [];
    const known = { tollgate: OWN, gcp: Object.keys(provider) }[namespace] ?? [];
    if (full === "gcp:zone")
      return ["gcp:zone is not used: tollgate:sizes.clickhouseZone has the letter of the zone"];
    if (namespace === "pulumi" || known.includes(key)) return [];
    const others = [...OF_PROVIDER.map((name) => `gcp:${name}`), ...OWN.map((name) => `tollgate:${name}`)];
    const elsewhere = others.find((each) => each.endsWith(`:${key}`));
    if (elsewhere) return [`${full} is not a setting: did you mean ${elsewhere}?`];
    return namespace === "gcp"
      ? [`${full} is not a setting of Google's provider: ${meant("gcp:", key, OF_PROVIDER)}`]
      : [`${full} is not a setting: ${meant("tollgate:", key, OWN)}`];
  });
}

/** Values as in YAML: `pulumi.Config` returns text, and structures as JSON. */
function rawSettings(): Record<string, unknown> {
  const tollgate = new pulumi.Config("tollgate");
  const google = new pulumi.Config("gcp");
  const settings: Record<string, unknown> = {};
  for (const key of Object.keys(schema.shape))
    settings[key] = structured(key, (OF_PROVIDER.includes(key) ? google : tollgate).get(key));
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function structured(key: string, text: string | undefined): unknown {
  if (text === undefined) return text;
  const value = parsed(text);
  // A list where text belongs is a finding; a number there is its digits.
  return TEXT_KEYS.has(key) && typeof value !== "object" ? text : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The definitions with a stack's own prices and budgets.
 *
 * @throws ConfigError when a tier is not known, or a budget is not usable.
 */
export function withOverrides(stack: string, tiers: Settings["tiers"]): Definitions {
  const unknown = Object.keys(tiers).filter((name) => !definitions.tiers[name]);
  if (unknown.length > 0) {
    const known = Object.keys(definitions.tiers).join(", ");
    throw new ConfigError(
      stack,
      unknown.map((name) => `tollgate:tiers.${name} is not a tier: use one of ${known}`),
    );
  }
  const overridden = Object.fromEntries(
    Object.entries(definitions.tiers).map(([name, tier]) => {
      const { price, monthlyBudget } = tiers[name] ?? {};
      return [
        name,
        {
          ...tier,
          ...(price ? { price: usd(price) } : {}),
          ...(monthlyBudget ? { monthlyBudget: usd(monthlyBudget) } : {}),
        },
      ];
    }),
  );
  try {
    return parseDefinitions({ ...definitions, tiers: overridden });
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw new ConfigError(
      stack,
      error.message
        .split("\n")
        .slice(1)
        .map((line) => `tollgate:${line.trim()}`),
    );
  }
}

function configuredSecrets(phase: Phase, planning: boolean) {
  const config = new pulumi.Config("tollgate");
  const missing: string[] = [];
  const values: StackConfig["secrets"] = {};
  for (const [name, source] of secretSources) {
    if (!("configured" in source) || source.phase > phase) continue;
    const value = config.getSecret(source.configured);
    // A plan from the file does not know the values.
    const key = `tollgate:${source.configured}`;
    const wrong = planning ? undefined : wrongSecret(source, pulumi.runtime.getConfig(key));
    if (wrong) missing.push(`${key} (a secret, not shown) ${wrong}`);
    if (value && !isConfigSecret(key))
      missing.push(
        `${key} (a secret, not shown) is in plain text: make a new one, because who reads the file has it, and \`pulumi config set --secret ${key}\``,
      );
    if (value || source.unset !== undefined) {
      values[name] = value ?? pulumi.secret(source.unset!);
      continue;
    }
    missing.push(
      `tollgate:${source.configured} is missing (${source.what}): \`pulumi config set --secret tollgate:${source.configured}\``,
    );
    // A plan shows no secret, set or not: `missing` says which are not.
    if (planning) values[name] = pulumi.secret("");
  }
  return { values, missing };
}

/** Whether the engine keeps a setting encrypted. Pulumi's types leave this function out. */
function isConfigSecret(key: string): boolean {
  const { runtime } = pulumi as unknown as { runtime: { isConfigSecret(key: string): boolean } };
  return runtime.isConfigSecret(key);
}

/** https://cloud.google.com/secret-manager/quotas */
const SECRET_BYTES = 64 * 1024;

/** What is wrong with the value of a secret, without the value. */
function wrongSecret({ form }: { form?: SecretForm }, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === "") return "must not be empty";
  const bytes = Buffer.byteLength(text);
  if (bytes > SECRET_BYTES) return `has ${bytes} bytes: Secret Manager takes ${SECRET_BYTES} at most`;
  const value = parsed(text);
  const { right, is } = {
    https: { right: /^https:\/\/[^\s/]+/.test(text), is: "an https address" },
    list: { right: Array.isArray(value), is: "a JSON list" },
    object: {
      right: typeof value === "object" && value !== null && !Array.isArray(value),
      is: "a JSON object",
    },
    text: { right: true, is: "text" },
  }[form ?? "text"];
  return right ? undefined : `must be ${is}`;
}
