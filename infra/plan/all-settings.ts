import type { z } from "zod";
import { plan, type Plan } from ".";
import { catalogue } from "../../catalogue";
import type { DEPLOYMENTS, schema, StackClass } from "../config-schema";
import { SHARED_INSTANCES, type Layout, type Sizes } from "../gcp/sizes";
import { shapeOf, type Group, type Made, type Shape } from "./shape";
import { readStackFile, settingsOf, type StackSettings } from "./stack-file";
import { variablesOf } from "./templates";

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

/** In the middle of a promotion every service keeps a revision. */
function allServing(revision: string): Record<string, string> {
  const names = [...catalogue.map(({ name }) => name), ...SHARED_INSTANCES];
  return Object.fromEntries(names.map((name) => [name, `tollgate-${name}-${revision}`]));
}

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
    serving: stackClass === "prod" ? allServing("00007-abc") : {},
    imageRegistry: "us-east1-docker.pkg.dev/acme-admin/acme",
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
  const made: Made[] = committed.map(({ resources, config }) => ({
    group: "committed",
    variables: variablesOf(config),
    resources,
  }));
  const add = async (group: Group, stack: StackClass, settings: StackSettings) => {
    const { resources, config } = await plan(stack, settings);
    made.push({ group, variables: variablesOf(config), resources });
  };
  for (const stack of ["dev", "prod"] as const) {
    const { values, secretKeys } = readStackFile(stack);
    const more = (changes: Record<string, string>) => ({ values: { ...values, ...changes }, secretKeys });
    for (const variant of VARIANTS[stack]) {
      await add("committed", stack, more(alsoCommitted(stack, variant, 1)));
      await add("other", stack, asSettings(varied(others(stack), variant, 2), "cloud-run"));
    }
    await add("committed", stack, more({ "tollgate:deployment": "gce-vm" }));
    await add("other", stack, asSettings(others(stack), "gce-vm"));
  }
  return shapeOf(made);
}

/** Choices of which a plan has one: each is seen in both groups. */
interface Variant {
  layout: Layout;
  highAvailability: boolean;
  /** Otherwise it is awake at any hour, and what customers' requests wait for is always there. */
  sleeps?: true;
}

const VARIANTS: Record<StackClass, Variant[]> = {
  dev: [
    { layout: "packed", highAvailability: false, sleeps: true },
    { layout: "grouped", highAvailability: true, sleeps: true },
    { layout: "apart", highAvailability: true, sleeps: true },
    { layout: "packed", highAvailability: true },
  ],
  prod: [
    { layout: "packed", highAvailability: true },
    { layout: "grouped", highAvailability: false },
    { layout: "apart", highAvailability: true },
  ],
};

function sizesOf({ sleeps, ...own }: Variant, minInstances: number): Partial<Sizes> {
  return { ...own, ownCache: true, nat: own.layout === "apart", ...(sleeps ? {} : { minInstances }) };
}

function varied(settings: Settings, variant: Variant, minInstances: number): Settings {
  const own = { ...(settings.sizes as Sizes), ...sizesOf(variant, minInstances) };
  return { ...settings, sizes: own, officeHours: variant.sleeps && settings.officeHours };
}

/** Settings that the committed stacks leave out, so that what they make is seen in both groups. */
function alsoCommitted(
  stackClass: StackClass,
  variant: Variant,
  minInstances: number,
): Record<string, string> {
  return {
    "tollgate:images": JSON.stringify({ agent: DIGEST("a"), gateway: DIGEST("b") }),
    "tollgate:sizes": JSON.stringify(sizesOf(variant, minInstances)),
    "tollgate:billingAccount": "FEDCBA-987654-3210FE",
    "tollgate:tempo": "true",
    "tollgate:serving": JSON.stringify(stackClass === "prod" ? allServing("00012-xyz") : {}),
    "tollgate:publicUrl": "https://tollgate.example.com",
    "tollgate:clickhouseSnapshot": "projects/tollgate-x/global/snapshots/two",
    ...(variant.sleeps
      ? { "tollgate:officeHours": JSON.stringify({ from: 8, to: 18, timeZone: "Europe/Brussels" }) }
      : {}),
  };
}
