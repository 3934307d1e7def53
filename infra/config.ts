import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { DefinitionError, definitions, parseDefinitions, usd, type Definitions } from "../litellm-config";
import { OWN_IMAGES, secretSources, type Phase, type SecretName } from "../catalogue";
import { definitionsHash } from "./definitions-hash";
import { schema, type StackClass } from "./config-schema";
import { nearest } from "./nearest";
import { sizes, sizesSchema, type Sizes } from "./gcp/sizes";

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
  if (stackClass === "prod" && settings.officeHours)
    throw new ConfigError(stack, [
      `tollgate:officeHours ${JSON.stringify(settings.officeHours)} must not be set in prod: customers come at any hour`,
    ]);
  if (settings.oauthIssuer && !settings.publicUrl)
    throw new ConfigError(stack, [
      "tollgate:publicUrl is missing: tokens of tollgate:oauthIssuer are made for this address, such as https://agent.example.com",
    ]);
  const config = {
    ...settings,
    class: stackClass,
    admins: settings.admins ?? settings.operators,
    sizes: { ...sizes[stackClass], ...own },
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
  if (config.phase >= 4 && !config.alertEmail) {
    missing.push(
      "tollgate:alertEmail is missing: from phase 4 on alerts are mailed, name to, from, smarthost, username",
    );
  }
  if (missing.length > 0 && !options.planning) throw new ConfigError(stack, missing);
  const heartbeat = new pulumi.Config("tollgate").getSecret("heartbeatUrl") !== undefined;
  return { ...config, secrets: values, heartbeat, missing };
}

function classOf(environment: string): StackClass | undefined {
  return environment === "dev" || environment === "prod" ? environment : undefined;
}

/** Keys of the namespace that mean nothing here: a setting that is ignored is worse than one that is refused. */
function unknownKeys(): string[] {
  const known = [
    ...Object.keys(schema.shape).filter((key) => key !== "project" && key !== "region"),
    ...secretSources.flatMap(([, source]) => ("configured" in source ? [source.configured] : [])),
  ];
  return Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith("tollgate:"))
    .map((key) => key.slice("tollgate:".length))
    .filter((key) => !known.includes(key))
    .map((key) => `tollgate:${key} is not a setting: ${meant("tollgate:", key, known)}`);
}

function meant(prefix: string, name: string, known: string[]): string {
  const close = nearest(name, known);
  return close ? `did you mean ${prefix}${close}?` : `name one of ${known.join(", ")}`;
}

/** Values as YAML has them: `pulumi.Config` gives text, structures as JSON. */
function rawSettings(): Record<string, unknown> {
  const tollgate = new pulumi.Config("tollgate");
  const google = new pulumi.Config("gcp");
  const own = Object.keys(schema.shape).filter((key) => key !== "project" && key !== "region");
  const settings: Record<string, unknown> = { project: google.get("project"), region: google.get("region") };
  for (const key of own) settings[key] = structured(key, tollgate.get(key));
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

const TEXT_KEYS = new Set([
  "definitionsHash",
  "environment",
  "class",
  "projectNumber",
  "billingAccount",
  "deployment",
  "owner",
  "imageRegistry",
  "clickhouseSnapshot",
  "publicUrl",
  "oauthIssuer",
]);

function structured(key: string, text: string | undefined): unknown {
  if (text === undefined || TEXT_KEYS.has(key)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function findings(issue: z.core.$ZodIssue, raw: Record<string, unknown>): string[] {
  const namespace = issue.path[0] === "project" || issue.path[0] === "region" ? "gcp" : "tollgate";
  const key = `${namespace}:${issue.path.join(".")}`;
  const value = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step],
    raw,
  );
  if (value === undefined) return [`${key} is missing: \`pulumi config set ${key} ...\``];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map(
      (name) => `${key}.${name} is not a setting: ${meant(`${key}.`, name, knownUnder(issue.path))}`,
    );
  const shown = typeof value === "object" ? "" : ` "${String(value)}"`;
  const remedy =
    issue.code === "invalid_value" && !issue.message.startsWith("must be")
      ? `must be one of ${issue.values.join(", ")}`
      : issue.message;
  return [`${key}${shown} ${remedy}`];
}

/** The names that may stand under a key. */
function knownUnder(path: PropertyKey[]): string[] {
  if (path[0] === "sizes") return Object.keys(sizesSchema.shape);
  if (path[0] === "tiers") return ["price", "monthlyBudget"];
  if (path[0] === "images") return [...OWN_IMAGES];
  return path[0] === "alertEmail" ? ["to", "from", "smarthost", "username"] : [];
}

function withOverrides(stack: string, tiers: Settings["tiers"]): Definitions {
  const unknown = Object.keys(tiers).filter((name) => !definitions.tiers[name]);
  if (unknown.length > 0) {
    const known = Object.keys(definitions.tiers).join(", ");
    throw new ConfigError(
      stack,
      unknown.map((name) => `tollgate:tiers.${name} is not a tier: name one of ${known}`),
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
