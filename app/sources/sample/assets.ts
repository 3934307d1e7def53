import { addDays, type Day } from "../../dates";
import type { Asset, AssetSource } from "../source";
import { PROJECTS, WASTE } from "./seeded";

interface Placed {
  type: string;
  name: string;
  location: string;
  state: string;
  /** Days ago. */
  age: number;
  labels: Record<string, string>;
}

const { production, data } = PROJECTS;
const placed = (
  type: string,
  name: string,
  location: string,
  state: string,
  age: number,
  labels: Record<string, string> = {},
): Placed => ({ type, name, location, state, age, labels });

/** What serves the shop; the seeded waste comes on top. */
const USEFUL: readonly Placed[] = [
  ...["web-1", "web-2", "checkout-1"].map((name) =>
    placed(
      "compute.googleapis.com/Instance",
      `projects/${production}/zones/us-central1-a/instances/${name}`,
      "us-central1-a",
      "RUNNING",
      310,
      { team: "shop" },
    ),
  ),
  placed(
    "compute.googleapis.com/Disk",
    `projects/${production}/zones/us-central1-a/disks/checkout-1`,
    "us-central1-a",
    "READY",
    310,
  ),
  placed(
    "compute.googleapis.com/Address",
    `projects/${production}/regions/us-central1/addresses/shop-lb-ip`,
    "us-central1",
    "IN_USE",
    402,
  ),
  placed("storage.googleapis.com/Bucket", `projects/${data}/buckets/shop-exports`, "us", "", 402, {
    team: "data",
  }),
  placed("bigquery.googleapis.com/Dataset", `projects/${data}/datasets/events`, "us-central1", "", 388, {
    team: "data",
  }),
  placed(
    "run.googleapis.com/Service",
    `projects/${production}/locations/us-central1/services/api`,
    "us-central1",
    "READY",
    120,
  ),
];

const SEEDED: readonly Placed[] = WASTE.map(({ asset, location }) => ({ ...asset, location, age: 190 }));

/** The sample company's inventory. */
export function sampleAssets(today: () => Day): AssetSource {
  return {
    assets({ types, location, text, limit }) {
      const words = text?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
      const found = [...SEEDED, ...USEFUL]
        .filter((asset) => types.length === 0 || types.includes(asset.type))
        .filter((asset) => location === undefined || asset.location === location)
        .filter((asset) => {
          const searched = JSON.stringify([asset.name, asset.state, asset.labels]).toLowerCase();
          return words.every((word) => searched.includes(word));
        })
        .map(({ age, type, name, ...rest }): Asset => ({
          ...rest,
          type,
          name: `//${type.split("/")[0]}/${name}`,
          displayName: name.split("/").at(-1)!,
          created: addDays(today(), -age),
        }));
      return Promise.resolve({ assets: found.slice(0, limit), more: found.length > limit });
    },
  };
}
