import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOCK_ANNOTATION } from "../../ops/promote/google";
import { lockCheckout } from "../../ops/promote/lock-file";
import { CloudRunStandIn, type Failure } from "../support/cloud-run";
import type * as PlannedOnce from "./planned-once";
import { checkout, NEW, OLD, World } from "./world";

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

const apply = (changes = {}, where = world) => where.promote({ apply: true }, changes);

describe("two promotions at once", () => {
  const lock = () => join(world.root, ".tollgate", "promote-prod.lock");

  it("in one checkout: the second is refused, and the first goes on", async () => {
    let second: unknown;
    const watch = async (look: () => Promise<string[]>) => {
      second ??= await apply().catch((error: Error) => error.message);
      return look();
    };
    expect(await apply({ watch })).toMatchObject({ state: "done" });
    expect(second).toContain(
      `A promotion runs here already (process ${process.pid}): wait for it, or stop it`,
    );
    world.expectAt(NEW, "done");
    expect(readdirSync(join(world.root, ".tollgate"))).toEqual([]);
  });

  it("in one checkout: what a killed process left is taken over", async () => {
    const child = spawn("true");
    await once(child, "exit");
    lockCheckout(lock())();
    writeFileSync(lock(), String(child.pid));
    expect(await apply()).toMatchObject({ state: "done" });
    expect(existsSync(lock())).toBe(false);
  });

  it("in two checkouts: the second is refused, and the first goes on", async () => {
    const other = copyOf(world);
    let second: unknown;
    const watch = async (look: () => Promise<string[]>) => {
      second ??= await apply({}, other).catch((error: Error) => error.message);
      return look();
    };
    expect(await apply({ watch })).toMatchObject({ state: "done" });
    expect(second).toContain(
      `Promotion ${world.last.id} has the environment: let it end, run it again where it was started, or remove the annotation tollgate.dev/promotion of the service tollgate-gateway when it is no longer running`,
    );
    expect(other.last.state).toBe("prepared");
    world.expectAt(NEW, "done");
    other.remove();
  });

  it("in two checkouts: one of two that begin in the same moment gets it", async () => {
    const other = copyOf(world);
    const ends = await Promise.allSettled([apply(), apply({}, other)]);
    const winners = ends.filter(({ status }) => status === "fulfilled");
    expect(winners).toHaveLength(1);
    const [winner, loser] = ends[0]!.status === "fulfilled" ? [world, other] : [other, world];
    expect(ends.find(({ status }) => status === "rejected")).toMatchObject({
      reason: {
        message: expect.stringContaining(`Promotion ${winner.last.id} has the environment`) as string,
      },
    });
    winner.expectAt(NEW, "done");
    expect(loser.last.state).toBe("prepared");
    other.remove();
  });

  it("stops when another promotion takes the lock", async () => {
    const watch = () => {
      prod.project.annotate("tollgate-gateway", { [LOCK_ANNOTATION]: "another" });
      return Promise.resolve([]);
    };
    await expect(apply({ watch })).rejects.toThrow("Promotion another has the environment");
    expect(world.percent).toBe(5);
    prod.project.annotate("tollgate-gateway", {});
    expect(await apply()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });

  it("takes over the note of a promotion that has ended", async () => {
    prod.project.annotate("tollgate-gateway", { [LOCK_ANNOTATION]: "00000000" });
    expect(await apply()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });

  it("keeps the service's other annotations", async () => {
    prod.project.annotate("tollgate-gateway", { owner: "platform" });
    await apply();
    expect(prod.project.annotations("tollgate-gateway")).toEqual({ owner: "platform" });
  });
});

describe("when Cloud Run's API fails", () => {
  it("waits for operations that take their time", async () => {
    prod.slowOperations = true;
    expect(await apply()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });

  it.each<[string, Failure]>([
    ["503", { status: 503 }],
    ["429", { status: 429 }],
    ["a broken connection", "reset"],
    ["a broken connection after the call was carried out", "reset-after"],
  ])("tries again after %s at every third call", async (_, failure) => {
    prod.fail = (_call, number) => (number % 3 === 0 ? failure : undefined);
    expect(await apply()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });

  it("tries again after no answer", async () => {
    let hung = 0;
    prod.fail = (call) => (call.startsWith("PATCH") && hung++ === 0 ? "hang" : undefined);
    const cloudRun = (stack: string) => (stack === "dev" ? dev.client() : prod.client(300));
    expect(await apply({ cloudRun })).toMatchObject({ state: "done" });
    expect(hung).toBeGreaterThan(1);
  });

  it("retries when the service was changed in between", async () => {
    let changed = 0;
    prod.fail = (call) => {
      if (call === "PATCH services/tollgate-agent" && changed++ === 0)
        prod.project.annotate("tollgate-agent", { by: "hand" });
      return undefined;
    };
    expect(await apply()).toMatchObject({ state: "done" });
    expect(prod.project.annotations("tollgate-agent")).toEqual({ by: "hand" });
  });

  it.each<[string, Failure, number, RegExp]>([
    ["stays away", { status: 503 }, 4, /^Cloud Run answers 503 \(stand-in\): try again later$/],
    ["refuses", { status: 403 }, 1, /^Cloud Run answers 403 \(stand-in\): ask for the permission$/],
    ["breaks every connection", "reset", 4, /^Cloud Run: .*socket hang up/],
  ])("gives up when it %s, and goes on when run again", async (_, failure, attempts, message) => {
    prod.fail = (call) => (call === "PATCH services/tollgate-agent" ? failure : undefined);
    await expect(apply()).rejects.toThrow(message);
    expect(world.last).toMatchObject({ state: "shifting", percent: 0 });
    expect(prod.calls.filter((call) => call === "PATCH services/tollgate-agent")).toHaveLength(attempts);
    prod.fail = () => undefined;
    expect(await apply()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });

  it("gives up while it rolls back, and goes on when run again", async () => {
    world.findings = (percent) => (percent === 5 ? ["bad"] : []);
    prod.fail = (call, _number) =>
      call.startsWith("PATCH") && world.last.state === "rolling-back" ? { status: 503 } : undefined;
    await expect(apply()).rejects.toThrow();
    expect(world.last).toMatchObject({ state: "rolling-back", reason: "at 5 %: bad" });
    prod.fail = () => undefined;
    expect(await apply()).toMatchObject({ state: "rolled-back", reason: "at 5 %: bad" });
    world.expectAt(OLD, "rolled-back");
  });
});

/** Another checkout of the same commit, for the same cloud. */
function copyOf(world: World): World {
  const { project: devProject } = dev;
  const { project: prodProject } = prod;
  const other = new World(dev, prod, template);
  dev.project = devProject;
  prod.project = prodProject;
  expect(other.root).not.toBe(world.root);
  return other;
}
