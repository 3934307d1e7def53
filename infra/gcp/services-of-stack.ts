import { catalogue, type Service, type Unit } from "../../catalogue";
import { runsOn } from "../../catalogue/target";
import type { StackConfig } from "../config";

/** Google APIs that the stack uses. */
export const GOOGLE_APIS = [
  "aiplatform.googleapis.com",
  "artifactregistry.googleapis.com",
  "bigquery.googleapis.com",
  "billingbudgets.googleapis.com",
  "cloudasset.googleapis.com",
  "cloudscheduler.googleapis.com",
  "compute.googleapis.com",
  "dns.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "iap.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "pubsub.googleapis.com",
  "recommender.googleapis.com",
  "redis.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
  "servicenetworking.googleapis.com",
  "sqladmin.googleapis.com",
  "telemetry.googleapis.com",
];

/** Whether a stack has something, at its phase and with its settings. */
export function stackHas(
  { phase, enabledBy }: { phase: number; enabledBy?: "tempo" },
  config: Pick<StackConfig, "phase" | "tempo">,
): boolean {
  return phase <= config.phase && (enabledBy === undefined || config[enabledBy]);
}

/** The services that this stack runs on Cloud Run. */
export function cloudRunServices(config: Pick<StackConfig, "phase" | "tempo">): Service[] {
  const has = (unit: Unit) => stackHas(unit, config);
  return catalogue.filter((each) => runsOn(each, { name: "gcp", has }));
}
