import { parse } from "yaml";
import { composeCloudConfig } from "../../components/compose-machine/cloud-config";
import { clickHouseCloudConfig } from "../../components/clickhouse/cloud-config";
import { contentHash } from "../../components/config-files";
import { limits } from "../../components/run/container";
import { publicImageReference } from "../../catalogue";
import { publicImages, type PublicImageName } from "../../catalogue/images";
import { clickhouseFiles } from "../../infra/config-files/native";
import { digestOf } from "../../ops/images/pin";

interface CloudConfig {
  write_files: { path: string; content: string; permissions?: string }[];
  runcmd: string[];
}

const text = clickHouseCloudConfig({
  image: "registry.test/clickhouse@sha256:1",
  registryHost: "registry.test",
  project: "project",
  env: {
    CLICKHOUSE_USER: "langfuse",
    SYSTEM_LOG_TTL: "event_date + INTERVAL 7 DAY DELETE",
    TRACE_ARCHIVE_URL: "https://storage.googleapis.com/archive/",
  },
  passwordSecret: "clickhouse-password",
  passwordVersion: "3",
  retentionDays: 90,
  configFiles: clickhouseFiles("cloud-storage"),
  memoryMiB: 1536,
  httpPort: 8123,
  ports: [8123, 9000, 9363],
});

