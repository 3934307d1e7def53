import type { z } from "zod";
import { shown } from "./config-findings";
import type { schema, StackClass } from "./config-schema";
import { memoryForClickHouse, type Sizes } from "./gcp/sizes";
import { zonesOf } from "./regions";

type Settings = z.output<typeof schema>;

/** What a machine that runs everything leaves unread. */
const NOT_ON_A_MACHINE = [
  "admins",
  "clickhouseSnapshot",
  "officeHours",
  "serving",
  "signIn",
  "tempo",
] as const;
const SIZES_OF_A_MACHINE: readonly string[] = ["protect"] satisfies (keyof Sizes)[];

/**
 * Settings that are each right, and wrong together, or that would do nothing.
 *
 * @param sizes The class's, with the stack's own.
 * @returns a line each: the key, the value there and the remedy.
 */
export function contradictions(settings: Settings, stackClass: StackClass, sizes: Sizes): string[] {
  return [
    ...ofClass(settings, stackClass),
    ...ofDeployment(settings),
    ...ofPeople(settings),
    ...ofMoney(settings),
    ...(settings.deployment === "cloud-run" ? ofSizes(settings, sizes) : []),
    ...(settings.oauthIssuer && !settings.publicUrl
      ? [
          "tollgate:publicUrl is missing: tokens of tollgate:oauthIssuer are made for this address, such as https://agent.example.com",
        ]
      : []),
  ];
}

function ofClass({ environment, officeHours }: Settings, stackClass: StackClass): string[] {
  return [
    ...(environment === "prod" && stackClass !== "prod"
      ? [`tollgate:class "${stackClass}" must be prod in the environment prod, or its data is not protected`]
      : []),
    ...(stackClass === "prod" && officeHours
      ? [`tollgate:officeHours ${shown(officeHours)} must not be set in prod: customers come at any hour`]
      : []),
  ];
}

function ofDeployment(settings: Settings): string[] {
  const { deployment, phase, tempo, sizes } = settings;
  if (deployment === "cloud-run")
    return tempo && phase < 5
      ? [
          `tollgate:tempo true does nothing before phase 5: take it out, or set tollgate:phase (is ${phase}) to 5`,
        ]
      : [];
  const nothing = [
    ...NOT_ON_A_MACHINE.filter((key) => {
      const value = settings[key];
      return typeof value === "object" ? Object.keys(value).length > 0 : Boolean(value);
    }),
    ...Object.keys(sizes)
      .filter((name) => !SIZES_OF_A_MACHINE.includes(name))
      .map((name) => `sizes.${name}`),
  ];
  return nothing.map(
    (key) => `tollgate:${key} does nothing with tollgate:deployment ${deployment}: take it out`,
  );
}

function ofPeople({ deployment, operators, admins }: Settings): string[] {
  const domain = operators.find((each) => each.startsWith("domain:"));
  return domain && !admins && deployment === "cloud-run"
    ? [
        `tollgate:admins is missing: list who may run commands in the stack, because not everyone of ${domain} may`,
      ]
    : [];
}

function ofMoney({ monthlyCostCeiling, monthlyWorstCaseCeiling }: Settings): string[] {
  return monthlyWorstCaseCeiling < monthlyCostCeiling
    ? [
        `tollgate:monthlyWorstCaseCeiling ${monthlyWorstCaseCeiling} must be at least tollgate:monthlyCostCeiling (${monthlyCostCeiling})`,
      ]
    : [];
}

function ofSizes({ region, officeHours }: Settings, sizes: Sizes): string[] {
  const { minInstances, maxInstances, cpuBetweenRequests } = sizes;
  const { clickhouseMachine, clickhouseMemoryMiB, clickhouseZone } = sizes;
  const memory = memoryForClickHouse(clickhouseMachine);
  const zones = zonesOf(region);
  return [
    ...(minInstances > maxInstances
      ? [
          `tollgate:sizes.minInstances ${minInstances} must be at most tollgate:sizes.maxInstances (${maxInstances})`,
        ]
      : []),
    ...(officeHours && minInstances > 0
      ? [
          `tollgate:sizes.minInstances ${minInstances} must be 0 with tollgate:officeHours: what waits for requests would stay awake without its database`,
        ]
      : []),
    ...(cpuBetweenRequests && minInstances === 0
      ? [
          "tollgate:sizes.cpuBetweenRequests true does nothing while tollgate:sizes.minInstances is 0: raise that, or take it out",
        ]
      : []),
    ...(clickhouseMemoryMiB > memory
      ? [
          `tollgate:sizes.clickhouseMemoryMiB ${clickhouseMemoryMiB} must be at most ${memory}, which ${clickhouseMachine} has besides its system: lower it, or set a larger tollgate:sizes.clickhouseMachine`,
        ]
      : []),
    ...(zones.includes(clickhouseZone)
      ? []
      : [
          `tollgate:sizes.clickhouseZone "${clickhouseZone}" must be a zone of ${region}: one of ${zones.join(", ")}`,
        ]),
  ];
}

/** The text of settings without what would do nothing in them: for what a stack would be in another form. */
export function withoutIdle(values: Record<string, string>): Record<string, string> {
  const onMachine = values["tollgate:deployment"] === "gce-vm";
  const early = Number(values["tollgate:phase"]) < 5;
  const idle = (onMachine ? NOT_ON_A_MACHINE : early ? ["tempo"] : []).map((key) => `tollgate:${key}`);
  const own = Object.entries(JSON.parse(values["tollgate:sizes"] ?? "{}") as Partial<Sizes>);
  const sizes = {
    ...Object.fromEntries(own.filter(([name]) => !onMachine || SIZES_OF_A_MACHINE.includes(name))),
    ...(values["tollgate:officeHours"] && !onMachine ? { minInstances: 0, cpuBetweenRequests: false } : {}),
  };
  return {
    ...Object.fromEntries(Object.entries(values).filter(([key]) => !idle.includes(key))),
    "tollgate:sizes": JSON.stringify(sizes),
  };
}
