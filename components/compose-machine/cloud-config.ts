import { environmentFile, machineConfig, nativeFiles, unitFiles } from "../machine";

/** The device name under which Google Cloud attaches the data disk. */
export const DATA_DEVICE = "tollgate-data";
const DATA = "/mnt/tollgate";

interface ComposeCloudConfig {
  project: string;
  registryHosts: string[];
  bucket: string;
  folder: string;
  env: Record<string, string>;
  secrets: Record<string, { id: string; version: string }>;
  phase: number;
}

/** Cloud-config that installs Docker with its data on the data disk, and starts Compose at every boot. */
export function composeCloudConfig({
  project,
  registryHosts,
  bucket,
  folder,
  env,
  secrets,
  phase,
}: ComposeCloudConfig): string {
  const versions = Object.entries(secrets).map(([name, { id, version }]) => `${name} ${id} ${version}\n`);
  const profiles = Array.from({ length: phase }, (_, at) => `phase-${at + 1}`);
  const variables = environmentFile("/opt/tollgate/env", {
    ...env,
    TOLLGATE_SECRETS: "/run/tollgate/secrets",
  });
  return machineConfig(
    { deviceName: DATA_DEVICE, folder: DATA },
    {
      PROJECT: project,
      REGISTRY_HOSTS: registryHosts.join(","),
      CONFIG_FOLDER: `${bucket}/${folder}`,
      COMPOSE_PROFILES: profiles.join(","),
    },
    {
      package_update: true,
      packages: ["docker.io", "docker-compose-v2"],
      // cloud-init runs anew for a changed configuration: the machine's keys stay.
      ssh_deletekeys: false,
      write_files: [
        ...nativeFiles(__dirname, [
          "/etc/systemd/system/docker.service.d/data-disk.conf",
          "/opt/tollgate/start.sh",
        ]),
        ...unitFiles(__dirname, ["tollgate.service"]),
        { path: "/opt/tollgate/secret-versions", content: versions.join(""), permissions: "0644" },
        { ...variables, permissions: "0600" },
        {
          path: "/etc/docker/daemon.json",
          permissions: "0644",
          content: `${JSON.stringify({ "data-root": `${DATA}/docker`, "log-driver": "local" })}\n`,
        },
      ],
      runcmd: [
        "systemctl restart docker",
        "systemctl enable tollgate.service",
        "systemctl restart tollgate.service",
      ],
    },
  );
}
