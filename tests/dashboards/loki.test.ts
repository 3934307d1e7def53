import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { lokiConfig, renderLokiFiles } from "../../dashboards/loki/config";
import { service } from "../../catalogue";
import { envOf } from "../../catalogue/target";
import { definitions } from "../../litellm-config";

interface Config {
  server: { http_listen_port: number };
  schema_config: { configs: { object_store: string; store: string; schema: string }[] };
  storage_config: Record<string, Record<string, string>>;
  compactor: { retention_enabled: boolean; delete_request_store: string };
  limits_config: { retention_period: string; reject_old_samples_max_age: string };
  common: { path_prefix: string };
}

describe.each(["filesystem", "gcs"] as const)("Loki on %s", (store) => {
  const text = lokiConfig(store);
  const config = parse(text) as Config;

  it("deletes what is older than the definitions say", () => {
    expect(config.limits_config.retention_period).toBe(`${definitions.retention.logs * 24}h`);
    expect(config.limits_config.retention_period).toBe("168h");
    // Without both, the compactor keeps everything for ever.
    expect(config.compactor).toMatchObject({ retention_enabled: true, delete_request_store: store });
  });

  it("loses no line over a replacement, and takes the backlog of hours", () => {
    const { ingester, common } = parse(text) as {
      ingester: { wal: { flush_on_shutdown: boolean }; max_chunk_age: string };
      common: { instance_addr: string };
    };
    expect(ingester.wal.flush_on_shutdown).toBe(true);
    expect(ingester.max_chunk_age).toBe("24h");
    expect(common.instance_addr).toBe("127.0.0.1");
  });

  it("keeps chunks and index in one store, which is configured", () => {
    expect(config.schema_config.configs).toEqual([
      expect.objectContaining({ object_store: store, store: "tsdb", schema: "v13" }),
    ]);
    expect(Object.keys(config.storage_config)).toEqual([store]);
  });

  it("listens where the catalogue says, writes to its volume, and reads only the environment that it is given", () => {
    expect(config.server.http_listen_port).toBe(service("loki").port);
    expect(config.common.path_prefix).toBe(service("loki").volumes![0]!.mountPath);
    const read = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!);
    const given = Object.keys(envOf(service("loki"), store === "gcs" ? "gcp" : "compose"));
    for (const name of read) expect(given).toContain(name);
    expect(read).toHaveLength(store === "gcs" ? 1 : 0);
  });
});

it("Compose's file is what is committed", () => {
  const committed = readFileSync(join(__dirname, "../../generated/loki/loki.yaml"), "utf8");
  expect(renderLokiFiles()).toEqual({ "loki/loki.yaml": committed });
});
