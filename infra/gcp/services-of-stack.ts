import { servicesOfPhase, type Service } from "../../catalogue";
import type { StackConfig } from "../config";

/** Google APIs that the stack uses. */
export const GOOGLE_APIS = [
  "aiplatform.googleapis.com",
  "artifactregistry.googleapis.com",
  "bigquery.googleapis.com",
  "cloudasset.googleapis.com",
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
];

/** The services that this stack runs on Cloud Run, each after those it depends on. */
export function cloudRunServices({ phase, tempo }: Pick<StackConfig, "phase" | "tempo">): Service[] {
  const wanted = servicesOfPhase(phase).filter(
    ({ name, targets }) => !targets?.gcp && (name !== "tempo" || tempo),
  );
  return inOrder(wanted);
}

function inOrder(services: Service[]): Service[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<Service>();
  const visit = (service: Service) => {
    if (ordered.has(service)) return;
    for (const name of service.dependsOn) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency);
    }
    ordered.add(service);
  };
  services.forEach(visit);
  return [...ordered];
}
