import { stringify } from "yaml";
import { DATA_DISK_SCRIPT, dataDiskScript, START_UPDATES, updateFiles } from "../machine";
import { retentionSql } from "./retention";

export interface ClickHouseMachine {
  /** ClickHouse's image, by digest. */
  image: string;
  /** Host of the registry that the machine signs in to, such as `europe-west1-docker.pkg.dev`. */
  registryHost: string;
  project: string;
  user: string;
  /** Secret Manager's name of the user's password, and its version. */
  passwordSecret: string;
  passwordVersion: string;
  archiveBucket: string;
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
/**
 * The cloud-config of the machine (Container-Optimized OS): runs ClickHouse under systemd on the data disk and
 * not without it, restarts it when it stops answering, and once a day archives the oldest day and sets the tables' TTL.
 *
 * Langfuse makes its tables itself, so this comes from outside.
 */
export function clickHouseCloudConfig(machine: ClickHouseMachine): string {
  const files = [
    ...Object.entries(machine.configFiles).map(([name, content]) =>
      file(`/etc/clickhouse/config.d/${name}`, content),
    ),
    file("/etc/clickhouse/fetch-password.sh", fetchPassword(machine), "0700"),
    file(
      "/etc/clickhouse/retention.sql",
      retentionSql({
        archiveUrl: `https://storage.googleapis.com/${machine.archiveBucket}`,
        retentionDays: machine.retentionDays,
      }),
    ),
    dataDiskScript({ deviceName: DATA_DEVICE, folder: DATA }),
    file("/etc/clickhouse/open-ports.sh", openPorts(machine), "0755"),
    ...updateFiles(),
    file("/etc/systemd/system/clickhouse.service", clickhouseUnit(machine)),
    file("/etc/systemd/system/clickhouse-health.service", healthUnit(machine)),
    file(
      "/etc/systemd/system/clickhouse-health.timer",
      timer("every minute", "OnUnitActiveSec=60\nOnBootSec=300"),
    ),
    file("/etc/systemd/system/clickhouse-retention.service", retentionUnit(machine)),
    file(
      "/etc/systemd/system/clickhouse-retention.timer",
      timer("daily", "OnCalendar=*-*-* 03:30:00\nPersistent=true"),
    ),
  ];
  const config = {
    write_files: files,
    runcmd: [
      "systemctl daemon-reload",
      "systemctl start clickhouse.service",
      "systemctl start clickhouse-health.timer clickhouse-retention.timer",
      START_UPDATES,
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

function file(path: string, content: string, permissions = "0644") {
  return { path, permissions, owner: "root:root", content };
}

/** Container-Optimized OS drops what comes in, but for SSH: https://cloud.google.com/container-optimized-os/docs/how-to/firewall */
function openPorts({ ports }: ClickHouseMachine): string {
  const rule = (action: string, port: number) =>
    `iptables -w ${action} INPUT -p tcp --dport ${port} -j ACCEPT`;
  return [
    "#!/bin/bash",
    "set -euo pipefail",
    ...ports.map((port) => `${rule("-C", port)} 2> /dev/null || ${rule("-A", port)}`),
    "",
  ].join("\n");
}

/** The password reaches the machine over its own identity, never through metadata. */
function fetchPassword({ project, passwordSecret, passwordVersion, user }: ClickHouseMachine): string {
  const metadata =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
  const secret = `https://secretmanager.googleapis.com/v1/projects/${project}/secrets/${passwordSecret}/versions/${passwordVersion}:access`;
  return [
    "#!/bin/bash",
    "set -euo pipefail",
    "umask 077",
    `token=$(curl -fsS -H 'Metadata-Flavor: Google' ${metadata} | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')`,
    `password=$(curl -fsS -H "Authorization: Bearer $token" ${secret} | tr -d ' \\n' | sed -E 's/.*"data":"([^"]+)".*/\\1/' | base64 -d)`,
    "mkdir -p /run/clickhouse",
    `printf 'CLICKHOUSE_USER=%s\\nCLICKHOUSE_PASSWORD=%s\\nCLICKHOUSE_DB=default\\n' '${user}' "$password" > /run/clickhouse/env`,
    "",
  ].join("\n");
}

function clickhouseUnit({ image, registryHost, memoryMiB, configFiles }: ClickHouseMachine): string {
  return unit({
    description: "ClickHouse",
    after: "network-online.target docker.service",
    service: [
      "Environment=HOME=/home/chronos",
      `ExecStartPre=/bin/bash ${DATA_DISK_SCRIPT}`,
      // The image's own user.
      `ExecStartPre=/bin/chown 101:101 ${DATA}`,
      "ExecStartPre=/bin/bash /etc/clickhouse/open-ports.sh",
      `ExecStartPre=/usr/bin/docker-credential-gcr configure-docker --registries=${registryHost}`,
      "ExecStartPre=/bin/bash /etc/clickhouse/fetch-password.sh",
      "ExecStartPre=-/usr/bin/docker rm -f clickhouse",
      [
        "ExecStart=/usr/bin/docker run --rm --name clickhouse --network host --env-file /run/clickhouse/env",
        `--memory ${memoryMiB}m --ulimit nofile=262144:262144`,
        `-v ${DATA}:/var/lib/clickhouse`,
        // File by file: the image has files of its own there, and ClickHouse reads no subfolders.
        ...Object.keys(configFiles).map(
          (name) => `-v /etc/clickhouse/config.d/${name}:/etc/clickhouse-server/config.d/${name}:ro`,
        ),
        image,
      ].join(" "),
      "ExecStop=/usr/bin/docker stop -t 60 clickhouse",
      "Restart=always",
      "RestartSec=5",
    ],
  });
}

function healthUnit({ httpPort }: ClickHouseMachine): string {
  const ping = `curl -fsS --max-time 10 http://127.0.0.1:${httpPort}/ping`;
  return unit({
    description: "Restart ClickHouse when it does not answer three times in a row",
    service: [
      "Type=oneshot",
      `ExecStart=/bin/bash -c '${ping} || (sleep 10; ${ping}) || (sleep 10; ${ping}) || systemctl restart clickhouse.service'`,
    ],
  });
}

function retentionUnit({ user }: ClickHouseMachine): string {
  const client = `clickhouse-client --user ${user} --password "$CLICKHOUSE_PASSWORD" --multiquery`;
  return unit({
    description: "Archive old traces and delete what is past its time",
    service: [
      "Type=oneshot",
      "EnvironmentFile=/run/clickhouse/env",
      `ExecStart=/bin/bash -c 'docker exec -i -e CLICKHOUSE_PASSWORD clickhouse bash -c "${client.replaceAll('"', '\\"').replaceAll("$", "\\$")}" < /etc/clickhouse/retention.sql'`,
    ],
  });
}

function unit({
  description,
  after,
  service,
}: {
  description: string;
  after?: string;
  service: string[];
}): string {
  return [
    "[Unit]",
    `Description=${description}`,
    ...(after ? [`After=${after}`, "Wants=network-online.target"] : []),
    "",
    "[Service]",
    ...service,
    "",
  ].join("\n");
}

function timer(description: string, when: string): string {
  return `[Unit]\nDescription=ClickHouse, ${description}\n\n[Timer]\n${when}\n`;
}
