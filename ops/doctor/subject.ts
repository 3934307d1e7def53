import { plan, readStackFile } from "../../infra/plan";
import type { Subject } from "./check";

/** Values of the committed example that belong to others, or do not exist. */
const EXAMPLES = [/@example\.com$/, /\bexample\.com\b/, /^10000000000\d$/, /\btollgate-(dev|prod|admin)\b/];

/**
 * A stack's settings, and what an update would find missing in them.
 *
 * @throws ConfigError when the settings are not usable at all.
 */
export async function subjectOf(stack: string): Promise<Subject> {
  const { values } = readStackFile(stack);
  const { missing } = await plan(stack);
  return {
    stack,
    missing,
    project: values["gcp:project"] ?? "",
    projectNumber: values["tollgate:projectNumber"] ?? "",
    region: values["gcp:region"] ?? "",
    imageRegistry: values["tollgate:imageRegistry"] ?? "",
    admins: JSON.parse(values["tollgate:admins"] ?? values["tollgate:operators"] ?? "[]") as string[],
    sharesPassword:
      (values["tollgate:class"] ?? values["tollgate:environment"]) === "prod" &&
      values["tollgate:deployment"] !== "gce-vm" &&
      values["tollgate:signIn"] === undefined,
    examples: Object.entries(values)
      .filter(([, value]) => EXAMPLES.some((pattern) => pattern.test(value)))
      .map(([key, value]) => `${key} is the example's: ${value}`),
  };
}
