import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why scripts of a machine cannot be run here; undefined when they can. */
export function missingForMachine(): string | undefined {
  if (process.getuid?.() !== 0) return "root, to mount a disk";
  if (spawnSync("unshare", ["-m", "true"]).status !== 0) return "a mount namespace";
  if (spawnSync("losetup", ["-f"]).status !== 0) return "a loop device";
  return undefined;
}

export interface Ran {
  status: number;
  /** Standard output and error. */
  text: string;
  /** Calls of the stubbed programs, a line each. */
  calls: string[];
}

/**
 * A root of one test: a mount namespace in which `/mnt`, `/opt` and the disks' links are its own, with a data disk as a loop device,
 * and stubs for the programs that reach outside.
 */
export class MachineRoot {
  readonly folder = mkdtempSync(join(tmpdir(), "tollgate-machine-"));
  private readonly calls = join(this.folder, "calls");
  private readonly image = join(this.folder, "disk.img");
  private readonly device: string;

  constructor(private readonly deviceName: string) {
    for (const name of ["bin", "keep"]) mkdirSync(join(this.folder, name));
    writeFileSync(this.image, "");
    truncateSync(this.image, 64 * 2 ** 20);
    this.device = execFileSync("losetup", ["-f", "--show", this.image], { encoding: "utf8" }).trim();
  }

  /** A program that records its call, then runs this shell. */
  stub(name: string, shell = ""): void {
    const path = join(this.folder, "bin", name);
    writeFileSync(path, `#!/bin/bash\necho "${name} $*" >> ${this.calls}\n${shell}\n`);
    chmodSync(path, 0o755);
  }

  /**
   * Runs a script in the namespace.
   *
   * @param options.attached Whether the data disk is there. Default true.
   * @param options.then More shell, in the same namespace.
   */
  run(
    script: string,
    {
      attached = true,
      then = "",
      env = {},
    }: { attached?: boolean; then?: string; env?: Record<string, string> } = {},
  ): Ran {
    rmSync(this.calls, { force: true });
    const file = join(this.folder, "script");
    writeFileSync(file, script);
    const link = `ln -s ${this.device} /dev/disk/by-id/google-${this.deviceName}`;
    const shell = [
      "set -e",
      "mount -t tmpfs none /mnt; mount -t tmpfs none /opt; mkdir -p /dev/disk /run/tollgate",
      "mount -t tmpfs none /run/tollgate; mount -t tmpfs none /dev/disk; mkdir -p /dev/disk/by-id",
      ...(attached ? [link] : []),
      `export PATH=${join(this.folder, "bin")}:$PATH`,
      `bash ${file}`,
      then,
    ].join("\n");
    const { status, stdout, stderr } = spawnSync("unshare", ["-m", "bash", "-c", shell], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    return {
      status: status ?? 1,
      text: `${stdout}${stderr}`,
      calls: existsSync(this.calls) ? readFileSync(this.calls, "utf8").trim().split("\n") : [],
    };
  }

  remove(): void {
    spawnSync("losetup", ["-d", this.device]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
