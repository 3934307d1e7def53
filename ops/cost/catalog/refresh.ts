import { NANOS_PER_DOLLAR } from "../../../litellm-config/money";
import { REGION, type Price } from "../../../infra/cost/price-list";
import { CATALOG_URL, type CatalogClient, type Sku } from "./client";

/** What happened to a price. `kept`: it is unchanged, and why. */
export interface Refreshed {
  price: Price;
  outcome: "changed" | "confirmed" | "kept";
  note?: string;
}

/**
 * Looks every price up in Google's catalogue, by its SKU's id or its description and region.
 *
 * @param today The day of the reading, such as `2026-11-24`.
 * @throws Error with the remedy when the catalogue cannot be read. A price that is not in it is kept.
 */
export async function refreshPrices(
  prices: Price[],
  client: CatalogClient,
  today: string,
): Promise<Refreshed[]> {
  const services = await client.services();
  const skus = new Map<string, Sku[]>();
  const results: Refreshed[] = [];
  for (const price of prices) {
    const name = services.get(price.service);
    if (!price.catalog) results.push(kept(price, "the catalogue does not list it in this form"));
    else if (!name) results.push(kept(price, `the catalogue has no service "${price.service}"`));
    else {
      if (!skus.has(name)) skus.set(name, await client.skus(name));
      results.push(refreshed(price, price.catalog, skus.get(name)!, today));
    }
  }
  return results;
}

function refreshed(
  price: Price,
  { usageUnit, unitsPerUsageUnit }: NonNullable<Price["catalog"]>,
  skus: Sku[],
  today: string,
): Refreshed {
  const here = skus.filter(
    ({ category, serviceRegions }) =>
      category.usageType === "OnDemand" &&
      (serviceRegions.includes(REGION) || serviceRegions.includes("global")),
  );
  const byId = here.filter(({ skuId }) => skuId === price.skuId);
  const found = byId.length > 0 ? byId : here.filter(({ description }) => description === price.sku);
  const [sku] = found;
  if (!sku) return kept(price, `no SKU "${price.sku}" for ${REGION}`);
  if (found.length > 1) {
    return kept(price, `${found.length} SKUs "${price.sku}": add the skuId of one`);
  }
  const { pricingExpression, aggregationInfo } = sku.pricingInfo.at(-1)!;
  if (pricingExpression.usageUnit !== usageUnit) {
    return kept(price, `the SKU is sold by ${pricingExpression.usageUnit}, not by ${usageUnit}`);
  }
  const paid = pricingExpression.tieredRates.find(({ unitPrice }) => nanosOf(unitPrice) > 0);
  if (!paid) return kept(price, "the SKU costs nothing");

  const nanos = Math.round(nanosOf(paid.unitPrice) / unitsPerUsageUnit);
  const freeUnits = paid.startUsageAmount * unitsPerUsageUnit;
  const now: Price = {
    ...price,
    sku: sku.description,
    skuId: sku.skuId,
    nanos,
    region: sku.serviceRegions.includes(REGION) ? REGION : "global",
    source: `${CATALOG_URL}/v1/${sku.name}`,
    date: today,
  };
  if (freeUnits > 0) {
    const project = aggregationInfo?.aggregationLevel === "PROJECT";
    now.free = { units: freeUnits, per: project ? "project" : (price.free?.per ?? "billing account") };
  }
  // Both were about the source that this one replaces.
  delete now.note;
  delete now.unverified;
  return { price: now, outcome: nanos === price.nanos ? "confirmed" : "changed" };
}

function kept(price: Price, note: string): Refreshed {
  return { price, outcome: "kept", note };
}

function nanosOf({ units, nanos }: { units: string; nanos: number }): number {
  return Number(units) * NANOS_PER_DOLLAR + nanos;
}
