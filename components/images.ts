import * as pulumi from "@pulumi/pulumi";
import { Image } from "@pulumi/docker/image";
import { Repository } from "@pulumi/gcp/artifactregistry/repository";
import { RepositoryIamMember } from "@pulumi/gcp/artifactregistry/repositoryIamMember";
import type { LabelMap } from "./labels";

export interface ImagesArgs {
  project: string;
  region: string;
  labels: LabelMap;
  /** Digests by image, as a promotion writes them. An image that is not named is built and pushed. Default: none. */
  digests?: Partial<Record<string, string>>;
  /** Pull own images from here, as prod does from dev's registry. Default: this environment's registry. */
  registry?: string;
  /** Who may pull from this registry beside this project, as prod's Cloud Run agent. Default: nobody. */
  readers?: string[];
}

/**
 * Where images come from, always by digest: own images from Artifact Registry, built here unless a digest is given;
 * public ones through a pull-through cache of Docker Hub, so that nothing needs the internet (or Docker Hub's goodwill)
 * to start.
 */
export class Images extends pulumi.ComponentResource {
  readonly ownRepository: pulumi.Output<string>;
  readonly publicRepository: pulumi.Output<string>;
  private readonly references: Record<string, pulumi.Input<string>> = {};
  private readonly own: Repository;
  private readonly host: string;

  constructor(
    name: string,
    private readonly args: ImagesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("tollgate:gcp:Images", name, { digests: args.digests ?? {}, registry: args.registry }, opts);
    const { project, region, labels, readers = [] } = args;
    this.host = `${region}-docker.pkg.dev/${project}`;

    const own = new Repository(
      `${name}-own`,
      {
        repositoryId: "tollgate",
        location: region,
        format: "DOCKER",
        description: "Images of this project",
        labels,
        cleanupPolicies: [
          { id: "keep-recent", action: "KEEP", mostRecentVersions: { keepCount: 30 } },
          {
            id: "drop-untagged",
            action: "DELETE",
            condition: { tagState: "UNTAGGED", olderThan: "7776000s" },
          },
        ],
      },
      { parent: this },
    );
    for (const reader of readers) {
      new RepositoryIamMember(
        `${name}-${reader}`,
        { repository: own.name, location: region, role: "roles/artifactregistry.reader", member: reader },
        { parent: this },
      );
    }
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
    this.own = own;
    this.ownRepository = own.name;
    this.publicRepository = mirror.name;
    this.registerOutputs({ publicRepository: this.publicRepository });
  }

  /** A public image (`grafana/loki:3.7.8@sha256:...`) through the cache; the digest alone decides what is pulled. */
  publicImage(reference: string): string {
    const [tagged, digest] = reference.split("@");
    return `${this.host}/docker-hub/${tagged!.replace(/:[^:/]+$/, "")}@${digest}`;
  }

  /** An image of this project, by digest: the given one, or the one that this build pushes. */
  ownImage(name: string, dockerfile: string): pulumi.Input<string> {
    return (this.references[name] ??= this.givenOrBuilt(name, dockerfile));
  }

  private givenOrBuilt(name: string, dockerfile: string): pulumi.Input<string> {
    const registry = this.args.registry ?? `${this.host}/tollgate`;
    const digest = this.args.digests?.[name];
    if (digest) return `${registry}/${name}@${digest}`;
    const image = new Image(
      name,
      {
        imageName: `${this.host}/tollgate/${name}:latest`,
        build: { context: ".", dockerfile, platform: "linux/amd64", builderVersion: "BuilderBuildKit" },
        // A preview must not need a Docker daemon, and must not push.
        buildOnPreview: false,
      },
      { parent: this, dependsOn: [this.own] },
    );
    return image.repoDigest;
  }
}
