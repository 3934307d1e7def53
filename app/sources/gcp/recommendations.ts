import type { protos, RecommenderClient } from "@google-cloud/recommender";
import pLimit from "p-limit";
import { UserError } from "../../errors";
import type { Nanos } from "../../money";
import type { Telemetry } from "../../telemetry";
import type { Recommendation, RecommendationKind, RecommendationSource } from "../source";
import type { Inventory } from "./assets";
import { gcpCall } from "./call";

type Raw = protos.google.cloud.recommender.v1.IRecommendation;
type Money = protos.google.type.IMoney;

const MONTH_SECONDS = 30 * 24 * 3_600;
/** Calls to Recommender at once; https://cloud.google.com/recommender/quotas allows far more a minute. */
const AT_ONCE = 10;
/** gRPC's code, and HTTP's, for a recommender that Google does not offer in that place. */
const NOT_OFFERED = new Set<unknown>([3, 400]);

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
  "compute.googleapis.com/Image",
  "sqladmin.googleapis.com/Instance",
];

/**
 * Google's recommendations for the customer's own project. A recommender answers for one zone or region at a time, so the
 * inventory says where there is something to ask about. What cannot be asked is named; the rest is an answer all the same.
 */
export function cloudRecommendations(
  client: RecommenderClient,
  inventory: Inventory,
  gcpProject: string,
  telemetry: Telemetry,
): RecommendationSource {
  const list = async (kind: RecommendationKind, location: string): Promise<Recommendation[]> => {
    const [found] = await gcpCall(
      {
        api: "recommender",
        operation: "listRecommendations",
        project: gcpProject,
        denied: `We may not read the recommendations of ${gcpProject}. Grant our service account roles/recommender.viewer.`,
        missing: `There is no project ${gcpProject}, or the Recommender API is off in it: turn it on.`,
      },
      telemetry,
      () =>
        client.listRecommendations({
          parent: `projects/${gcpProject}/locations/${location}/recommenders/${RECOMMENDERS[kind].id}`,
          filter: "stateInfo.state = ACTIVE",
        }),
    );
    return found.map((raw) => readRecommendation(raw, kind, location));
  };

  return {
    async recommendations(kinds) {
      const { locations, complete } = await inventory.places(PLACED_TYPES);
      const places = placesOf([...locations]);
      const limit = pLimit(AT_ONCE);
      const asked = kinds.flatMap((kind) =>
        RECOMMENDERS[kind].asked.flatMap((where) => places[where].map((location) => ({ kind, location }))),
      );
      const answers = await Promise.allSettled(
        asked.map(({ kind, location }) => limit(() => list(kind, location))),
      );
      const found = new Map<string, Recommendation>();
      const missing = complete ? [] : ["places that could not be listed"];
      let denial: UserError | undefined;
      let answered = 0;
      answers.forEach((answer, i) => {
        const { kind, location } = asked[i]!;
        if (answer.status === "fulfilled") {
          answered += 1;
          for (const each of answer.value) if (each.monthlySaving > 0n) found.set(each.id, each);
          return;
        }
        if (isMultiRegion(location) && NOT_OFFERED.has((answer.reason as { code?: unknown }).code)) return;
        if (answer.reason instanceof UserError) denial = answer.reason;
        missing.push(`${kind} in ${location}`);
      });
      // When nothing at all may be read, what to grant says more than a list of what is missing.
      if (denial && answered === 0) throw denial;
      return { found: [...found.values()], missing };
    },
  };
}

/**
 * The places to ask in. Zones are a region and one more part ("us-central1-a", AI zones "us-central1-ai1a") and their region
 * counts too; multi-regions ("us", "eur4") are asked like regions.
 */
export function placesOf(locations: readonly string[]): Record<"zone" | "region" | "global", string[]> {
  const zones = new Set<string>();
  const regions = new Set<string>();
  for (const place of locations) {
    const [, region, zone] = /^([a-z]+-[a-z]+\d+)(-[a-z][a-z0-9]*)?$/.exec(place) ?? [];
    if (zone !== undefined) zones.add(place);
    if (region !== undefined) regions.add(region);
    else if (isMultiRegion(place)) regions.add(place);
  }
  return { zone: [...zones].sort(), region: [...regions].sort(), global: ["global"] };
}

function isMultiRegion(place: string): boolean {
  return place !== "global" && /^[a-z]+\d*$/.test(place);
}

function readRecommendation(raw: Raw, kind: RecommendationKind, location: string): Recommendation {
  const impacts = [raw.primaryImpact, ...(raw.additionalImpact ?? [])];
  const projection = impacts.find((impact) => impact?.costProjection)?.costProjection;
  // The account's own currency, where it is another than the US dollar.
  const cost = projection?.costInLocalCurrency ?? projection?.cost;
  const seconds = BigInt(String(projection?.duration?.seconds ?? 0)) || BigInt(MONTH_SECONDS);
  return {
    id: raw.name ?? "",
    kind,
    resource: resourceOf(raw),
    location,
    description: raw.description ?? "",
    currency: cost?.currencyCode || "USD",
    // A saving is a negative cost, over the projection's own time.
    monthlySaving: divide(-nanosOfMoney(cost) * BigInt(MONTH_SECONDS), seconds),
    priority: typeof raw.priority === "string" ? raw.priority : "P4",
    xorGroup: raw.xorGroupId || null,
  };
}

/** What the recommendation is about: not the snapshot that it makes before it deletes a disk. */
function resourceOf({ content }: Raw): string {
  const operations = (content?.operationGroups ?? []).flatMap((group) => group.operations ?? []);
  const changed = operations.find(({ action, resource }) => resource && action !== "add") ?? operations[0];
  return changed?.resource ?? "";
}

function nanosOfMoney(money: Money | null | undefined): Nanos {
  return BigInt(String(money?.units ?? 0)) * 1_000_000_000n + BigInt(money?.nanos ?? 0);
}

/** Rounds half away from zero; `by` is positive. */
function divide(nanos: Nanos, by: bigint): Nanos {
  const half = nanos < 0n ? -by / 2n : by / 2n;
  return (nanos + half) / by;
}
