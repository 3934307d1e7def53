import {
  catalogue,
  DATABASE_CA,
  isJob,
  jobs,
  leadsToPostgres,
  service,
  type BucketName,
  type EnvValue,
  type Ref,
  type SecretName,
  type ServiceName,
  type Setting,
  type TargetName,
  type Text,
  type Unit,
} from ".";
import { KEPT } from "./spec";

/** Something that had to be started before a unit. */
export interface Need<Started> {
  unit: Unit;
  started: Started;
}

/** What a unit is started with, resolved. */
export interface Inputs<Value> {
  env: Record<string, Value>;
  /** Variables that hold a secret: the secret's name by the variable's. */
  secretEnv: Record<string, SecretName>;
  /** Secrets that are read as files: the secret's name by the file's path. */
  secretFiles: Record<string, SecretName>;
  command?: Value[];
  args?: Value[];
}

/**
 * A platform for the stack: how a value of the catalogue is resolved there, and how a service or a job is started. The
 * catalogue decides what is resolved and started, and in which order.
 *
 * @typeParam Value What a value is there: text, or a promise of it.
 * @typeParam Started The result of a start.
 */
export interface Target<Value, Started> {
  readonly name: TargetName;
  /** Whether this stack has a service at all, at its phase and with its settings; also one that is run another way. */
  has(unit: Unit): boolean;
  /** @param unit Whose value it is: a path is mounted for it alone. */
  resolve(ref: Ref, unit: Unit): Value;
  /** Whether this stack leaves a setting unset. Default: never. */
  lacks?(setting: Setting): boolean;
  /** A literal text of the catalogue. */
  literal(text: string): Value;
  join(parts: Value[]): Value;
  start(unit: Unit, inputs: Inputs<Value>, needs: Need<Started>[]): Started;
}

/** Resolves the catalogue's values on a target. */
export type Resolver<Value> = Pick<
  Target<Value, unknown>,
  "name" | "has" | "lacks" | "resolve" | "literal" | "join"
>;

/** The environment of a unit on a target, unresolved. */
export function envOf({ env, targetEnv }: Unit, target: TargetName): Record<string, EnvValue> {
  return { ...env, ...targetEnv?.[target] };
}

/** The service that does the work of one on a target: itself, or its stand-in. */
export function standInFor(name: ServiceName, target: TargetName): ServiceName {
  return service(name).standIn?.[target] ?? name;
}

/** Whether a target runs a unit as the catalogue describes it. */
export function runsOn(unit: Unit, target: Pick<Resolver<unknown>, "name" | "has">): boolean {
  return target.has(unit) && !unit.targets?.[target.name];
}

/** The environment, secrets, command and arguments of a unit on a target. */
export function inputsOf<Value>(unit: Unit, target: Resolver<Value>): Inputs<Value> {
  const env: Record<string, Value> = {};
  const secretEnv: Record<string, SecretName> = {};
  for (const [name, value] of Object.entries(envOf(unit, target.name))) {
    if (typeof value === "object" && "secret" in value) secretEnv[name] = value.secret;
    else if (isReached(value, target)) env[name] = resolveText(value, unit, target);
  }
  return {
    env,
    secretEnv,
    secretFiles: secretFilesOf(unit, target.name),
    ...(unit.command ? { command: unit.command.map((text) => resolveText(text, unit, target)) } : {}),
    ...(unit.args ? { args: unit.args.map((text) => resolveText(text, unit, target)) } : {}),
  };
}

/** A text of the catalogue on a target. */
export function resolveText<Value>(text: Text, unit: Unit, target: Resolver<Value>): Value {
  const [first, ...others] = partsOf(text).map((part) =>
    typeof part === "string" ? target.literal(part) : target.resolve(redirected(part, target.name), unit),
  );
  if (first === undefined) return target.literal("");
  return others.length === 0 ? first : target.join([first, ...others]);
}

/** The secrets that a unit reads, as variables or as files. */
export function secretsOf(unit: Unit, target: TargetName): SecretName[] {
  return [...new Set([...variableSecrets(unit, target), ...Object.values(secretFilesOf(unit, target))])];
}

function variableSecrets(unit: Unit, target: TargetName): SecretName[] {
  return Object.values(envOf(unit, target)).flatMap((value) =>
    typeof value === "object" && "secret" in value ? [value.secret] : [],
  );
}

