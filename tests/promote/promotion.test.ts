import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CloudRun } from "../../ops/promote/cloud-run";
import { exitCode } from "../../ops/promote/command";
import { CloudRunStandIn } from "../support/cloud-run";
import type * as PlannedOnce from "./planned-once";
import { checkout, commitAll, digest, HASH, NEW, OLD, templates, World } from "./world";

jest.mock("../../infra/plan", () => jest.requireActual<typeof PlannedOnce>("./planned-once").plannedOnce());
jest.mock("../../policies/judge-plan", () =>
  jest.requireActual<typeof PlannedOnce>("./planned-once").judgedOnce(),
);

const dev = new CloudRunStandIn();
const prod = new CloudRunStandIn();
let template: string;
let world: World;

beforeAll(async () => {
  await Promise.all([dev.start(), prod.start()]);
  template = checkout();
});
afterAll(() => Promise.all([dev.stop(), prod.stop()]));
beforeEach(() => {
  world = new World(dev, prod, template);
});
afterEach(() => world.remove());

describe("a promotion", () => {
  it("without --apply writes the release and the record, and leaves the cloud alone", async () => {
    const promotion = await world.promote();
    expect(promotion).toMatchObject({ state: "prepared", before: OLD, after: NEW });
    expect(world.stackFile.release()).toEqual(NEW);
    expect(readFileSync(world.stackFile.path, "utf8")).toContain(
      "# Prod runs the images that dev has proven",
    );
    expect(world.last).toEqual(promotion);
    expect(prod.calls).toEqual([]);
    expect(world.proposal!.violations.filter(({ level }) => level === "mandatory")).toEqual([]);
    expect(world.proposal!.differences.length).toBeGreaterThan(0);
    // New digests of the same containers cost what the old ones did.
    const { before, after } = world.proposal!.cost;
    expect(before).toBeGreaterThan(0);
    expect(after).toBe(before);
    expect(exitCode(promotion, { from: "dev", to: "prod" })).toBe(0);
  });

  it("with --apply moves the traffic 5, 25, 100 % past the gate at each", async () => {
    const gates: number[] = [];
    world.findings = (percent) => (gates.push(percent), []);
    const promotion = await world.promote({ apply: true });
    expect(gates).toEqual([0, 5, 25, 100]);
    expect(world.shares()).toEqual([5, 25, 100]);
    expect(promotion).toMatchObject({
      state: "done",
      percent: 100,
      services: {
        agent: { old: "tollgate-agent-00001", new: "tollgate-agent-00002" },
        gateway: { old: "tollgate-gateway-00001", new: "tollgate-gateway-00002" },
      },
    });
    world.expectAt(NEW, "done");
    expect(exitCode(promotion, { from: "dev", to: "prod" })).toBe(0);
  });

  it("goes on from what was prepared and committed", async () => {
    await world.promote();
    commitAll(world.root);
    const { id } = world.last;
    await world.promote({ apply: true });
    expect(world.record.all()).toHaveLength(2);
    expect(world.last.id).toBe(id);
    world.expectAt(NEW, "done");
  });

  it("replaces what was prepared when dev has proven something newer", async () => {
    await world.promote();
    const newer = { ...NEW, images: { ...NEW.images, agent: digest("f") } };
    for (const [id, each] of Object.entries(templates(newer))) dev.project.deploy(id, each);
    const promotion = await world.promote();
    expect(promotion).toMatchObject({ before: OLD, after: newer });
    expect(world.record.all()).toHaveLength(2);
    expect(world.stackFile.release()).toEqual(newer);
  });

  it("moves only the services that an update changed", async () => {
    const onlyAgent = { ...NEW, images: { ...NEW.images, gateway: OLD.images.gateway! } };
    for (const [id, each] of Object.entries(templates(onlyAgent))) dev.project.deploy(id, each);
    await world.promote({ apply: true });
    expect(prod.project.shifts.map(({ service }) => service)).not.toContain("tollgate-gateway");
    expect(world.last.services).toEqual({
      agent: { old: "tollgate-agent-00001", new: "tollgate-agent-00002" },
      gateway: { old: "tollgate-gateway-00001" },
    });
    world.expectAt(onlyAgent, "done");
  });

  it("has nothing to do when prod names the release already", async () => {
    await world.promote({ apply: true });
    commitAll(world.root);
    const calls = prod.calls.length;
    expect(await world.promote({ apply: true })).toBeUndefined();
    expect(world.said.at(-1)).toBe("prod names this release already");
    expect(prod.calls).toHaveLength(calls);
    expect(exitCode(undefined, { from: "dev", to: "prod" })).toBe(0);
  });
});

