import { GoogleAuth } from "google-auth-library";
import { z } from "zod";

/** Google's Cloud Billing Catalog API: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list */
export const CATALOG_URL = "https://cloudbilling.googleapis.com";

const SCOPE = "https://www.googleapis.com/auth/cloud-billing.readonly";
const PAGE_SIZE = 5000;

const serviceSchema = z.object({ name: z.string(), displayName: z.string() });

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

/** What could not be read from the catalogue. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
}

/** Gives the headers of an authorised request. */
export type Authorize = () => Promise<Headers>;

/** With the machine's Google credentials: `gcloud auth application-default login`, or a workload's own. */
export function googleCredentials(): Authorize {
  const auth = new GoogleAuth({ scopes: [SCOPE] });
  return async () => {
    try {
      return await auth.getRequestHeaders();
    } catch (error) {
      throw new CatalogError(
        `No Google credentials (${(error as Error).message}): run \`gcloud auth application-default login\``,
      );
    }
  };
}

export class CatalogClient {
  constructor(
    private readonly authorize: Authorize,
    private readonly url: string = CATALOG_URL,
  ) {}

  /** Names of services, such as `services/152E-C115-5142`, by their display names. */
  async services(): Promise<Map<string, string>> {
    const pages = await this.pages("v1/services", "services");
    return new Map(
      pages.map((each) => serviceSchema.parse(each)).map(({ name, displayName }) => [displayName, name]),
    );
  }

  /** Every SKU of a service; those of a shape that carries no price in dollars are left out. */
  async skus(service: string): Promise<Sku[]> {
    const pages = await this.pages(`v1/${service}/skus`, "skus", { currencyCode: "USD" });
    return pages.flatMap((each) => skuSchema.safeParse(each).data ?? []);
  }

  private async pages(
    path: string,
    field: string,
    parameters: Record<string, string> = {},
  ): Promise<unknown[]> {
    const found: unknown[] = [];
    let pageToken = "";
    do {
      const query = new URLSearchParams({ ...parameters, pageSize: String(PAGE_SIZE) });
      if (pageToken) query.set("pageToken", pageToken);
      const page = await this.get(`${this.url}/${path}?${query.toString()}`);
      found.push(...((page[field] ?? []) as unknown[]));
      pageToken = (page["nextPageToken"] as string | undefined) ?? "";
    } while (pageToken);
    return found;
  }

  private async get(url: string): Promise<Record<string, unknown>> {
    const response = await fetch(url, {
      headers: await this.authorize(),
      signal: AbortSignal.timeout(60_000),
    }).catch((error: Error) => {
      throw new CatalogError(`${url} does not answer (${error.message}): check the network`);
    });
    if (!response.ok) {
      const text = (await response.text()).slice(0, 300);
      throw new CatalogError(
        `${url} answered ${response.status} ${text}: enable cloudbilling.googleapis.com and check the credentials`,
      );
    }
    return (await response.json()) as Record<string, unknown>;
  }
}
