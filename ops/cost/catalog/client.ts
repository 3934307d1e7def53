import { z } from "zod";
import { callGoogle, GoogleApiError } from "../../remote/google-api";

/** Google's Cloud Billing Catalog API: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list */
export const CATALOG_URL = "https://cloudbilling.googleapis.com";

const PAGE_SIZE = 5000;

const servicesPage = z.object({
  services: z.array(z.object({ name: z.string(), displayName: z.string() })).default([]),
  nextPageToken: z.string().default(""),
});

const skusPage = z.object({ skus: z.array(z.unknown()).default([]), nextPageToken: z.string().default("") });

const skuSchema = z.object({
  name: z.string(),
  skuId: z.string(),
  description: z.string(),
  category: z.object({ usageType: z.string() }),
  serviceRegions: z.array(z.string()).default([]),
  pricingInfo: z
    .array(
      z.object({
        pricingExpression: z.object({
          usageUnit: z.string(),
          tieredRates: z
            .array(
              z.object({
                startUsageAmount: z.number().default(0),
                // `units` is an int64, which JSON carries as text; zeros may be left out.
                unitPrice: z.object({
                  currencyCode: z.literal("USD"),
                  units: z.string().default("0"),
                  nanos: z.number().default(0),
                }),
              }),
            )
            .nonempty(),
        }),
        aggregationInfo: z.object({ aggregationLevel: z.string() }).optional(),
      }),
    )
    .nonempty(),
});

export type Sku = z.output<typeof skuSchema>;

/** The catalogue, with this machine's Google credentials. */
export class CatalogClient {
  constructor(private readonly url: string = CATALOG_URL) {}

  /** Names of services, such as `services/152E-C115-5142`, by their display names. */
  async services(): Promise<Map<string, string>> {
    const pages = await this.pages("v1/services", servicesPage);
    return new Map(
      pages.flatMap(({ services }) => services).map(({ name, displayName }) => [displayName, name]),
    );
  }

  /** Every SKU of a service; those of a shape that carries no price in dollars are left out. */
  async skus(service: string): Promise<Sku[]> {
    const pages = await this.pages(`v1/${service}/skus`, skusPage, { currencyCode: "USD" });
    return pages.flatMap(({ skus }) => skus).flatMap((each) => skuSchema.safeParse(each).data ?? []);
  }

  private async pages<T extends { nextPageToken: string }>(
    path: string,
    schema: z.ZodType<T>,
    parameters: Record<string, string> = {},
  ): Promise<T[]> {
    const found: T[] = [];
    let pageToken = "";
    do {
      const query = new URLSearchParams({ ...parameters, pageSize: String(PAGE_SIZE) });
      if (pageToken) query.set("pageToken", pageToken);
      const page = await callGoogle(`${this.url}/${path}?${query}`, schema).catch(refused);
      found.push(page);
      pageToken = page.nextPageToken;
    } while (pageToken);
    return found;
  }
}

function refused(error: unknown): never {
  if (!(error instanceof GoogleApiError) || error.status !== 403) throw error;
  throw new Error(
    `Your account may not read Google's price list (${error.reason}): \`gcloud services enable cloudbilling.googleapis.com\` in the project of your credentials`,
    { cause: error },
  );
}