/** What a unit reads as files. What reaches Postgres gets its certificate authority too. */
function secretFilesOf(unit: Unit, target: TargetName): Record<string, SecretName> {
  const reaches = variableSecrets(unit, target).some(leadsToPostgres);
  return { ...unit.secretFiles, ...(reaches ? { [DATABASE_CA]: "postgres-certificate" } : {}) };
}

/** The buckets that a unit reads and writes. */
export function bucketsOf(unit: Unit, target: TargetName): BucketName[] {
  const parts = Object.values(envOf(unit, target)).flatMap((value) =>
    typeof value === "object" && "secret" in value ? [] : partsOf(value),
  );
  const named = parts.flatMap((part) => (typeof part === "object" && "bucket" in part ? [part.bucket] : []));
  return [...new Set([...named, ...(target === "gcp" ? Object.values(bucketMountsOf(unit)) : [])])];
}

/** The buckets that a unit's container mounts on Google Cloud, by path. */
export function bucketMountsOf(unit: Unit): Record<string, BucketName> {
  const volumes = isJob(unit) ? [] : (unit.volumes ?? []);
  return Object.fromEntries(
    volumes.flatMap(({ mountPath, bucket, keptIn }): [string, BucketName][] =>
      bucket ? [[mountPath, bucket]] : keptIn ? [[KEPT, keptIn]] : [],
    ),
  );
}

/**
 * Starts every unit that a target runs, each after what it needs.
 *
 * @param others What the target has already made, in place of services of the catalogue.
 * @returns what was started, by name.
 */
export function startAll<Value, Started>(
  target: Target<Value, Started>,
  others: Partial<Record<ServiceName, Started>> = {},
): Map<Unit["name"], Started> {
  const started = new Map<Unit["name"], Started>(Object.entries(others) as [ServiceName, Started][]);
  for (const unit of unitsOf(target)) {
    const needs = needsOf(unit, target.name).flatMap((need) => {
      const known = started.get(need.name);
      return known === undefined ? [] : [{ unit: need, started: known }];
    });
    started.set(unit.name, target.start(unit, inputsOf(unit, target), needs));
  }
  return started;
}

/** Every unit that a target runs, each after those that it needs. */
export function unitsOf(target: Pick<Resolver<unknown>, "name" | "has">): Unit[] {
  const ordered = new Set<Unit>();
  const visit = (unit: Unit) => {
    if (ordered.has(unit)) return;
    needsOf(unit, target.name).forEach(visit);
    ordered.add(unit);
  };
  [...catalogue, ...jobs].forEach(visit);
  return [...ordered].filter((unit) => runsOn(unit, target));
}

/** What a unit needs before it: what it depends on, and the jobs whose trigger it is. */
export function needsOf(unit: Unit, target: TargetName): Unit[] {
  const named = new Set<string>(unit.dependsOn);
  const needed: Unit[] = [...catalogue, ...jobs].filter(({ name }) => named.has(name));
  const before = jobs.filter(
    ({ trigger }) =>
      typeof trigger === "object" && "before" in trigger && trigger.before.some((name) => name === unit.name),
  );
  const all = [...needed, ...before].map((need) =>
    isJob(need) ? need : service(standInFor(need.name, target)),
  );
  return [...new Set(all)];
}

function isReached(text: Text, target: Resolver<unknown>): boolean {
  return partsOf(text).every((part) => {
    if (typeof part === "string") return true;
    if ("setting" in part) return !target.lacks?.(part.setting);
    const name = namedIn(part);
    return name === undefined || target.has(service(name));
  });
}

function partsOf(text: Text): readonly (string | Ref)[] {
  return typeof text === "object" && "length" in text ? text : [text];
}

function namedIn(ref: Ref): ServiceName | undefined {
  if ("url" in ref) return ref.url;
  if ("host" in ref) return ref.host;
  return undefined;
}

/** A reference to a service, or to the one that stands in for it. */
function redirected(ref: Ref, target: TargetName): Ref {
  if ("url" in ref) return { ...ref, url: standInFor(ref.url, target) };
  if ("host" in ref) return { ...ref, host: standInFor(ref.host, target) };
  if ("port" in ref) return { ...ref, port: standInFor(ref.port, target) };
  return ref;
}
