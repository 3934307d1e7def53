import * as pulumi from "@pulumi/pulumi";
import { Service } from "@pulumi/gcp/projects/service";
import { ServiceIdentity } from "@pulumi/gcp/projects/serviceIdentity";

export interface ApisArgs {
  project: pulumi.Input<string>;
  /** Such as `run.googleapis.com`. */
  services: string[];
}

/**
 * The Google APIs that the project needs. They stay enabled on destroy: other things in the project may use them.
 *
 * @example
 * ```ts
 * import { Apis } from "./components/apis";
 * new Apis("apis", { project: "acme-dev", services: ["run.googleapis.com", "secretmanager.googleapis.com"] });
 * ```
 */
export class Apis extends pulumi.ComponentResource {
  /** `serviceAccount:...` of the Identity-Aware Proxy, which exists only once it was requested. */
  readonly proxyIdentity: pulumi.Output<string>;

  constructor(name: string, args: ApisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tollgate:gcp:Apis", name, { services: args.services }, opts);
    const { project } = args;
    const enabled = args.services.map(
      (service) => new Service(service, { project, service, disableOnDestroy: false }, { parent: this }),
    );
    const proxy = new ServiceIdentity(
      `${name}-identity-aware-proxy`,
      { project, service: "iap.googleapis.com" },
      { parent: this, dependsOn: enabled },
    );
    this.proxyIdentity = proxy.member;
    this.registerOutputs({ proxyIdentity: this.proxyIdentity });
  }
}
