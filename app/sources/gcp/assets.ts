import type { AssetServiceClient, protos } from "@google-cloud/asset";
import { dayOf } from "../../dates";
import type { Telemetry } from "../../telemetry";
import type { Asset, AssetSource } from "../source";
import { gcpCall } from "./call";

type Resource = protos.google.cloud.asset.v1.IResourceSearchResult;

/** The inventory of the customer's own project. */
export function cloudAssets(
  client: AssetServiceClient,
  gcpProject: string,
  telemetry: Telemetry,
): AssetSource {
  return {
    async assets({ types, location, text, limit }) {
      const [found] = await gcpCall(
        {
          api: "asset",
          operation: "searchAllResources",
          project: gcpProject,
          denied: `The inventory of ${gcpProject} may not be read: grant our service account roles/cloudasset.viewer.`,
          missing: `There is no project ${gcpProject}, or Cloud Asset API is off in it: turn it on.`,
        },
        telemetry,
        () =>
          client.searchAllResources(
            {
              scope: `projects/${gcpProject}`,
              assetTypes: [...types],
              query: searchQuery(location, text),
              pageSize: Math.min(limit + 1, 500),
            },
            { autoPaginate: false },
          ),
      );
      return { assets: found.slice(0, limit).map(readAsset), more: found.length > limit };
    },
  };
}

/** The search language's own characters are dropped from words, so that a word is only ever a word. */
function searchQuery(location: string | undefined, text: string | undefined): string {
  const words = (text ?? "")
    .replace(/[^\p{L}\p{N}_./-]+/gu, " ")
    .split(" ")
    .filter(Boolean);
  return [...(location ? [`location=${location}`] : []), ...words.map((word) => `"${word}"`)].join(" AND ");
}

function readAsset(resource: Resource): Asset {
  const seconds = resource.createTime?.seconds;
  return {
    name: resource.name ?? "",
    type: resource.assetType ?? "",
    displayName: resource.displayName ?? "",
    location: resource.location ?? "",
    state: resource.state ?? "",
    created: seconds ? dayOf(new Date(Number(seconds) * 1_000)) : null,
    labels: resource.labels ?? {},
  };
}
