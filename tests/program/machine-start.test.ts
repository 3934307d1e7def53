import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { MachineRoot, missingForMachine } from "../support/machine-root";
import { DIGEST, Planned } from "./support/planned";

const VM = "gcp:compute/instance:Instance";
const MACHINES = { "cloud-run": "clickhouse", "gce-vm": "machine" } as const;
const DEPLOYMENTS = Object.keys(MACHINES) as (keyof typeof MACHINES)[];

const planOf = (deployment: string) =>
  Planned.of("dev", {
    "tollgate:deployment": deployment,
    "tollgate:images": JSON.stringify({ agent: DIGEST, gateway: DIGEST }),
  });
const componentFile = (path: string) => readFileSync(join(__dirname, "../../components", path), "utf8");
const userDataOf = async (deployment: keyof typeof MACHINES): Promise<string> =>
  (await planOf(deployment)).inputs(VM, MACHINES[deployment]).metadata["user-data"];

describe.each(DEPLOYMENTS)("the machine of %s", (deployment) => {
  it("is planned whole: no value is unknown, or an output where its text should be", async () => {
    const text = await userDataOf(deployment);
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(JSON.stringify((await planOf(deployment)).resources)).not.toContain("Calling [toString]");
  });

  const hasCloudInit = spawnSync("cloud-init", ["--version"]).status === 0;
  (hasCloudInit ? it : it.skip)("has a configuration that cloud-init's own schema accepts", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-cloud-init-"));
    try {
      writeFileSync(join(folder, "user-data"), await userDataOf(deployment));
      const { status, stdout, stderr } = spawnSync(
        "cloud-init",
        ["schema", "--config-file", join(folder, "user-data")],
        { encoding: "utf8" },
      );
      expect(`${stdout}${stderr}`).toContain("Valid");
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("boots an image that runs cloud-init", async () => {
    const { image } = (await planOf(deployment)).inputs(VM, MACHINES[deployment]).bootDisk.initializeParams;
    expect(image).toMatch(/^projects\/(cos-cloud|ubuntu-os-cloud)\//);
  });

  it("looks for a changed configuration, and mounts its disk by the same script", async () => {
    const config = parse(await userDataOf(deployment)) as {
      write_files: { path: string; content?: string }[];
      runcmd: string[];
    };
    const paths = config.write_files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["/etc/tollgate/data-disk.sh", "/etc/tollgate/update.sh"]));
    const { content = "" } = config.write_files.find(({ path }) => path.endsWith("tollgate-update.service"))!;
    expect(content).toContain("ExecStartPre=-/bin/bash /etc/tollgate/data-disk.sh");
    expect(config.runcmd).toContain("systemctl start tollgate-update.timer");
  });
});

const missing = missingForMachine();
if (missing) console.log(`Tests that run a machine's scripts are skipped: they need ${missing}`);
const withRoot = missing ? describe.skip : describe;

withRoot("the data disk", () => {
  const folder = "/mnt/disks/data";
  const env = { DATA_DEVICE: "the-data", DATA_FOLDER: folder };
  const content = componentFile("machine/data-disk.sh");
  let root: MachineRoot;
  beforeEach(() => (root = new MachineRoot("the-data")));
  afterEach(() => root.remove());

  it("is formatted when it is new, and keeps what is on it", () => {
    const first = root.run(content, { env, then: `echo kept > ${folder}/file` });
    expect(first).toMatchObject({ status: 0 });
    expect(root.run(content, { env, then: `cat ${folder}/file` }).text).toBe("kept\n");
  });

  it("is mounted once", () => {
    expect(
      root.run(content, { env, then: `bash ${root.folder}/script; grep -c ' ${folder} ' /proc/mounts` }),
    ).toEqual({
      status: 0,
      text: "1\n",
      calls: [],
    });
  });

  // The system call takes CAP_SYS_RESOURCE, which a sandbox may lack.
  it("is used whole after it was made larger, at a start and while it runs", () => {
    root.stub("resize2fs", "echo resize2fs 1.47.0 >&2");
    const ran = root.run(content, { env, then: `bash ${root.folder}/script` });
    const grown = "resize2fs /dev/disk/by-id/google-the-data";
    expect(ran).toEqual({ status: 0, text: "", calls: [grown, grown] });
  });

  it("starts when its file system cannot grow", () => {
    root.stub("resize2fs", "echo no room; exit 1");
    expect(root.run(content, { env })).toMatchObject({ status: 0, text: "no room\n" });
  });

  it("stops the start when it is not there", () => {
    root.stub("sleep");
    const ran = root.run(content, { env, attached: false, then: "echo started" });
    expect(ran.status).toBe(1);
    expect(ran.text).toContain("is not attached: nothing is started without it");
    expect(ran.text).not.toContain("started\n");
  });

  it("stops the start when it cannot be mounted", () => {
    root.stub("mount", '[[ $* == *discard* ]] && exit 32; exec /bin/mount "$@"');
    expect(root.run(content, { env }).status).toBe(32);
  });

  it("is not formatted when it cannot be read", () => {
    root.stub("blkid", "exit 4");
    root.stub("mkfs.ext4");
    const ran = root.run(content, { env });
    expect(ran.status).toBe(1);
    expect(ran.calls.join()).not.toContain("mkfs");
  });
});

withRoot("a changed configuration", () => {
  const content = componentFile("machine/update.sh");
  let root: MachineRoot;
  beforeEach(() => {
    root = new MachineRoot("unused");
    root.stub("cloud-init");
    root.stub("systemctl");
  });
  afterEach(() => root.remove());

  const run = (applied: string, wanted: string) => {
    writeFileSync(join(root.folder, "applied"), applied);
    writeFileSync(join(root.folder, "wanted"), wanted);
    root.stub("curl", `cat ${join(root.folder, "wanted")}`);
    const env = {
      APPLIED: join(root.folder, "applied"),
      RESTARTED_FOR: join(root.folder, "keep", "restarted-for"),
    };
    return root.run(content, { env });
  };

  it("restarts the machine once", () => {
    expect(run("one\n", "two\n").calls.slice(1)).toEqual(["cloud-init clean", "systemctl reboot"]);
    const again = run("one\n", "two\n");
    expect(again.status).toBe(1);
    expect(again.calls).toHaveLength(1);
    expect(run("two\n", "two\n")).toMatchObject({ status: 0 });
    expect(run("two\n", "three\n").calls.slice(1)).toEqual(["cloud-init clean", "systemctl reboot"]);
  });

  it("leaves a machine alone that has what it should, or cannot ask", () => {
    expect(run("one\n", "one\n").calls).toHaveLength(1);
    root.stub("curl", "exit 7");
    const env = { APPLIED: join(root.folder, "applied"), RESTARTED_FOR: join(root.folder, "keep", "r") };
    expect(root.run(content, { env }).calls).toHaveLength(1);
  });
});

withRoot("the start of each machine", () => {
  let root: MachineRoot;
  beforeEach(() => (root = new MachineRoot("tollgate-data")));
  afterEach(() => root.remove());

  const fileOf = async (deployment: keyof typeof MACHINES, path: string) =>
    (
      parse(await userDataOf(deployment)) as { write_files: { path: string; content: string }[] }
    ).write_files.find((file) => file.path === path)!.content;
  /** What systemd gives the scripts of a machine. */
  const environmentOf = async (deployment: keyof typeof MACHINES) =>
    Object.fromEntries(
      (await fileOf(deployment, "/etc/tollgate/machine.env"))
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ) as Record<string, string>;

  it("opens ClickHouse's ports where the system drops what comes in, once", async () => {
    root.stub("iptables", "[[ $* == *-C* ]] && exit 1; exit 0");
    const script = await fileOf("cloud-run", "/etc/clickhouse/open-ports.sh");
    const env = await environmentOf("cloud-run");
    const opened = root.run(script, { env }).calls.filter((call) => call.includes(" -A "));
    expect(opened).toEqual(
      [8123, 9000, 9363].map((port) => `iptables -w -A INPUT -p tcp --dport ${port} -j ACCEPT`),
    );
    root.stub("iptables");
    expect(root.run(script, { env }).calls.filter((call) => call.includes(" -A "))).toEqual([]);
  });

  const start = async () =>
    [
      "mkdir -p /opt/tollgate/generated/compose",
      `cat > /opt/tollgate/secret-versions <<'END'`,
      `${await fileOf("gce-vm", "/opt/tollgate/secret-versions")}END`,
      await fileOf("gce-vm", "/opt/tollgate/start.sh"),
    ].join("\n");

  it("fetches every secret by its version, then starts Compose", async () => {
    root.stub(
      "gcloud",
      `for word in "$@"; do [[ $word == --out-file=* ]] && echo value > "\${word#--out-file=}"; done; exit 0`,
    );
    root.stub("docker", 'echo "$COMPOSE_PROFILES"');
    const ran = root.run(await start(), {
      env: await environmentOf("gce-vm"),
      then: "stat -c %a /run/tollgate/secrets/agent-key",
    });
    expect(ran).toMatchObject({ status: 0, text: "phase-1,phase-2,phase-3,phase-4,phase-5\n444\n" });
    expect(ran.calls.at(-1)).toMatch(/^docker compose .*up --detach/);
    expect(ran.calls).toContainEqual(
      expect.stringMatching(/gcloud secrets versions access \d+ --secret=agent-key /),
    );
  });

  it("does not start Compose when a secret cannot be read", async () => {
    root.stub("gcloud", "[[ $1 == secrets ]] && exit 1; exit 0");
    root.stub("docker");
    const ran = root.run(await start(), { env: await environmentOf("gce-vm") });
    expect(ran.status).toBe(1);
    expect(ran.calls.join()).not.toContain("docker compose");
  });
});
