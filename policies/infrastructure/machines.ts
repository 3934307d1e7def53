import { Instance } from "@pulumi/gcp/compute/instance";
import { onContainers } from "../deployed/containers";
import { ofType, type Rule } from "../rule";

export const vmHardened: Rule = {
  name: "vm-hardened",
  description:
    "VMs start verified and stay up, take no keys of the project, open no serial console and join one network.",
  severity: "high",
  remedy:
    "Set shieldedInstanceConfig, metadata block-project-ssh-keys, and no ssh-keys or serial-port-enable",
  checks: [
    ofType(Instance, ({ shieldedInstanceConfig = {}, metadata = {}, canIpForward, ...rest }) => {
      const shields = ["enableSecureBoot", "enableVtpm", "enableIntegrityMonitoring"] as const;
      const findings = shields
        .filter((shield) => shieldedInstanceConfig[shield] !== true)
        .map(
          (shield) => `shieldedInstanceConfig.${shield} is ${shieldedInstanceConfig[shield] ?? "not set"}`,
        );
      if (!isOn(metadata["block-project-ssh-keys"])) {
        findings.push(
          `metadata.block-project-ssh-keys is ${metadata["block-project-ssh-keys"] ?? "not set"}`,
        );
      }
      if ("enable-oslogin" in metadata && !isOn(metadata["enable-oslogin"])) {
        findings.push(`metadata.enable-oslogin is ${metadata["enable-oslogin"]}`);
      }
      if (metadata["ssh-keys"] || metadata.sshKeys) findings.push("metadata.ssh-keys admits keys");
      if (isOn(metadata["serial-port-enable"])) findings.push("metadata.serial-port-enable is on");
      if (isOn(metadata["enable-guest-attributes"])) findings.push("metadata.enable-guest-attributes is on");
      if ((rest.networkInterfaces ?? []).length > 1)
        findings.push("networkInterfaces joins a second network, which no firewall rule here guards");
      if (rest.scheduling?.preemptible === true || rest.scheduling?.provisioningModel === "SPOT")
        findings.push("scheduling lets Google stop it at any time");
      if ((rest.guestAccelerators ?? []).length > 0)
        findings.push("guestAccelerators asks for GPUs, which no estimate has");
      if (rest.desiredStatus !== undefined && rest.desiredStatus !== "RUNNING")
        findings.push(`desiredStatus is ${rest.desiredStatus}`);
      if (canIpForward === true) findings.push("canIpForward is true");
      return findings;
    }),
  ],
};

export const confined: Rule = {
  name: "containers-confined",
  description: "Containers on a machine stay in their confinement.",
  severity: "critical",
  remedy: "Take the option out of the Compose file",
  checks: onContainers(({ name, privileged }) =>
    privileged.map((option) => `Container ${name} runs with ${option}`),
  ),
};

function isOn(value: string | undefined): boolean {
  return /^(true|1|y|yes)$/i.test(value ?? "");
}
