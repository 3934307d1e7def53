import { z } from "zod";
import { TIME_ZONE } from "../dates";
import { timeZoneOutput } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

/** What there is in the customer's project. */
export const listAssets = defineTool({
  name: "list-assets",
  title: "List cloud assets",
  description:
    "The resources in the customer's Google Cloud project, by type, location or words in their name, labels and state. Use " +
    "it for what is running where. It holds no costs.",
  annotations: READS_CLOUD,
  input: z.strictObject({
    types: z
      .array(z.string().regex(/^[a-z0-9.-]+\.googleapis\.com\/[A-Za-z]+$/))
      .max(20)
      .default([])
      .describe('Asset types, such as "compute.googleapis.com/Instance"; all when empty'),
    location: z
      .string()
      .regex(/^[a-z0-9-]{1,63}$/)
      .optional()
      .describe('A zone, a region or "global"'),
    text: z.string().min(1).max(200).optional().describe("Words that the name, labels or state must hold"),
    limit: z.int().min(1).max(200).default(50).describe("Assets at most"),
  }),
  output: z.object({
    assets: z.array(
      z.object({
        name: z.string().describe("Full resource name"),
        type: z.string(),
        display_name: z.string(),
        location: z.string(),
        state: z.string(),
        created: z.iso.date().nullable(),
        labels: z.record(z.string(), z.string()),
      }),
    ),
    ...timeZoneOutput,
    more: z.boolean().describe("There are others beyond limit"),
  }),
  async execute(query, { sources }) {
    const { assets, more } = await sources.assets(query);
    return {
      assets: assets.map(({ displayName, ...rest }) => ({ ...rest, display_name: displayName })),
      time_zone: TIME_ZONE,
      more,
    };
  },
});
