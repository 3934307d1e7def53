import type * as pulumi from "@pulumi/pulumi";
import { isOwnImage, publicImageReference, type ImageName } from "../../catalogue";
import type { StackBase } from "./base";

/** An image by digest, from the stack's registries. */
export function imageOf(
  { image }: { image: ImageName },
  { images }: Pick<StackBase, "images">,
): pulumi.Input<string> {
  return isOwnImage(image) ? images.ownImage(image) : images.publicImage(publicImageReference(image));
}
