import lock from "./images.lock.json";

/** An image that others publish: pulled by digest, the tag says which version that is. */
export interface PublicImage {
  /** Repository on Docker Hub, such as `grafana/loki`. */
  repository: string;
  tag: string;
}

/** An image of this project: built from a Dockerfile, or promoted by its digest. */
export interface OwnImage {
  dockerfile: string;
}

/** The public images by exact version. `npm run images:pin` resolves each to its digest in `images.lock.json`. */
export const publicImages = {
  prometheus: { repository: "prom/prometheus", tag: "v3.13.3" },
  alertmanager: { repository: "prom/alertmanager", tag: "v0.34.1" },
  grafana: { repository: "grafana/grafana", tag: "13.2.3" },
  loki: { repository: "grafana/loki", tag: "3.7.8" },
  alloy: { repository: "grafana/alloy", tag: "v1.19.2" },
  tempo: { repository: "grafana/tempo", tag: "3.0.3" },
  "langfuse-web": { repository: "langfuse/langfuse", tag: "4.50.0" },
  "langfuse-worker": { repository: "langfuse/langfuse-worker", tag: "4.50.0" },
  clickhouse: { repository: "clickhouse/clickhouse-server", tag: "25.12" },
  postgres: { repository: "library/postgres", tag: "16.14" },
  redis: { repository: "library/redis", tag: "7.4.9" },
  nginx: { repository: "library/nginx", tag: "1.29-alpine" },
  minio: { repository: "minio/minio", tag: "RELEASE.2025-09-07T16-13-09Z" },
} as const satisfies Record<string, PublicImage>;

/** The programs of the services' image: the source file that each is bundled from. */
export const programs = {
  agent: "app/main.ts",
  "ledger-exporter": "ops/ledger-exporter/main.ts",
  "langfuse-setup": "ops/langfuse/main.ts",
  "langfuse-margins": "ops/langfuse/margins/main.ts",
  customers: "ops/customers/main.ts",
  events: "ops/events/main.ts",
  brake: "ops/brake/main.ts",
  audit: "ops/audit/main.ts",
  export: "ops/export/main.ts",
  variants: "ops/variants/main.ts",
  query: "ops/query/main.ts",
  answer: "ops/remote/answer.ts",
  "drill-check": "ops/drill/check.ts",
} as const;

export type ProgramName = keyof typeof programs;

export const ownImages = {
  agent: { dockerfile: "infra/images/agent.Dockerfile" },
  gateway: { dockerfile: "infra/images/gateway.Dockerfile" },
} as const satisfies Record<string, OwnImage>;

export type PublicImageName = keyof typeof publicImages;
export type OwnImageName = keyof typeof ownImages;
export type ImageName = PublicImageName | OwnImageName;

export const OWN_IMAGES = Object.keys(ownImages) as OwnImageName[];

export function isOwnImage<Name extends string>(name: Name): name is Name & OwnImageName {
  return name in ownImages;
}

/**
 * The tag and digest of a public image, `grafana/loki:3.7.8@sha256:...`.
 *
 * @throws Error when its version was changed without pinning it anew.
 */
export function publicImageReference(name: PublicImageName): string {
  const image: PublicImage = publicImages[name];
  const tagged = `${image.repository}:${image.tag}`;
  const digest = (lock as Record<string, string>)[tagged];
  if (!digest) {
    throw new Error(`${tagged} has no digest in catalogue/images.lock.json: run \`npm run images:pin\``);
  }
  return `${tagged}@${digest}`;
}
