import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { DefinitionError, definitions, parseDefinitions, usd, type Definitions } from "../litellm-config";
import { OWN_IMAGES, secretSources, type Phase, type SecretName } from "../catalogue";
import { definitionsHash } from "./definitions-hash";
import { REGIONS } from "./regions";

export const ENVIRONMENTS = ["dev", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** Where the stack runs: each service by itself on Cloud Run, or all in containers on one machine. */
export const DEPLOYMENTS = ["cloud-run", "gce-vm"] as const;

const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "is no digest: write sha256: and 64 hexadecimal digits");
const member = z
  .string()
  .regex(/^(user|group|serviceAccount|domain):\S+$/, "is no IAM member: write as group:platform@example.com");
/** `pulumi config set --path` makes a number of what looks like one. */
const dollars = z.preprocess(
  (value) => (typeof value === "number" ? String(value) : value),
  z.string().regex(/^\d+(\.\d{1,9})?$/, 'is no dollar amount: write digits, as "18.50"'),
);
const address = z.email("is no e-mail address");

/** `Pulumi.<stack>.yaml`, without the secrets. A key's name here is its name there, after `tollgate:`. */
const schema = z.strictObject({
  environment: z.enum(ENVIRONMENTS),
  project: z
    .string()
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, "is no project id: `gcloud projects list` shows the ids"),
  projectNumber: z
    .string()
    .regex(
      /^\d{6,}$/,
      "is no project number: `gcloud projects describe PROJECT --format='value(projectNumber)'`",
    ),
  region: z.enum(REGIONS, { error: () => `is no region of Cloud Run: name one of ${REGIONS.join(", ")}` }),
  phase: z.int().min(1).max(5),
  deployment: z.enum(DEPLOYMENTS).default("cloud-run"),
  /** Infrastructure traces in Tempo: part of phase 5, and off unless asked for. */
  tempo: z.boolean().default(false),
  owner: z.string().regex(/^[a-z0-9_-]{1,63}$/, "is no label: lower case letters, digits, - and _ only"),
  operators: z.array(member).nonempty("names nobody: list who may open Grafana and Langfuse"),
  /** Digests of own images, as a promotion writes them. */
  images: z.partialRecord(z.enum(OWN_IMAGES), digest).default({}),
  /** Hash of the definitions that these digests were proven with, as a promotion writes it. */
  definitionsHash: z.string().optional(),
  /** While a promotion moves the traffic: the revisions that keep it all, by service. */
  serving: z.record(z.string(), z.string()).default({}),
  /** The registry that own images are pulled from when it is another project's. */
  imageRegistry: z.string().optional(),
  imageReaders: z.array(member).default([]),
  /** Overrides of the definitions for this stack alone. */
  tiers: z
    .record(z.string(), z.strictObject({ price: dollars.optional(), monthlyBudget: dollars.optional() }))
    .default({}),
  alertEmail: z
    .strictObject({
      to: address,
      from: address,
      smarthost: z.string().regex(/^[^:\s]+:\d+$/),
      username: z.string(),
    })
    .optional(),
  /** Dollars a month that the infrastructure may cost, by the estimate: a policy refuses more. */
  monthlyCostCeiling: z.number().positive(),
});

type Settings = z.output<typeof schema>;

export interface StackConfig extends Omit<Settings, "tiers" | "phase"> {
  phase: Phase;
  /** With this stack's overrides. */
  definitions: Definitions;
  /** Values of the configured secrets by the secret's name. */
  secrets: Partial<Record<SecretName, pulumi.Output<string>>>;
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
  if (!result.success)
    throw new ConfigError(
      stack,
      result.error.issues.flatMap((issue) => findings(issue, raw)),
    );

  const { tiers, phase, ...settings } = result.data;
  const config = { ...settings, phase: phase as Phase, definitions: withOverrides(stack, tiers) };
  const { values, missing } = configuredSecrets(config.phase, options.planning ?? false);
  if (config.environment === "prod") {
    missing.push(
      ...OWN_IMAGES.filter((image) => !config.images[image]).map(
        (image) =>
          `tollgate:images.${image} is missing: prod runs what dev has proven, \`npm run promote\` writes it`,
      ),
    );
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
  return { ...config, secrets: values, missing };
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
  "projectNumber",
  "deployment",
  "owner",
  "imageRegistry",
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
  const shown = typeof value === "object" ? "" : ` "${String(value)}"`;
  const remedy =
    issue.code === "invalid_value" && !issue.message.startsWith("is no")
      ? `is none of ${issue.values.join(", ")}: name one of them`
      : issue.message;
  return [`${key}${shown} ${remedy}`];
}

function withOverrides(stack: string, tiers: Settings["tiers"]): Definitions {
  const unknown = Object.keys(tiers).filter((name) => !definitions.tiers[name]);
  if (unknown.length > 0) {
    const known = Object.keys(definitions.tiers).join(", ");
    throw new ConfigError(
      stack,
      unknown.map((name) => `tollgate:tiers "${name}" is no tier: name one of ${known}`),
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
    if (value) {
      values[name] = value;
      continue;
    }
    missing.push(
      `tollgate:${source.configured} is missing (${source.what}): \`pulumi config set --secret tollgate:${source.configured}\``,
    );
    if (planning) values[name] = unknownSecret();
  }
  return { values, missing };
}

/** A secret whose value nobody knows yet: it must not look like one that is set. */
export function unknownSecret(): pulumi.Output<string> {
  return pulumi.secret(pulumi.unknown as unknown as string);
}
