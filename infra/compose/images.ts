import { ownImages, isOwnImage, publicImageReference, type ImageName, type Service } from "../../catalogue";
import { redisProgram } from "./redis";
import type { ComposeService } from "./schema";

/** What Compose has to know of an image that the image's name does not say. */
interface ImageFacts {
  /** Its ENTRYPOINT and CMD, as in its Dockerfile: a program that wraps them must name both. */
  entrypoint: string[];
  command?: string[];
  /** What starts a service in place of the image's own entry point and command. */
  program?: (service: Service) => string[];
  /** A program in the image that ends with 0 when the address answers well. */
  probe: (url: string) => string[];
  /** It runs as root: to take ownership of its data before it drops to another user, or to read Docker's socket. */
  startsAsRoot?: true;
  /** It writes to its volumes and `/tmp` only. */
  readOnly?: true;
}

const wget = (url: string) => ["CMD", "wget", "-q", "-O", "/dev/null", url];
const curl = (url: string) => ["CMD", "curl", "-fsS", "-o", "/dev/null", url];
const node = (url: string) => [
  "CMD",
  "node",
  "-e",
  `fetch("${url}").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
];
const python = (url: string) => [
  "CMD",
  "python",
  "-c",
  `import urllib.request; urllib.request.urlopen("${url}", timeout=5)`,
];
/** Alloy's image has neither wget nor curl (grafana/alloy#477), but bash can open a connection. */
const bash = (url: string) => {
  const { hostname, port, pathname } = new URL(url);
  return [
    "CMD",
    "bash",
    "-c",
    `exec 3<>/dev/tcp/${hostname}/${port} && printf 'GET ${pathname} HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '`,
  ];
};
/** Loki's and Tempo's images have no shell; the programs ask themselves (grafana/loki#20313, grafana/tempo#6608). */
const itself = (program: string) => (url: string) => ["CMD", program, "-health", `-health.url=${url}`];
const none = () => [];

const facts: Record<ImageName, ImageFacts> = {
  agent: { entrypoint: ["node", "--enable-source-maps"], probe: node, readOnly: true },
  // LiteLLM prepares its pages in its own folder when it starts.
  gateway: { entrypoint: ["litellm"], probe: python },
  prometheus: { entrypoint: ["/bin/prometheus"], probe: wget, readOnly: true },
  alertmanager: { entrypoint: ["/bin/alertmanager"], probe: wget, readOnly: true },
  grafana: { entrypoint: ["/run.sh"], probe: curl, readOnly: true },
  loki: { entrypoint: ["/usr/bin/loki"], probe: itself("/usr/bin/loki"), readOnly: true },
  alloy: { entrypoint: ["/bin/alloy"], probe: bash, startsAsRoot: true, readOnly: true },
  tempo: { entrypoint: ["/tempo"], probe: itself("/tempo"), readOnly: true },
  "langfuse-web": {
    entrypoint: ["dumb-init", "--", "./web/entrypoint.sh"],
    command: ["node", "./web/server.js", "--keepAliveTimeout", "110000"],
    probe: wget,
  },
  "langfuse-worker": {
    entrypoint: ["dumb-init", "--", "./worker/entrypoint.sh"],
    command: ["node", "worker/dist/index.js"],
    probe: wget,
  },
  clickhouse: { entrypoint: ["/entrypoint.sh"], probe: wget, startsAsRoot: true },
  postgres: {
    entrypoint: ["docker-entrypoint.sh"],
    command: ["postgres"],
    probe: none,
    startsAsRoot: true,
  },
  redis: {
    entrypoint: ["docker-entrypoint.sh"],
    command: ["redis-server"],
    program: redisProgram,
    probe: none,
    startsAsRoot: true,
  },
  nginx: { entrypoint: ["/docker-entrypoint.sh"], probe: curl, startsAsRoot: true },
  minio: {
    entrypoint: ["/usr/bin/docker-entrypoint.sh"],
    command: ["minio"],
    probe: curl,
    startsAsRoot: true,
  },
};

/** What is known of an image. */
export function imageFacts(image: ImageName): ImageFacts {
  return facts[image];
}

/** The image by tag and digest; our own by the reference that `.env` names, or built from its Dockerfile. */
export function imageOf(image: ImageName): Pick<ComposeService, "image" | "build"> {
  if (!isOwnImage(image)) return { image: publicImageReference(image) };
  return {
    image: `\${TOLLGATE_${image.toUpperCase()}_IMAGE:-tollgate-${image}:local}`,
    build: { context: "../..", dockerfile: ownImages[image].dockerfile },
  };
}

/** What every container of an image may and may not do. */
export function confinement(image: ImageName): Partial<ComposeService> {
  const { startsAsRoot, readOnly } = imageFacts(image);
  return {
    security_opt: ["no-new-privileges:true"],
    ...(startsAsRoot ? {} : { cap_drop: ["ALL"] }),
    ...(readOnly ? { read_only: true, tmpfs: ["/tmp"] } : {}),
  };
}
