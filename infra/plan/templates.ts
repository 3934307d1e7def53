import type { StackConfig } from "../config";

export type Scalar = string | number | boolean;

/** A stack's settings that are part of what its plan says. */
export interface Variables {
  /** By which a part of a text is recognised, the longest first. */
  texts: [name: string, value: string][];
  /** Which are a whole value. */
  wholes: [name: string, value: Scalar][];
}

/** The settings of a stack by the names that templates have for them: `${region}-${sizes.clickhouseZone}` is `${zone}`. */
export function variablesOf(config: StackConfig): Variables {
  const { region, imageRegistry, alertEmail, publicUrl, sizes, operators, admins, serving } = config;
  const [registry = "", registryProject = ""] = imageRegistry.split("/");
  const texts: [string, string | undefined][] = [
    ["project", config.project],
    ["projectNumber", config.projectNumber],
    ["region", region],
    ["imageRegistry", imageRegistry],
    ["billingAccount", config.billingAccount],
    ["clickhouseSnapshot", config.clickhouseSnapshot],
    ["alertEmail.to", alertEmail?.to],
    ["publicHost", publicUrl && new URL(publicUrl).host],
    ...Object.values(serving).map((revision): [string, string | undefined] => ["serving", revision]),
    ...[...operators, ...admins].map((member): [string, string] => ["person", member]),
  ];
  return {
    texts: texts
      .filter((pair): pair is [string, string] => pair[1] !== undefined)
      .sort(([, a], [, b]) => b.length - a.length),
    wholes: [
      ["environment", config.environment],
      ["class", config.class],
      ["zone", `${region}-${sizes.clickhouseZone}`],
      ["owner", config.owner],
      ["monthlyCostCeiling", String(config.monthlyCostCeiling)],
      ["registryLocation", registry.replace(/-docker\.pkg\.dev$/, "")],
      ["registryProject", registryProject],
      ["egress", sizes.nat ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY"],
      ...(config.officeHours ? [["timeZone", config.officeHours.timeZone] as [string, Scalar]] : []),
      // A flag that is on in both has nothing to do with the other.
      ...Object.entries(sizes).flatMap(([name, size]): [string, Scalar][] =>
        typeof size === "boolean"
          ? []
          : [
              [`sizes.${name}`, size],
              // Flags of Cloud SQL are texts.
              [`sizes.${name}`, String(size)],
            ],
      ),
    ],
  };
}

/** A folder of configuration is named by what is in it. */
const HASH = /\b[0-9a-f]{12}\b/g;

/** What a value may stand for: itself, and each setting that it is, or is made of. */
export function candidatesOf(value: Scalar, { texts, wholes }: Variables): Scalar[] {
  const found: Scalar[] = [value];
  if (typeof value === "string") {
    const made = templateOf(value, texts);
    if (made !== value) found.push(made);
  }
  for (const [name, whole] of wholes) if (whole === value) found.push(`\${${name}}`);
  return found;
}

/** The name of a resource without what a stack's settings make of it. */
export function nameTemplate(name: string, { texts, wholes }: Variables): string {
  const isEnvironment = wholes.some(([key, value]) => key === "environment" && value === name);
  return isEnvironment ? "${environment}" : templateOf(name, texts);
}

function templateOf(text: string, texts: Variables["texts"]): string {
  let made = text.replace(HASH, "#");
  for (const [name, value] of texts) made = made.replaceAll(value, `\${${name}}`);
  return made;
}

/** Whether a template names a setting. */
export function hasVariable(template: Scalar): boolean {
  return typeof template === "string" && template.includes("${");
}
