import { publicImages } from "../../catalogue/images";

/** Servers that no package registry has: the stack runs without them, and with them where they are on this machine. */
export const SERVERS = ["grafana", "loki", "alloy", "tempo"] as const;

export type ServerName = (typeof SERVERS)[number];

/** Whether a server's official release can be downloaded. */
export function isReleased(name: string): name is ServerName {
  return (SERVERS as readonly string[]).includes(name);
}

/** `linux-amd64`, `darwin-arm64`: what releases are built for. */
export type Platform = `${"linux" | "darwin"}-${"amd64" | "arm64"}`;

/** An official release archive of the version that the catalogue pins. */
export interface Release {
  name: ServerName;
  version: string;
  /** Address of the archive, a `.zip` or a `.tar.gz`. */
  url: string;
  /** Address of the release's own list of SHA-256 sums: `<sum>  <archive>` a line, or the sum alone. */
  sums: string;
  /** The archive's SHA-256, where it is known beforehand; what `sums` lists otherwise. */
  sha256?: string;
  /** The program inside of the archive. */
  program: string;
}

const GITHUB = "https://github.com/grafana";
/** The build that released a version of Grafana is a part of its archive's name: https://grafana.com/grafana/download shows it. */
const GRAFANA_BUILDS: Record<string, string> = { "13.2.3": "36482603486" };

/**
 * Sums of the pinned versions, by archive. None was computed here: two or more public repositories agree on Loki's, and one has
 * Alloy's. Grafana's is in several public files that may copy one source. Tempo's comes from the release's list.
 */
const SUMS: Record<string, string> = {
  "grafana_13.2.3_36482603486_linux_amd64.tar.gz":
    "6107ad27016296aac38e0d7ffa8753ab540b5541ad27e94790f771289d733235",
  "loki-3.7.8-linux-amd64": "62aea42c9cba52cd1642b3666ab37019a0ce4c24ab50b07e85dccc8d812f7d61",
  "alloy-1.19.2-linux-amd64": "3694ea4e1044b367e1c21ffe28117f209c5989fa5e604d000321809f871ab701",
  "alloy-1.19.2-linux-arm64": "fbeaf099b7c90b8b83dfa4781601c1181d8d06e89af34b846680c86ce08f725c",
  "alloy-1.19.2-darwin-amd64": "ebe3c181dd2af667980c0e51a1daff7d8131b632351fba7970b226fb7527b7aa",
  "alloy-1.19.2-darwin-arm64": "ec6ea5c92a764893dbaa50e12994ef2706145e238c9854b1e37168d9d2c862a6",
};

/** The release of a server for a platform. */
export function releaseOf(name: ServerName, platform: Platform): Release {
  const version = publicImages[name].tag.replace(/^v/, "");
  const [system, machine] = platform.split("-");
  const github = (archive: string) => ({
    url: `${GITHUB}/${name}/releases/download/v${version}/${archive}`,
    sums: `${GITHUB}/${name}/releases/download/v${version}/SHA256SUMS`,
  });
  switch (name) {
    case "grafana": {
      const build = GRAFANA_BUILDS[version];
      if (!build) throw new Error(`Grafana ${version} has no build in local/servers/releases.ts: add it`);
      const archive = `grafana_${version}_${build}_${system}_${machine}.tar.gz`;
      const url = `https://dl.grafana.com/grafana/release/${version}/${archive}`;
      const program = `grafana-${version}/bin/grafana`;
      return { name, version, url, sums: `${url}.sha256`, sha256: SUMS[archive], program };
    }
    case "tempo":
      return { name, version, ...github(`tempo_${version}_${system}_${machine}.tar.gz`), program: "tempo" };
    case "alloy":
    case "loki": {
      const program = `${name}-${platform}`;
      const sha256 = SUMS[`${name}-${version}-${platform}`];
      return { name, version, ...github(`${program}.zip`), sha256, program };
    }
  }
}

/** This machine's platform; `undefined` where there are no releases for it. */
export function thisPlatform(): Platform | undefined {
  const machine = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  const isKnown = process.platform === "linux" || process.platform === "darwin";
  return machine && isKnown ? (`${process.platform}-${machine}` as Platform) : undefined;
}
