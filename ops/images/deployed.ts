import { OWN_IMAGES, type OwnImageName } from "../../catalogue/images";
import type { Digests } from "./push";

/**
 * The digests of own images in the output `images` of a stack.
 *
 * @throws Error when the stack says nothing of its images, so that those in its file stay.
 */
export function deployedDigests(stack: string, output: unknown): Digests {
  const running = (typeof output === "object" && output !== null ? output : {}) as Record<string, unknown>;
  const digests: Digests = {};
  for (const name of OWN_IMAGES) {
    const image = running[name];
    if (image === undefined) continue;
    const [, digest] = /@(sha256:[0-9a-f]{64})$/.exec(String(image)) ?? [];
    if (!digest)
      throw new Error(
        `${stack} runs ${name} as "${String(image)}", which is no digest: \`pulumi up -s ${stack}\` first`,
      );
    digests[name satisfies OwnImageName] = digest;
  }
  if (Object.keys(digests).length === 0)
    throw new Error(`${stack} has no output of its images: \`pulumi up -s ${stack}\` makes it`);
  return digests;
}
