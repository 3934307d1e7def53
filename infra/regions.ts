/** Regions of Cloud Run: https://cloud.google.com/run/docs/locations, read in November 2026. */
export const REGIONS = [
  ...["africa-south1"],
  ...["asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"],
  ...["asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2"],
  ...["australia-southeast1", "australia-southeast2"],
  ...["europe-central2", "europe-north1", "europe-southwest1"],
  ...["europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8"],
  ...["europe-west9", "europe-west10", "europe-west12"],
  ...["me-central1", "me-central2", "me-west1"],
  ...["northamerica-northeast1", "northamerica-northeast2"],
  ...["southamerica-east1", "southamerica-west1"],
  ...["us-central1", "us-east1", "us-east4", "us-east5", "us-south1"],
  ...["us-west1", "us-west2", "us-west3", "us-west4"],
] as const;

/** Letters of the zones of regions that have others than a, b and c: https://cloud.google.com/compute/docs/regions-zones */
const OTHER_ZONES: Record<string, string[]> = {
  "europe-west1": ["b", "c", "d"],
  "us-central1": ["a", "b", "c", "f"],
  "us-east1": ["b", "c", "d"],
};

/** Letters of a region's zones, read in November 2026. */
export function zonesOf(region: string): string[] {
  return OTHER_ZONES[region] ?? ["a", "b", "c"];
}
