import type * as pulumi from "@pulumi/pulumi";
import { isOwnImage, publicImageReference, type ImageName } from "../../catalogue";
import type { Foundation } from "./foundation";

/** An image by digest, from the stack's registries. */
export function imageOf(
  { image }: { image: ImageName },
  { images }: Pick<Foundation, "images">,
): pulumi.Input<string> {
  return isOwnImage(image) ? images.ownImage(image) : images.publicImage(publicImageReference(image));
}
