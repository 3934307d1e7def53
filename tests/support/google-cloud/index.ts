/**
 * A stand-in for the Google Cloud APIs that the program uses, for a real engine with the real provider: resources are kept
 * and answered in the shapes of the published discovery documents (versions as in `BASE_PATHS`, those that
 * terraform-provider-google-beta 7.41 calls). It refuses what these documents refuse (unknown fields and parameters, types, values, what is
 * required or only answered) and fills in what a service fills in; what the documents leave open is not shown by it.
 */
import { computeApi } from "./compute";
import { dnsApi } from "./dns";
import { serve, type Handler } from "./http";
import {
  artifactRegistryApi,
  iamApi,
  iapApi,
  loggingApi,
  pubsubApi,
  redisApi,
  resourceManagerApi,
  runApi,
  schedulerApi,
  secretManagerApi,
  serviceNamedApi,
  serviceNetworkingApi,
  serviceUsageApi,
} from "./services";
import { sqlApi } from "./sql";
import { storageApi, uploadApi } from "./storage";
import { Store } from "./store";

/** By the provider's name of the service, as in `GOOGLE_<NAME>_CUSTOM_ENDPOINT`. */
const BASE_PATHS: Record<string, string> = {
  ARTIFACT_REGISTRY: "artifactregistry.googleapis.com/v1",
  BILLING_BUDGETS: "billingbudgets.googleapis.com/v1",
  CLOUD_RUN_V2: "run.googleapis.com/v2",
  CLOUD_SCHEDULER: "cloudscheduler.googleapis.com/v1",
  COMPUTE: "compute.googleapis.com/compute/beta",
  DNS: "dns.googleapis.com/dns/v1beta2",
  IAM: "iam.googleapis.com/v1",
  IAM_BETA: "iam.googleapis.com/v1",
  IAP: "iap.googleapis.com/v1",
  LOGGING: "logging.googleapis.com/v2",
  MONITORING: "monitoring.googleapis.com",
  PUBSUB: "pubsub.googleapis.com/v1",
  REDIS: "redis.googleapis.com/v1beta1",
  RESOURCE_MANAGER: "cloudresourcemanager.googleapis.com/v1",
  SECRET_MANAGER: "secretmanager.googleapis.com/v1",
  SERVICE_NETWORKING: "servicenetworking.googleapis.com/v1",
  SERVICE_USAGE: "serviceusage.googleapis.com/v1beta1",
  SQL: "sqladmin.googleapis.com/sql/v1beta4",
  STORAGE: "storage.googleapis.com/storage/v1",
};

export interface GoogleCloud {
  /** Environment variables that lead the provider here. */
  env: Record<string, string>;
  /** Names of what exists. */
  names: () => string[];
  /** One line a call. */
  log: string[];
  close: () => Promise<void>;
}

/** Starts the stand-in for one project on a loopback port. */
export async function startGoogleCloud(project: string, projectNumber: string): Promise<GoogleCloud> {
  const store = new Store();
  // A schedule may have the name of the Cloud Run job that it runs.
  const schedules = new Store();
  const log: string[] = [];
  const serviceUsage = serviceUsageApi(store, projectNumber);
  const handlers: Record<string, Handler> = {
    "artifactregistry.googleapis.com/v1": artifactRegistryApi(store),
    "billingbudgets.googleapis.com/v1": serviceNamedApi(store),
    "run.googleapis.com/v2": runApi(store, projectNumber),
    "cloudscheduler.googleapis.com/v1": schedulerApi(schedules),
    "compute.googleapis.com/compute/beta": computeApi(store),
    "dns.googleapis.com/dns/v1beta2": dnsApi(store),
    "iam.googleapis.com/v1": iamApi(store),
    "iap.googleapis.com/v1": iapApi(store),
    "logging.googleapis.com/v2": loggingApi(store),
    "monitoring.googleapis.com/v3": serviceNamedApi(store),
    "pubsub.googleapis.com/v1": pubsubApi(store),
    "redis.googleapis.com/v1beta1": redisApi(store),
    "cloudresourcemanager.googleapis.com/v1": resourceManagerApi(store, project, projectNumber),
    "secretmanager.googleapis.com/v1": secretManagerApi(store, projectNumber),
    "servicenetworking.googleapis.com/v1": serviceNetworkingApi(store),
    "serviceusage.googleapis.com/v1beta1": serviceUsage,
    "serviceusage.googleapis.com/v1": serviceUsage,
    "sqladmin.googleapis.com/sql/v1beta4": sqlApi(store),
    "storage.googleapis.com/storage/v1": storageApi(store),
    // These two the provider asks for without the service in the path.
    "dns/v1": dnsApi(store),
    "upload/storage/v1": uploadApi(store),
  };
  const { server, port } = await serve(handlers, log);
  return {
    log,
    names: () => [...store.resources.keys(), ...schedules.resources.keys()].sort(),
    env: Object.fromEntries(
      Object.entries(BASE_PATHS).map(([name, path]) => [
        `GOOGLE_${name}_CUSTOM_ENDPOINT`,
        `http://127.0.0.1:${port}/${path}/`,
      ]),
    ),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
