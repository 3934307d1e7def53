import { z } from "zod";
import { definitions } from "../../litellm-config";
import { BillError, nanosOf, type Bill, type BillLine } from "./bill";

const count = z.int().nonnegative().default(0);

/**
 * GET /v1/organizations/usage_report/messages, grouped by model: tokens, which the definitions price by the list, as if every prompt were
 * short and every call standard. https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages
 */
const usage = z.object({
  model: z.string(),
  uncached_input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
    .prefault({}),
  output_tokens: count,
});
/**
 * GET /v1/organizations/cost_report, grouped by description: amounts in cents with decimals ("123.45" is $1.23); no model for what is not
 * tokens. https://platform.claude.com/docs/en/api/admin/cost_report/retrieve
 */
const cost = z.object({
  model: z.string().nullish(),
  description: z.string().nullish(),
  currency: z.literal("USD"),
  amount: z.string(),
});
const report = z.object({
  data: z.array(
    z.object({ starting_at: z.iso.datetime({ offset: true }), results: z.array(z.union([cost, usage])) }),
  ),
  has_more: z.boolean().optional(),
});

/**
 * Reads what Anthropic's Admin API reports: the usage report or the cost report of messages, a bucket a day. Several pages may
 * are in one array.
 *
 * @throws BillError when it is neither, or is not grouped by model.
 */
export function readAnthropic(text: string): Bill {
  let pages: z.output<typeof report>[];
  try {
    const json = JSON.parse(text) as unknown;
    pages = z
      .array(report)
      .nonempty()
      .parse(Array.isArray(json) ? json : [json]);
  } catch (error) {
    const why =
      error instanceof z.ZodError ? z.prettifyError(error).split("\n")[0] : (error as Error).message;
    throw new BillError(
      `It is not Anthropic's usage or cost report (${why}): fetch /v1/organizations/usage_report/messages with ` +
        "bucket_width=1d&limit=31&group_by[]=model, or /v1/organizations/cost_report with limit=31&group_by[]=description",
    );
  }
  if (pages.at(-1)!.has_more) {
    throw new BillError(
      "The report goes on after its last page (has_more): fetch the other pages too, and put all in one array",
    );
  }
  const buckets = pages.flatMap(({ data }) => data);
  const days = buckets.map(({ starting_at }) => new Date(starting_at).toISOString().slice(0, 10)).sort();
  if (days.length === 0) throw new BillError("The report has no days: ask for a longer time");
  const lines = buckets.flatMap(({ starting_at, results }) =>
    results.map((result): BillLine => {
      const day = new Date(starting_at).toISOString().slice(0, 10);
      if ("amount" in result) {
        return {
          day,
          model: known(result.model ?? result.description ?? "other"),
          nanos: nanosOf(result.amount, 2),
        };
      }
      return { day, model: known(result.model), nanos: priced(result) };
    }),
  );
  return { lines, from: days[0]!, to: days.at(-1)! };
}

/** The definitions' name of a model: Anthropic's own may end with its release day. */
function known(model: string): string {
  const short = model.replace(/-\d{8}$/, "");
  return definitions.models[model] ? model : short;
}

function priced(tokens: z.output<typeof usage>): number {
  const price = definitions.models[known(tokens.model)]?.price;
  if (!price)
    throw new BillError(
      `model (is "${tokens.model}"): the definitions have no price for it; use the cost report`,
    );
  return (
    tokens.uncached_input_tokens * price.input +
    tokens.cache_read_input_tokens * price.cacheRead +
    tokens.cache_creation.ephemeral_5m_input_tokens * price.cacheWrite5m +
    tokens.cache_creation.ephemeral_1h_input_tokens * price.cacheWrite1h +
    tokens.output_tokens * price.output
  );
}
