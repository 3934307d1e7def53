import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { BucketObject } from "@pulumi/gcp/storage/bucketObject";

export interface ConfigFilesArgs {
  bucket: pulumi.Input<string>;
  /** Text by path relative to the folder. */
  files: Record<string, string>;
}

/** A folder of a bucket that a revision mounts. */
export interface MountedFolder {
  bucket: pulumi.Input<string>;
  folder: string;
}

/**
 * Configuration files under a folder that is named by their content: `gateway/3b1f.../guard.json`.
 *
 * A changed file is a new folder, so a new revision; the old revision still finds the old one, which is why objects are
 * kept when they leave the program. A bucket and not Secret Manager: dashboards are larger than its 64 KiB, and nothing
 * here is secret.
 *
 * @example
 * ```ts
 * import { ConfigFiles } from "./components/config-files";
 * const config = new ConfigFiles("gateway", { bucket: "acme-dev-config", files: { "guard.json": "{}" } });
 * ```
 */
export class ConfigFiles extends pulumi.ComponentResource implements MountedFolder {
  readonly bucket: pulumi.Output<string>;
  readonly folder: string;
  readonly objects: pulumi.Resource[];

  constructor(name: string, args: ConfigFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    const folder = `${name}/${contentHash(args.files)}`;
    super("tollgate:gcp:ConfigFiles", name, { folder, files: Object.keys(args.files).sort() }, opts);
    this.folder = folder;
    this.bucket = pulumi.output(args.bucket);
    this.objects = Object.entries(args.files).map(
      ([path, content]) =>
        new BucketObject(
          `${folder}/${path}`,
          {
            bucket: args.bucket,
            name: `${folder}/${path}`,
            content,
            contentType: "text/plain; charset=utf-8",
          },
          { parent: this, retainOnDelete: true },
        ),
    );
    this.registerOutputs({ folder });
  }
}

/** Twelve hexadecimal digits: a hash of the files' paths and contents. */
export function contentHash(files: Record<string, string>): string {
  const hash = createHash("sha256");
  for (const path of Object.keys(files).sort()) hash.update(`${path}\0${files[path]}\0`);
  return hash.digest("hex").slice(0, 12);
}
