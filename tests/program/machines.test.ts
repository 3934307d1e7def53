import { parse } from "yaml";
import { composeCloudConfig } from "../../components/compose-machine";
import { clickHouseCloudConfig } from "../../components/clickhouse/cloud-config";
import { retentionSql } from "../../components/clickhouse/retention";
import { contentHash } from "../../components/config-files";
import { limits } from "../../components/run/container";
import { publicImageReference, roleNames } from "../../catalogue";
import { publicImages, type PublicImageName } from "../../catalogue/images";
import { clickhouseFiles } from "../../infra/config-files/clickhouse";
import { databaseRolesSql, passwordVariables } from "../../catalogue/database-roles";
import { digestOf } from "../../ops/images/pin";

interface CloudConfig {
  write_files: { path: string; content: string; permissions?: string }[];
  runcmd: string[];
}

const text = clickHouseCloudConfig({
  image: "registry.test/clickhouse@sha256:1",
  registryHost: "registry.test",
  project: "project",
  user: "langfuse",
  passwordSecret: "clickhouse-password",
  passwordVersion: "3",
  archiveBucket: "archive",
  retentionDays: 90,
  configFiles: clickhouseFiles("archive"),
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
    expect(unit).toContain("registry.test/clickhouse@sha256:1");
    expect(unit).toContain("-v /mnt/disks/clickhouse:/var/lib/clickhouse");
    expect(unit).toContain("Restart=always");
    expect(file("/etc/clickhouse/fetch-password.sh")).toContain(
      "secrets/clickhouse-password/versions/3:access",
    );
  });

  it("is restarted when it stops answering", () => {
    expect(file("/etc/systemd/system/clickhouse-health.service")).toContain("http://127.0.0.1:8123/ping");
    expect(file("/etc/systemd/system/clickhouse-health.timer")).toContain("OnUnitActiveSec=60");
  });

  it("gives the system's own logs a life of a week, and writes its archive with no key", () => {
    const [xml] = Object.values(clickhouseFiles("archive"));
    expect(xml).toContain("<ttl>event_date + INTERVAL 7 DAY DELETE</ttl>");
    expect(xml).toContain("<http_client>gcp_oauth</http_client>");
    expect(xml).not.toMatch(/access_key/);
  });

  it("archives a day before its rows go, for every table of traces", () => {
    const sql = retentionSql({ archiveUrl: "https://storage.googleapis.com/archive", retentionDays: 90 });
    for (const table of ["traces", "observations", "scores", "events_full", "events_core"]) {
      expect(sql).toContain(`https://storage.googleapis.com/archive/${table}/`);
      expect(sql).toMatch(new RegExp(`ALTER TABLE ${table} DELETE WHERE .* <= today\\(\\) - 90`));
    }
    expect(sql).toContain("today() - 83");
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
    const start = file("/opt/tollgate/start.sh");
    expect(start).toContain("gcloud secrets versions access 2 --secret=agent-key");
    expect(start).toContain("gs://project-config/machine/abc");
    expect(start).toContain("--profile phase-1 --profile phase-2 up");
    expect(start).not.toContain("phase-3");
  });

  it("keeps containers' data on the data disk", () => {
    expect(file("/etc/docker/daemon.json")).toContain("/mnt/tollgate/docker");
    expect(file("/opt/tollgate/env")).toContain("TOLLGATE_SECRETS=/run/tollgate/secrets");
  });
});

describe("the database's roles", () => {
  const sql = databaseRolesSql();

  it("are each made with a password of their own, and may be made again", () => {
    for (const name of roleNames) {
      expect(sql).toContain(`SELECT 'CREATE ROLE ${name} LOGIN' WHERE NOT EXISTS`);
      expect(sql).toContain(`ALTER ROLE ${name} LOGIN PASSWORD :'${name}_password';`);
    }
    const passwords = Object.fromEntries(roleNames.map((role) => [role, `p-${role}`]));
    expect(passwordVariables(passwords as Parameters<typeof passwordVariables>[0])).toContain(
      "\\set grafana_password p-grafana\n",
    );
  });

  it("reach their own database only", () => {
    expect(sql.match(/REVOKE ALL ON DATABASE \w+ FROM PUBLIC;/g)).toHaveLength(3);
    expect(sql).not.toMatch(/GRANT CONNECT ON DATABASE (langfuse|grafana) TO ledger_/);
    expect(sql).not.toMatch(/SUPERUSER|cloudsqlsuperuser/);
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
