import * as pulumi from "@pulumi/pulumi";
import { IAMMember as ProjectIAMMember } from "@pulumi/gcp/projects/iammember";
import { SubscriptionIAMMember } from "@pulumi/gcp/pubsub/subscriptionIAMMember";
import { SecretIamMember } from "@pulumi/gcp/secretmanager/secretIamMember";
import { Account } from "@pulumi/gcp/serviceaccount/account";
import { IAMMember as AccountIAMMember } from "@pulumi/gcp/serviceaccount/iammember";
import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember";
import { RepositoryIamMember } from "@pulumi/gcp/artifactregistry/repositoryIamMember";

/** A role on one resource, which a workload holds. The binding's resource is named after it. */
export type Binding = { name: string; role: string } & (
  | { on: "secret"; secretId: pulumi.Input<string> }
  | { on: "bucket"; bucket: pulumi.Input<string> }
  | { on: "subscription"; subscription: pulumi.Input<string> }
  | {
      on: "repository";
      repository: pulumi.Input<string>;
      location: pulumi.Input<string>;
      project: pulumi.Input<string>;
    }
  | { on: "project" }
  | { on: "itself" }
);

export interface WorkloadArgs {
  project: pulumi.Input<string>;
  /** Everything that it may do. */
  bindings: Binding[];
}

/**
 * The identity of one workload: a service account with exactly one binding for each binding.
 *
 * @example
 * ```ts
 * import { Workload } from "./components/workload";
 * const agent = new Workload("agent", {
 *   project: "acme-dev",
 *   bindings: [{ name: "key", role: "roles/secretmanager.secretAccessor", on: "secret", secretId: "anthropic-api-key" }],
 * });
 * ```
 */
export class Workload extends pulumi.ComponentResource {
  readonly email: pulumi.Output<string>;
  /** The bindings; what runs as this account depends on them. */
  readonly bindings: pulumi.Resource[];

  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "tollgate:gcp:Workload",
      name,
      { roles: args.bindings.map(({ role, on, name }) => `${role} on ${on} ${name}`) },
      opts,
    );
    const account = new Account(
      name,
      { accountId: `tollgate-${name}`, displayName: `Tollgate ${name}` },
      { parent: this },
    );
    this.email = account.email;
    this.bindings = args.bindings.map((binding) =>
      this.bind(`${name}-${binding.name}`, binding, args.project, account),
    );
    this.registerOutputs({ email: this.email });
  }

  private bind(
    name: string,
    binding: Binding,
    project: pulumi.Input<string>,
    account: Account,
  ): pulumi.Resource {
    const { role } = binding;
    const { member } = account;
    const child = { parent: this };
    switch (binding.on) {
      case "secret":
        return new SecretIamMember(name, { secretId: binding.secretId, role, member }, child);
      case "bucket":
        return new BucketIAMMember(name, { bucket: binding.bucket, role, member }, child);
      case "subscription":
        return new SubscriptionIAMMember(name, { subscription: binding.subscription, role, member }, child);
      case "repository":
        return new RepositoryIamMember(
          name,
          {
            repository: binding.repository,
            location: binding.location,
            project: binding.project,
            role,
            member,
          },
          child,
        );
      case "project":
        return new ProjectIAMMember(name, { project, role, member }, child);
      case "itself":
        return new AccountIAMMember(name, { serviceAccountId: account.name, role, member }, child);
    }
  }
}
