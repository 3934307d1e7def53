import type { AssetServiceClient, protos } from "@google-cloud/asset";
import { dayOf } from "../../dates";
import type { Telemetry } from "../../telemetry";
import type { Asset, AssetSource } from "../source";
import { gcpCall } from "./call";

type Resource = protos.google.cloud.asset.v1.IResourceSearchResult;

/** Resources a page, and pages at most that are read for where there is something: a hundred thousand resources. */
const PAGE = 500;
const MAX_PAGES = 200;

/** Where there is anything of some types. */
export interface Places {
  locations: Set<string>;
  /** False when the inventory could not be read to its end. */
  complete: boolean;
}

export interface Inventory extends AssetSource {
  places(types: readonly string[]): Promise<Places>;
}

/** The inventory of the customer's own project. */
export function cloudAssets(client: AssetServiceClient, gcpProject: string, telemetry: Telemetry): Inventory {
  const search = (types: readonly string[], query: string, pageSize: number, pageToken?: string) =>
    gcpCall(
      {
        api: "asset",
        operation: "searchAllResources",
        project: gcpProject,
        denied: `We may not read the inventory of ${gcpProject}. Grant our service account roles/cloudasset.viewer.`,
        missing: `There is no project ${gcpProject}, or the Cloud Asset API is off in it: turn it on.`,
      },
      telemetry,
      () =>
        client.searchAllResources(
          { scope: `projects/${gcpProject}`, assetTypes: [...types], query, pageSize, pageToken },
          { autoPaginate: false },
        ),
    );
  return {
    async assets({ types, location, text, limit }) {
      const [found, next] = await search(types, searchQuery(location, text), Math.min(limit + 1, PAGE));
      return { assets: found.slice(0, limit).map(readAsset), more: found.length > limit || Boolean(next) };
    },
    async places(types) {
      const locations = new Set<string>();
      let pageToken: string | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        try {
          const [found, next] = await search(types, "", PAGE, pageToken);
          for (const { location } of found) if (location) locations.add(location);
          pageToken = next?.pageToken ?? undefined;
        } catch (error) {
          // Without the first page there is nothing to go on with.
          if (page === 0) throw error;
          return { locations, complete: false };
        }
        if (!pageToken) return { locations, complete: true };
      }
      return { locations, complete: false };
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
