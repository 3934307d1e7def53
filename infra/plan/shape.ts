import type { z } from "zod";
import { plan, type Plan } from ".";
import type { DEPLOYMENTS, schema, StackClass } from "../config-schema";
import type { Sizes } from "../gcp/sizes";
import { UNKNOWN, type PlannedResource } from "./monitor";
import { readStackFile, settingsOf, type StackSettings } from "./stack-file";

type Scalar = string | number | boolean;

/** What every plan has in common at one field of a type of resource. */
export interface FieldShape {
  /** The field is set wherever what it is part of is. */
  always?: true;
  /** A list that is never empty. */
  filled?: true;
  /** A number that is above 0. */
  positive?: true;
  /** The values there, where no setting of a stack changes them. */
  values?: Scalar[];
}

/** Fields of each type of resource, as `template.scaling.maxInstanceCount`; `*` stands for the places of a list. */
export type Shape = Record<string, Record<string, FieldShape>>;

/** What policies hold against the catalogue, texts of many lines, and versions, which go up. */
const ELSEWHERE =
  /(^|\.)(annotations|envs|args|commands|limits|volumeMounts|mountOptions|metadata|content|secretData|version|runExecutionToken)$/;
/** What is for people: any words will do. */
const WORDS = /(^|\.)(description|displayName|documentation|labels|userLabels|annotations|title)(\.|$)/;
/** Components only describe what they are made of, and what is random says nothing. */
const RESOURCE = /^gcp:/;
/** More different values than this are names, not choices. */
const MOST_VALUES = 8;

/** Plans of stacks that have no setting in common with those of the other group. */
type Group = "committed" | "other";

interface Found {
  parents: number;
  times: number;
  empty: number;
  lists: number;
  numbers: number;
  notPositive: number;
  /** A value that only an update knows. */
  unknown: boolean;
  values: Record<Group, Set<Scalar>>;
}

/** What plans of stacks with different settings have in common. */
export function shapeOf(plans: { group: Group; resources: PlannedResource[] }[]): Shape {
  const types = new Map<string, Map<string, Found>>();
  for (const { group, resources } of plans)
    for (const { type, inputs } of resources.filter((each) => RESOURCE.test(each.type))) {
      const fields = types.get(type) ?? new Map<string, Found>();
      types.set(type, fields);
      walk(inputs, "", (path, value) => note(fields, path, value, group));
    }
  for (const { resources } of plans)
    for (const { type, inputs } of resources) countParents(inputs, types.get(type) ?? new Map());
  return Object.fromEntries(sorted(types).map(([type, fields]) => [type, shapesOf(fields)]));
}

/** Shapes as they are committed: a line a field. */
export function shapeText(shape: Shape): string {
  const types = Object.entries(shape).map(([type, fields]) => {
    const lines = Object.entries(fields).map(
      ([path, each]) => `    ${JSON.stringify(path)}: ${JSON.stringify(each)}`,
    );
    return `  ${JSON.stringify(type)}: {\n${lines.join(",\n")}\n  }`;
  });
  return `{\n${types.join(",\n")}\n}\n`;
}

function note(fields: Map<string, Found>, path: string, value: unknown, group: Group): void {
  const field: Found = fields.get(path) ?? {
    ...{ parents: 0, times: 0, empty: 0, lists: 0, numbers: 0, notPositive: 0, unknown: false },
    values: { committed: new Set(), other: new Set() },
  };
  fields.set(path, field);
  field.times++;
  if (Array.isArray(value)) {
    field.lists++;
    if (value.length === 0) field.empty++;
  } else if (value === UNKNOWN || ELSEWHERE.test(path)) field.unknown = true;
  else if (typeof value !== "object") {
    if (typeof value === "number") field.numbers++;
    if (typeof value === "number" && value <= 0) field.notPositive++;
    field.values[group].add(value as Scalar);
  }
}

/** Counts for each field how often what it is part of is there. */
function countParents(inputs: object, fields: Map<string, Found>): void {
  const count = (parent: string) => {
    for (const [path, field] of fields) if (isPartOf(path, parent)) field.parents++;
  };
  count("");
  walk(inputs, "", (path, value) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) count(path);
  });
}

/** Whether a field is directly part of another; a place in a list is not. */
export function isPartOf(path: string, parent: string): boolean {
  const own = parent === "" ? path : path.startsWith(`${parent}.`) ? path.slice(parent.length + 1) : "*";
  return !own.includes(".") && own !== "*";
}

function shapesOf(fields: Map<string, Found>): Record<string, FieldShape> {
  return Object.fromEntries(sorted(fields).map(([path, field]) => [path, shapeOfField(path, field)]));
}

function shapeOfField(path: string, found: Found): FieldShape {
  const { parents, times, lists, empty, numbers, notPositive, unknown, values } = found;
  const all = [...new Set([...values.committed, ...values.other])].sort();
  const both = all.every((value) => values.committed.has(value) && values.other.has(value));
  const isChoice = both && !unknown && !WORDS.test(path) && all.length > 0 && all.length <= MOST_VALUES;
  return {
    ...(parents > 0 && times === parents ? { always: true } : {}),
    ...(lists > 0 && empty === 0 ? { filled: true } : {}),
    ...(isChoice ? { values: all } : numbers > 0 && notPositive === 0 ? { positive: true } : {}),
  };
}