describe("ClickHouse's machine", () => {
  const config = parse(text) as CloudConfig;
  const file = (path: string) => config.write_files.find((each) => each.path === path)!.content;

  it("is a cloud-config", () => expect(text.startsWith("#cloud-config\n")).toBe(true));

  it("runs the image by digest on its data disk and fetches the password by its own identity", () => {
    const unit = file("/etc/systemd/system/clickhouse.service");
    expect(unit).toContain("-v ${DATA_FOLDER}:/var/lib/clickhouse");
    expect(unit).toContain("Restart=always");
    const environment = file("/etc/tollgate/machine.env");
    expect(environment).toContain("\nIMAGE=registry.test/clickhouse@sha256:1\n");
    expect(environment).toContain("DATA_FOLDER=/mnt/disks/clickhouse\n");
    expect(environment).toContain("\nPASSWORD_SECRET=clickhouse-password\nPASSWORD_VERSION=3\n");
    expect(file("/etc/clickhouse/server.env")).toBe(
      "CLICKHOUSE_USER=langfuse\nSYSTEM_LOG_TTL=event_date + INTERVAL 7 DAY DELETE\nTRACE_ARCHIVE_URL=https://storage.googleapis.com/archive/\nTRACE_RETENTION_DAYS=90\n",
    );
  });

  it("gives every unit and script the variables that it reads", () => {
    const namesIn = (path: string) => [...file(path).matchAll(/^(\w+)=/gm)].map(([, name]) => name!);
    const known = new Set(namesIn("/etc/tollgate/machine.env"));
    const units = config.write_files.filter(({ path }) => path.endsWith(".service"));
    expect(units.length).toBeGreaterThan(3);
    for (const { path, content } of units) {
      const script = /ExecStart=\/bin\/bash (\S+)/.exec(content)?.[1];
      const read = `${content}\n${script ? file(script) : ""}`;
      const own = new Set(["CLICKHOUSE_PASSWORD", "APPLIED", "RESTARTED_FOR"]);
      if (script === "/etc/clickhouse/retention.sh")
        namesIn("/etc/clickhouse/server.env").forEach((each) => own.add(each));
      const named = [...read.matchAll(/\$\{?([A-Z_]+)/g)]
        .map(([, name]) => name!)
        .filter((name) => !own.has(name));
      expect([path, named.filter((name) => !known.has(name))]).toEqual([path, []]);
      if (named.length > 0) expect(content).toContain("EnvironmentFile=/etc/tollgate/machine.env");
    }
  });

  it("is restarted when it stops answering", () => {
    expect(file("/etc/clickhouse/health.sh")).toContain("http://127.0.0.1:$HTTP_PORT/ping");
    expect(file("/etc/tollgate/machine.env")).toContain("\nHTTP_PORT=8123\n");
    expect(file("/etc/systemd/system/clickhouse-health.timer")).toContain("OnUnitActiveSec=60");
  });

  it("gives the system's own logs a life of a week, and writes its archive with no key", () => {
    const xml = Object.values(clickhouseFiles("cloud-storage")).join("");
    expect(xml).toContain('<ttl from_env="SYSTEM_LOG_TTL" replace="replace"/>');
    expect(xml).toContain("<http_client>gcp_oauth</http_client>");
    expect(xml).not.toMatch(/access_key/);
  });
});

describe("the one machine", () => {
  const config = parse(
    composeCloudConfig({
      project: "project",
      registryHosts: ["europe-west1-docker.pkg.dev"],
      bucket: "project-config",
      folder: "machine/abc",
      env: { TOLLGATE_ENVIRONMENT: "dev" },
      secrets: { "agent-key": { id: "agent-key", version: "2" } },
      phase: 2,
    }),
  ) as CloudConfig;
  const file = (path: string) => config.write_files.find((each) => each.path === path)!.content;

  it("reads pinned secrets and its own folder of files, then starts the phases", () => {
    expect(file("/opt/tollgate/secret-versions")).toBe("agent-key agent-key 2\n");
    const environment = file("/etc/tollgate/machine.env");
    expect(environment).toContain("\nCONFIG_FOLDER=project-config/machine/abc\n");
    expect(environment).toContain("\nCOMPOSE_PROFILES=phase-1,phase-2\n");
    expect(file("/etc/systemd/system/tollgate.service")).toContain(
      "EnvironmentFile=/etc/tollgate/machine.env",
    );
  });

  it("keeps containers' data on the data disk", () => {
    expect(file("/etc/docker/daemon.json")).toContain("/mnt/tollgate/docker");
    expect(file("/opt/tollgate/env")).toContain("TOLLGATE_SECRETS=/run/tollgate/secrets");
  });
});

describe("content hashes", () => {
  it("know paths from contents, and not the order", () => {
    const hash = contentHash({ a: "1", b: "2" });
    expect(hash).toMatch(/^[0-9a-f]{12}$/);
    expect(contentHash({ b: "2", a: "1" })).toBe(hash);
    expect(contentHash({ a: "12", b: "" })).not.toBe(hash);
    expect(contentHash({ a: "1", c: "2" })).not.toBe(hash);
  });
});

describe("CPU and memory on Cloud Run", () => {
  it.each([
    [128, 0.1, { cpu: "100m", memory: "128Mi" }],
    [1024, 1, { cpu: "1", memory: "1024Mi" }],
    [2048, 1.5, { cpu: "1500m", memory: "2048Mi" }],
  ])("%i MiB, %d vCPU", (memory, cpu, expected) => expect(limits(memory, cpu)).toEqual(expected));
});

describe("public images", () => {
  it.each(Object.keys(publicImages) as PublicImageName[])("%s is pinned by version and digest", (name) => {
    expect(publicImageReference(name)).toMatch(/^[a-z/-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    expect(publicImageReference(name)).not.toContain(":latest");
  });

  it("are resolved by the registry's API, without Docker", async () => {
    const calls: string[] = [];
    const get = ((url: string, init?: RequestInit) => {
      calls.push(`${init?.method ?? "GET"} ${url}`);
      return Promise.resolve(
        url.includes("auth.docker.io")
          ? Response.json({ token: "t" })
          : new Response(null, { headers: { "docker-content-digest": "sha256:abc" } }),
      );
    }) as typeof fetch;
    await expect(digestOf("grafana/loki", "3.7.8", get)).resolves.toBe("sha256:abc");
    expect(calls[1]).toBe("HEAD https://registry-1.docker.io/v2/grafana/loki/manifests/3.7.8");
    const gone = (() => Promise.resolve(new Response("{}", { status: 404 }))) as unknown as typeof fetch;
    await expect(digestOf("grafana/loki", "0", gone)).rejects.toThrow("no token from Docker Hub (404)");
  });
});
