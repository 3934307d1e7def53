import * as pulumi from "@pulumi/pulumi";
import { Secret as ManagedSecret } from "@pulumi/gcp/secretmanager/secret";
import { SecretVersion } from "@pulumi/gcp/secretmanager/secretVersion";
import type { LabelMap } from "./labels";

export interface SecretArgs {
  /** The value; it is marked secret here. */
  value: pulumi.Input<string>;
  /** Where it is kept. */
  region: pulumi.Input<string>;
  labels: LabelMap;
}

/** One exact version of a secret, which a revision mounts, so that a rollback keeps its value. */
export interface PinnedSecret {
  id: pulumi.Output<string>;
  version: pulumi.Output<string>;
}

/**
 * A secret in Secret Manager with its current value. A new value is a new version; the old one stays for old revisions.
 *
 * @example
 * ```ts
 * import * as pulumi from "@pulumi/pulumi";
 * import { Secret } from "./components/secret";
 * import { labelsOf } from "./components/labels";
 * const key = new Secret("anthropic-api-key", {
 *   value: new pulumi.Config().requireSecret("anthropicApiKey"),
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "anthropic-api-key", 1),
 * });
 * ```
 */
export class Secret extends pulumi.ComponentResource implements PinnedSecret {
  readonly id: pulumi.Output<string>;
  readonly version: pulumi.Output<string>;

  constructor(name: string, args: SecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tollgate:gcp:Secret", name, {}, opts);
    const secret = new ManagedSecret(
      name,
      {
        secretId: name,
        labels: args.labels,
        replication: { userManaged: { replicas: [{ location: args.region }] } },
      },
      { parent: this },
    );
    const version = new SecretVersion(
      name,
      { secret: secret.id, secretData: pulumi.secret(args.value), deletionPolicy: "ABANDON" },
      { parent: this },
    );
    this.id = secret.secretId;
    this.version = version.version;
    this.registerOutputs({ id: this.id, version: this.version });
  }
}