function sorted<Value>(map: Map<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Visits every field of a resource that its shape speaks of.
 *
 * @param visit Takes the field's path, its value, and its path with the places in lists.
 */
export function walk(
  value: unknown,
  path: string,
  visit: (path: string, value: unknown, place: string) => void,
  place = path,
): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    const at = Array.isArray(value) ? `${path}.*` : path === "" ? key : `${path}.${key}`;
    const exact = Array.isArray(value) ? `${place}[${key}]` : place === "" ? key : `${place}.${key}`;
    visit(at, each, exact);
    if (!ELSEWHERE.test(at)) walk(each, at, visit, exact);
  }
}

type Settings = { [Key in keyof z.input<typeof schema>]-?: unknown };

const DIGEST = (digit: string) => `sha256:${digit.repeat(64)}`;
const SIZES: Record<StackClass, Sizes> = {
  dev: {
    ...{ protect: false, highAvailability: true, ownCache: true, nat: false, cpuBetweenRequests: false },
    ...{ postgresTier: "db-custom-2-7680", postgresConnections: 211, redisGiB: 3 },
    ...{ clickhouseMachine: "e2-standard-4", clickhouseMemoryMiB: 4096, clickhouseDiskGiB: 43 },
    ...{ clickhouseZone: "f", layout: "grouped", filesMiB: 257, minInstances: 0, maxInstances: 3 },
  },
  prod: {
    ...{ protect: false, highAvailability: true, ownCache: true, nat: false, cpuBetweenRequests: true },
    ...{ postgresTier: "db-custom-4-15360", postgresConnections: 411, redisGiB: 5 },
    ...{ clickhouseMachine: "e2-standard-8", clickhouseMemoryMiB: 8192, clickhouseDiskGiB: 83 },
    ...{ clickhouseZone: "c", layout: "apart", filesMiB: 259, minInstances: 2, maxInstances: 5 },
  },
};

/** Another value for every setting: what a plan has in spite of it is the design. */
function others(stackClass: StackClass): Settings {
  const people = [`group:${stackClass}@acme.example`, "user:someone@acme.example"];
  return {
    ...{ class: stackClass, environment: `${stackClass}-other`, owner: "acme", phase: 5, tempo: true },
    ...{ project: `acme-${stackClass}`, projectNumber: "200000000001", region: "us-central1" },
    ...{ operators: people, admins: [...people, "serviceAccount:ci@acme-ci.iam.gserviceaccount.com"] },
    deployment: "cloud-run",
    images: { agent: DIGEST("c"), gateway: DIGEST("d") },
    definitionsHash: undefined,
    signIn: {
      clientId: "2000-other.apps.googleusercontent.com",
      domains: ["acme.example"],
      owner: "someone@acme.example",
    },
    serving: { gateway: "tollgate-gateway-00007-abc" },
    imageRegistry: "us-central1-docker.pkg.dev/acme-admin/acme",
    sizes: SIZES[stackClass],
    publicUrl: "https://agent.acme.example",
    oauthIssuer: "https://login.acme.example",
    traceTexts: "none",
    clickhouseSnapshot: `projects/acme-${stackClass}/global/snapshots/one`,
    tiers: { tier_1: { monthlyBudget: "9" }, tier_2: { price: "109" }, tier_3: { price: "209" } },
    alertEmail: {
      to: "oncall@acme.example",
      from: "alerts@acme.example",
      smarthost: "smtp.acme.example:465",
      username: "alerts",
    },
    billingAccount: "012345-6789AB-CDEF01",
    officeHours: stackClass === "dev" ? { from: 7, to: 19, timeZone: "America/Chicago" } : undefined,
    monthlyCostCeiling: 901,
    monthlyWorstCaseCeiling: 4901,
  };
}

/** Settings that only Cloud Run reads. */
const OF_CLOUD_RUN = ["admins", "clickhouseSnapshot", "officeHours", "serving", "signIn", "sizes", "tempo"];

function asSettings(settings: Settings, deployment: (typeof DEPLOYMENTS)[number]): StackSettings {
  const set = Object.entries({ ...settings, deployment }).filter(
    ([key, value]) => value !== undefined && (deployment === "cloud-run" || !OF_CLOUD_RUN.includes(key)),
  );
  const full = (key: string) => `${key === "project" || key === "region" ? "gcp" : "tollgate"}:${key}`;
  return settingsOf(Object.fromEntries(set.map(([key, value]) => [full(key), value])));
}

/**
 * The shape of what the program makes, with any settings.
 *
 * @param committed The plans of the stacks as they are committed.
 */
export async function stackShape(committed: Plan[]): Promise<Shape> {
  const { values, secretKeys } = readStackFile("dev");
  const onMachine = { values: { ...values, "tollgate:deployment": "gce-vm" }, secretKeys };
  const variants: [Group, StackClass, StackSettings][] = [
    ["other", "dev", asSettings(others("dev"), "cloud-run")],
    ["other", "prod", asSettings(others("prod"), "cloud-run")],
    ["committed", "dev", onMachine],
    ["other", "prod", asSettings(others("prod"), "gce-vm")],
  ];
  const plans = committed.map(({ resources }) => ({ group: "committed" as Group, resources }));
  for (const [group, stack, settings] of variants)
    plans.push({ group, resources: (await plan(stack, settings)).resources });
  return shapeOf(plans);
}
