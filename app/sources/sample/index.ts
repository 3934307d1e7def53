import { dayOf } from "../../dates";
import type { RecommendationSource, SourceFactory } from "../source";
import { sampleAssets } from "./assets";
import { sampleBilling } from "./billing";
import { WASTE } from "./seeded";

const sampleRecommendations: RecommendationSource = {
  recommendations: (kinds) => {
    const found = WASTE.filter(({ kind }) => kinds.includes(kind)).map(
      ({ asset, kind, location, description, monthlySavingNanos, priority }, i) => ({
        id: `sample-${i + 1}`,
        kind,
        resource: `//${asset.type.split("/")[0]}/${asset.name}`,
        location,
        description,
        currency: "USD",
        monthlySaving: BigInt(monthlySavingNanos),
        priority,
        xorGroup: null,
      }),
    );
    return Promise.resolve({ found, missing: [] });
  },
};

/**
 * A made-up company's cloud, for the local target and the tests: the same for every customer, and the same every time for
 * the same day. What is hidden in it is in `seeded.ts`.
 *
 * @param now the clock; "last week" is relative to it.
 */
export function sampleSources(now: () => Date = () => new Date()): SourceFactory {
  const today = () => dayOf(now());
  const sources = { ...sampleBilling(now), ...sampleAssets(today), ...sampleRecommendations };
  return () => sources;
}
