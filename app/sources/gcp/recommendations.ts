import type { protos, RecommenderClient } from "@google-cloud/recommender";
import { NANOS_PER_DOLLAR } from "../../../litellm-config";
import type { Telemetry } from "../../telemetry";
import type { AssetSource, Recommendation, RecommendationKind, RecommendationSource } from "../source";
import { gcpCall } from "./call";

type Raw = protos.google.cloud.recommender.v1.IRecommendation;

const MONTH_SECONDS = 30 * 24 * 3_600;

/** Google's recommenders and where each is asked; https://cloud.google.com/recommender/docs/recommenders */
const RECOMMENDERS: Record<
  RecommendationKind,
  { id: string; asked: ReadonlyArray<"zone" | "region" | "global"> }
> = {
  idle_vm: { id: "google.compute.instance.IdleResourceRecommender", asked: ["zone"] },
  oversized_vm: { id: "google.compute.instance.MachineTypeRecommender", asked: ["zone"] },
  unattached_disk: { id: "google.compute.disk.IdleResourceRecommender", asked: ["zone", "region"] },
  unused_ip: { id: "google.compute.address.IdleResourceRecommender", asked: ["region", "global"] },
  idle_database: { id: "google.cloudsql.instance.IdleRecommender", asked: ["region"] },
  oversized_database: { id: "google.cloudsql.instance.OverprovisionedRecommender", asked: ["region"] },
  unused_image: { id: "google.compute.image.IdleResourceRecommender", asked: ["global"] },
  unattended_project: { id: "google.resourcemanager.projectUtilization.Recommender", asked: ["global"] },
};

/** Assets whose places are worth asking in. */
const PLACED_TYPES = [
  "compute.googleapis.com/Instance",
  "compute.googleapis.com/Disk",
  "compute.googleapis.com/Address",
  "sqladmin.googleapis.com/Instance",
];

/**
 * Google's recommendations for the customer's own project. A recommender answers for one zone or region at a time, so the
 * inventory says where there is something to ask about.
 */
export function cloudRecommendations(
  client: RecommenderClient,
  inventory: AssetSource,
  gcpProject: string,
  telemetry: Telemetry,
): RecommendationSource {
  const list = (kind: RecommendationKind, location: string) =>
    gcpCall(
      {
        api: "recommender",
        operation: "listRecommendations",
        project: gcpProject,
        denied: `Recommendations of ${gcpProject} may not be read: grant our service account roles/recommender.viewer.`,
        missing: `There is no project ${gcpProject}, or Recommender API is off in it: turn it on.`,
      },
      telemetry,
      () =>
        client.listRecommendations({
          parent: `projects/${gcpProject}/locations/${location}/recommenders/${RECOMMENDERS[kind].id}`,
          filter: "stateInfo.state = ACTIVE",
        }),
    ).then(([found]) => found.map((raw) => readRecommendation(raw, kind, location)));

  return {
    async recommendations(kinds) {
      const { assets } = await inventory.assets({ types: PLACED_TYPES, limit: 499 });
      const places = placesOf(assets.map(({ location }) => location));
      const found = await Promise.all(
        kinds.flatMap((kind) =>
          RECOMMENDERS[kind].asked.flatMap((where) => places[where].map((at) => list(kind, at))),
        ),
      );
      return found.flat().filter(({ monthlySavingNanos }) => monthlySavingNanos > 0);
    },
  };
}

/** Zones end in a letter ("us-central1-a"), regions in a digit; a zone's region counts too. */
export function placesOf(locations: readonly string[]): Record<"zone" | "region" | "global", string[]> {
  const zones = new Set(locations.filter((place) => /^[a-z]+-[a-z]+\d+-[a-z]$/.test(place)));
  const regions = new Set(locations.filter((place) => /^[a-z]+-[a-z]+\d+$/.test(place)));
  for (const zone of zones) regions.add(zone.slice(0, -2));
  return { zone: [...zones].sort(), region: [...regions].sort(), global: ["global"] };
}

function readRecommendation(raw: Raw, kind: RecommendationKind, location: string): Recommendation {
  const projection = raw.primaryImpact?.costProjection;
  const costNanos =
    Number(projection?.cost?.units ?? 0) * NANOS_PER_DOLLAR + Number(projection?.cost?.nanos ?? 0);
  const seconds = Number(projection?.duration?.seconds ?? MONTH_SECONDS) || MONTH_SECONDS;
  return {
    id: raw.name ?? "",
    kind,
    resource: raw.content?.operationGroups?.[0]?.operations?.[0]?.resource ?? "",
    location,
    description: raw.description ?? "",
    currency: projection?.cost?.currencyCode ?? "USD",
    // A saving is a negative cost, over the projection's own time.
    monthlySavingNanos: -Math.round((costNanos * MONTH_SECONDS) / seconds),
    priority: typeof raw.priority === "string" ? raw.priority : "P4",
  };
}