describe("what is not promoted", () => {
  const refused = async (message: string | RegExp, options = {}) => {
    const file = readFileSync(world.stackFile.path, "utf8");
    const record = readFileSync(world.record.path, "utf8");
    await expect(world.promote({ apply: true, ...options })).rejects.toThrow(message);
    expect(readFileSync(world.stackFile.path, "utf8")).toBe(file);
    expect(readFileSync(world.record.path, "utf8")).toBe(record);
    expect(prod.calls.filter((call) => call.startsWith("PATCH"))).toEqual([]);
  };
  const unhealthy = (finding: string) =>
    refused(`dev is not healthy, so nothing of it is promoted:\n  ${finding}`);
  const image = (name: string, letter: string) => `registry/${name}@${digest(letter)}`;

  it("an environment to itself", () =>
    refused('--from and --to are both "prod": name two environments', { from: "prod" }));

  it("a service that is not there", () => {
    dev.project.remove("tollgate-agent");
    return unhealthy("agent does not run: `pulumi up -s dev`");
  });

  it("a service whose newest revision does not start", () => {
    dev.project.startsReady = () => false;
    dev.project.deploy("tollgate-agent", { image: image("agent", "9") });
    return unhealthy("agent is not ready (Revision tollgate-agent-00002 is not ready): see its logs");
  });

  it("a half rolled out service", () => {
    dev.project.deploy("tollgate-agent", { image: image("agent", "9") }, "tollgate-agent-00001");
    return unhealthy("agent serves tollgate-agent-00002 only 0 % of its traffic: finish its rollout");
  });

  it("a revision that is not ready", () => {
    const client = world.dependencies().cloudRun("dev");
    const cloudRun = () => ({
      ...methodsOf(client),
      revision: async (service: string, name: string) => ({
        ...(await client.revision(service, name)),
        ...(service === "agent" ? { ready: false, reason: "out of memory" } : {}),
      }),
    });
    return expect(world.promote({}, { cloudRun })).rejects.toThrow(
      "agent's revision tollgate-agent-00001 is not ready (out of memory): see its logs",
    );
  });

  it("an image by tag", () => {
    dev.project.deploy("tollgate-gateway", { image: "registry/gateway:latest", folder: `gateway/${HASH}` });
    return unhealthy(
      "gateway's revision tollgate-gateway-00002 runs gateway not by digest: deploy it with this program",
    );
  });

  it("two digests of one image", () => {
    dev.project.deploy("tollgate-ledger-exporter", { image: image("agent", "9") });
    return unhealthy(
      "ledger-exporter runs another digest of agent than the services before it: `pulumi up -s dev`",
    );
  });

  it("a gateway without its configuration", () => {
    dev.project.deploy("tollgate-gateway", { image: image("gateway", "e") });
    return unhealthy("gateway mounts no configuration folder: deploy it with this program");
  });

  it("everything that is wrong, at once", () => {
    dev.project.remove("tollgate-agent");
    dev.project.deploy("tollgate-gateway", { image: "registry/gateway:latest" });
    return unhealthy(
      [
        "agent does not run: `pulumi up -s dev`",
        "gateway's revision tollgate-gateway-00002 runs gateway not by digest: deploy it with this program",
        "gateway mounts no configuration folder: deploy it with this program",
      ].join("\n  "),
    );
  });

  it("other definitions than dev runs", () => {
    dev.project.deploy("tollgate-gateway", { image: image("gateway", "e"), folder: "gateway/0123456789ab" });
    return refused(
      `dev runs the definitions 0123456789ab, and this commit's are ${HASH}: \`pulumi up -s dev\` first, or check out the commit that runs there`,
    );
  });

  it("a changed work tree", () => {
    writeFileSync(join(world.root, "new.ts"), "");
    writeFileSync(join(world.root, "Pulumi.dev.yaml"), "config: {}\n");
    return refused(/The work tree has 2 changes \(Pulumi.dev.yaml, new.ts\): commit or remove them/);
  });

  it("a violated mandatory policy", () => {
    const path = world.stackFile.path;
    writeFileSync(
      path,
      `${readFileSync(path, "utf8")}  tollgate:tiers:\n    tier_1:\n      monthlyBudget: "20"\n`,
    );
    return refused(
      /prod would violate mandatory policies:\n {2}budget-share-of-price: tier_1's budget \$20\.00 is over 20 %/,
    );
  });

  it("a release in the stack's file that no promotion wrote", () => {
    world.stackFile.writeRelease({ ...OLD, images: { ...OLD.images, agent: digest("7") } });
    return refused(/Pulumi.prod.yaml names a release that no promotion wrote: restore it \(git checkout\)/);
  });

  it("a release that was edited after it was prepared", async () => {
    await world.promote();
    world.stackFile.writeRelease({ ...NEW, images: { ...NEW.images, agent: digest("7") } });
    await refused(/names a release that no promotion wrote/);
  });

  it("an environment that was never deployed, until it is", async () => {
    for (const id of ["agent", "gateway", "ledger-exporter"]) prod.project.remove(`tollgate-${id}`);
    await expect(world.promote({ apply: true })).rejects.toThrow(
      "gateway does not run in this environment: `pulumi up` it once before promoting to it",
    );
    await world.up();
    expect(await world.promote({ apply: true })).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });
});

function methodsOf(client: CloudRun) {
  return {
    services: client.services.bind(client),
    setTraffic: client.setTraffic.bind(client),
    setLock: client.setLock.bind(client),
  };
}
