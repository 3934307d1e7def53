import { environmentFile, machineConfig, nativeFiles, unitFiles } from "../machine";

export interface ClickHouseMachine {
  /** ClickHouse's image, by digest. */
  image: string;
  /** Host of the registry that the machine signs in to, such as `europe-west1-docker.pkg.dev`. */
  registryHost: string;
  project: string;
  /** The server's environment: `CLICKHOUSE_USER`, `TRACE_ARCHIVE_URL` (ending in `/`) and what its files read. No password. */
  env: Record<string, string>;
  /** Secret Manager's name of the user's password, and its version. */
  passwordSecret: string;
  passwordVersion: string;
  /** Days that traces stay before they are deleted; the archive has a day's rows before that. */
  retentionDays: number;
  /** ClickHouse's configuration files by name, for `config.d/`. */
  configFiles: Record<string, string>;
  memoryMiB: number;
  /** Where it answers `/ping`. */
  httpPort: number;
  /** Every port that others in the network reach. */
  ports: number[];
}

/** The device name under which Google Cloud attaches the data disk. */
export const DATA_DEVICE = "clickhouse-data";
const DATA = "/mnt/disks/clickhouse";
const CONFIG = "/etc/clickhouse/config.d";

/**
 * The cloud-config of the machine (Container-Optimized OS): runs ClickHouse under systemd on the data disk and
 * not without it, restarts it when it stops answering, and once a day archives the oldest day and sets the tables' TTL.
 *
 * Langfuse makes its tables itself, so this comes from outside.
 */
export function clickHouseCloudConfig(machine: ClickHouseMachine): string {
  const { retentionDays, configFiles } = machine;
  // File by file: the image has its own files there, and ClickHouse does not read subfolders.
  const mounts = Object.keys(configFiles).map(
    (name) => `-v ${CONFIG}/${name}:/etc/clickhouse-server/config.d/${name}:ro`,
  );
  return machineConfig(
    { deviceName: DATA_DEVICE, folder: DATA },
    {
      IMAGE: machine.image,
      REGISTRY_HOST: machine.registryHost,
      PROJECT: machine.project,
      PASSWORD_SECRET: machine.passwordSecret,
      PASSWORD_VERSION: machine.passwordVersion,
      MEMORY_MIB: String(machine.memoryMiB),
      HTTP_PORT: String(machine.httpPort),
      PORTS: machine.ports.join(" "),
      CONFIG_MOUNTS: mounts.join(" "),
    },
    {
      write_files: [
        ...Object.entries(configFiles).map(([name, content]) => ({
          path: `${CONFIG}/${name}`,
          content,
          permissions: "0644",
        })),
        environmentFile("/etc/clickhouse/server.env", {
          ...machine.env,
          TRACE_RETENTION_DAYS: String(retentionDays),
        }),
        ...nativeFiles(
          __dirname,
          ["fetch-password.sh", "open-ports.sh", "health.sh", "retention.sh", "retention.sql"].map(
            (name) => `/etc/clickhouse/${name}`,
          ),
        ),
        ...unitFiles(__dirname, [
          "clickhouse.service",
          "clickhouse-health.service",
          "clickhouse-health.timer",
          "clickhouse-retention.service",
          "clickhouse-retention.timer",
        ]),
      ],
      runcmd: [
        "systemctl start clickhouse.service",
        "systemctl start clickhouse-health.timer clickhouse-retention.timer",
      ],
    },
  );
}
