import { z } from "zod";
import { Answer, type Route } from "./http";

const create = z.strictObject({
  type: z.literal("text"),
  name: z.string().min(1),
  prompt: z.string(),
  labels: z.array(z.string()).default([]),
  tags: z.array(z.string()).default([]),
  config: z.unknown().default({}),
  commitMessage: z.string().optional(),
});

export interface StoredPrompt extends z.infer<typeof create> {
  version: number;
}

/** Prompts: every write is a new version, and a label moves to the version that was given it last. */
export function promptRoutes(prompts: StoredPrompt[]): Route[] {
  return [
    {
      method: "GET",
      path: /^\/api\/public\/v2\/prompts\/([^/]+)$/,
      answer: ({ params: [name], query }) => {
        const label = query.get("label") ?? "production";
        const found = prompts.find(
          (each) => each.name === decodeURIComponent(name!) && each.labels.includes(label),
        );
        if (!found) return new Answer(404, { message: `Prompt not found: '${name}' with label '${label}'` });
        return new Answer(200, found);
      },
    },
    {
      method: "POST",
      path: /^\/api\/public\/v2\/prompts$/,
      answer: ({ body }) => new Answer(201, addVersion(prompts, create.parse(body))),
    },
  ];
}

export function addVersion(prompts: StoredPrompt[], request: z.input<typeof create>): StoredPrompt {
  const parsed = create.parse(request);
  const versions = prompts.filter(({ name }) => name === parsed.name);
  for (const each of versions) each.labels = each.labels.filter((label) => !parsed.labels.includes(label));
  const version = { ...parsed, version: versions.length + 1 };
  prompts.push(version);
  return version;
}
