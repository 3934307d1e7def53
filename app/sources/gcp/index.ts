import { AssetServiceClient } from "@google-cloud/asset";
import { BigQuery } from "@google-cloud/bigquery";
import { RecommenderClient } from "@google-cloud/recommender";
import { UserError } from "../../errors";
import type { Telemetry } from "../../telemetry";
import type { SourceFactory, Sources } from "../source";
import { cloudAssets } from "./assets";
import { bigqueryBilling } from "./billing";
import { cloudRecommendations } from "./recommendations";

/** Google's clients; they find their credentials by themselves (Workload Identity on Google Cloud). */
export interface GcpClients {
  /** Queries run, and are paid, in the agent's own project: a customer grants nothing but reading. */
  bigquery: BigQuery;
  recommender: RecommenderClient;
  asset: AssetServiceClient;
}

const googleClients = (): GcpClients => ({
  bigquery: new BigQuery(),
  recommender: new RecommenderClient(),
  asset: new AssetServiceClient(),
});

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects */
const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

/**
 * Google Cloud itself: Cloud Billing's export to BigQuery, Recommender and Cloud Asset Inventory, each in the customer's own
 * project only. Sources are kept per project.
 *
 * @param dataset where the billing export is, in each customer's project.
 * @param now the clock.
 */
export function gcpSources(
  {
    dataset,
    clients = googleClients(),
    now = () => new Date(),
  }: { dataset: string; clients?: GcpClients; now?: () => Date },
  telemetry: Telemetry,
): SourceFactory {
  const perProject = new Map<string, Sources>();
  return (gcpProject) => {
    if (gcpProject === null)
      return notConnected("No Google Cloud project is connected yet: ask support to connect one.");
    if (!PROJECT_ID.test(gcpProject))
      return notConnected("The connected Google Cloud project has an invalid id.");
    let sources = perProject.get(gcpProject);
    if (!sources) {
      const assets = cloudAssets(clients.asset, gcpProject, telemetry);
      sources = {
        ...bigqueryBilling(clients.bigquery, gcpProject, dataset, telemetry, now),
        ...assets,
        ...cloudRecommendations(clients.recommender, assets, gcpProject, telemetry),
      };
      perProject.set(gcpProject, sources);
    }
    return sources;
  };
}

function notConnected(message: string): Sources {
  const refuse = () => Promise.reject(new UserError(message));
  return { spend: refuse, extent: refuse, assets: refuse, recommendations: refuse };
}
