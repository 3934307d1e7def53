import * as pulumi from "@pulumi/pulumi";
import { Repository } from "@pulumi/gcp/artifactregistry/repository";
import type { LabelMap } from "./labels";

export interface ImagesArgs {
  project: string;
  region: string;
  labels: LabelMap;
  /** Digests of the project's images by name, written by CI or a promotion. A missing digest is unknown, so a preview continues. */
  digests: Partial<Record<string, string>>;
  /** The registry that CI pushes own images to, such as `europe-west1-docker.pkg.dev/tollgate-admin/tollgate`. */
  registry: string;
}

/** A repository of Artifact Registry, of whichever project. */
export interface RegistryPlace {
  location: string;
  project: string;
  repository: string;
}

/**
 * Where images come from, always by digest: own images from the registry that CI pushes to; public ones through a
 * pull-through cache of Docker Hub, so that no start depends on Docker Hub.
 *
 * Nothing is built here: a provider that builds needs a Docker daemon in every preview and every check for drift.
 *
 * @example
 * ```ts
 * import { Images } from "./components/images";
 * import { labelsOf } from "./components/labels";
 * const images = new Images("images", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "images", 1),
 *   digests: {},
 *   registry: "europe-west1-docker.pkg.dev/acme-admin/tollgate",
 * });
 * export const agent = images.ownImage("agent");
 * ```
 */
export class Images extends pulumi.ComponentResource {
  readonly publicRepository: pulumi.Output<string>;
  private readonly host: string;

  constructor(
    name: string,
    private readonly args: ImagesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("tollgate:gcp:Images", name, { digests: args.digests, registry: args.registry }, opts);
    const { project, region, labels } = args;
    this.host = `${region}-docker.pkg.dev/${project}`;
    const mirror = new Repository(
      `${name}-docker-hub`,
      {
        repositoryId: "docker-hub",
        location: region,
        format: "DOCKER",
        mode: "REMOTE_REPOSITORY",
        description: "Pull-through cache of Docker Hub",
        labels,
        remoteRepositoryConfig: { dockerRepository: { publicRepository: "DOCKER_HUB" } },
      },
      { parent: this },
    );
    this.publicRepository = mirror.name;
    this.registerOutputs({ publicRepository: this.publicRepository });
  }

  /** Where own images are. */
  get ownRegistry(): RegistryPlace {
    const [host = "", project = "", repository = ""] = this.args.registry.split("/");
    return { location: host.replace(/-docker\.pkg\.dev$/, ""), project, repository };
  }

  /** A public image (`grafana/loki:3.7.8@sha256:...`) through the cache; the digest alone decides what is pulled. */
  publicImage(reference: string): string {
    const [tagged, digest] = reference.split("@");
    return `${this.host}/docker-hub/${tagged!.replace(/:[^:/]+$/, "")}@${digest}`;
  }

  /** An image of this project, by digest; unknown while there is none. */
  ownImage(name: string): pulumi.Input<string> {
    const digest = this.args.digests[name];
    return digest
      ? `${this.args.registry}/${name}@${digest}`
      : pulumi.output(pulumi.unknown as unknown as string);
  }
}
