import { exitCode } from "../../ops/promote/command";
import { ObservedHealth } from "../../ops/promote/health";
import type { Rollout } from "../../ops/promote/rollout";
import { watchFor } from "../../ops/promote/watch";
import { askPrometheus } from "../../ops/query/prometheus";
import { CloudRunStandIn } from "../support/cloud-run";
import type * as PlannedOnce from "./planned-once";
import { PrometheusStandIn } from "./prometheus-stand-in";
import { checkout, digest, NEW, OLD, World } from "./world";

jest.mock("../../infra/plan", () => jest.requireActual<typeof PlannedOnce>("./planned-once").plannedOnce());
jest.mock("../../policies/judge-plan", () =>
  jest.requireActual<typeof PlannedOnce>("./planned-once").judgedOnce(),
);

const dev = new CloudRunStandIn();
const prod = new CloudRunStandIn();
const prometheus = new PrometheusStandIn();
const options = { from: "dev", to: "prod" };
let template: string;
let world: World;

beforeAll(async () => {
  await Promise.all([dev.start(), prod.start(), prometheus.start()]);
  template = checkout();
});
afterAll(() => Promise.all([dev.stop(), prod.stop(), prometheus.stop()]));
beforeEach(() => {
  world = new World(dev, prod, template);
  prometheus.answer = () => [];
});
afterEach(() => world.remove());

/** With the gate that asks Cloud Run and Prometheus. */
const observed = (url = prometheus.url) => ({
  health: () => new ObservedHealth(prod.client(), (queries) => askPrometheus(queries, url, "Bearer token")),
});
const applied = (changes = {}) => world.promote({ apply: true }, changes);

describe("the health gate", () => {
  it("lets a healthy release through", async () => {
    expect(await applied(observed())).toMatchObject({ state: "done" });
    expect(prometheus.authorizations).toEqual(new Set(["Bearer token"]));
    world.expectAt(NEW, "done");
  });

  it("that is interrupted leaves the traffic where it is, and the promotion goes on later", async () => {
    const interrupted = new AbortController();
    const stop = () => interrupted.abort(new Error("Interrupted by SIGINT"));
    const watch: Rollout["watch"] = (look) => {
      if (world.percent === 25) setTimeout(stop, 1);
      return watchFor(world.percent === 25 ? 60_000 : 0, 60_000, interrupted.signal)(look);
    };
    await expect(applied({ watch, signal: interrupted.signal })).rejects.toThrow(
      /^Interrupted by SIGINT: promotion \w+ stopped at "shifting", 5 % of the traffic proven; go on with --apply, or --rollback$/,
    );
    expect([world.percent, world.last.state]).toEqual([25, "shifting"]);
    expect(await applied()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });

  it("is not asked about revisions that an interrupted update has left", async () => {
    const interrupted = new AbortController();
    const up = async () => {
      interrupted.abort(new Error("Interrupted by SIGINT"));
      prod.project.startsReady = () => false;
      return world.up();
    };
    await expect(applied({ engine: () => ({ up }), signal: interrupted.signal })).rejects.toThrow(
      /^Interrupted by SIGINT: promotion \w+ stopped at "pinned"/,
    );
    prod.project.startsReady = () => true;
    expect(world.last.reason).toBeUndefined();
  });

  it("sends a release back that fails at 25 %", async () => {
    prometheus.answer = (query) =>
      query.startsWith("tollgate:error_ratio:rate5m > 0.05 and") && world.percent >= 25
        ? [{ metric: { service: "agent" }, value: [0, "0.125"] }]
        : [];
    const promotion = await applied(observed());
    expect(world.shares()).toEqual([5, 25, 0, 0]);
    expect(promotion).toMatchObject({
      state: "rolled-back",
      percent: 5,
      reason: "at 25 %: agent: 12.5 % of the requests fail (at most 5 %)",
    });
    world.expectAt(OLD, "rolled-back");
    expect(exitCode(promotion, options)).toBe(3);
  });

  it("never gives the newest revision traffic again on the way back", async () => {
    world.findings = (percent) => (percent >= 25 ? ["bad"] : []);
    await applied();
    const served = prod.project.shifts.map(({ traffic }) => Object.keys(traffic).join());
    const back = served.slice(served.lastIndexOf("tollgate-agent-00002,tollgate-agent-00001") + 1);
    expect(back.join()).not.toMatch(/-00002$/);
    expect(served.at(-1)).toBe("tollgate-gateway-00003");
  });

  it.each<[string, string, string]>([
    [
      "tollgate:query_seconds:p95_5m > 10",
      "17.25",
      "the stack: the slowest 5 % of the answers take 17.3 s (at most 10 s)",
    ],
    ['absent(up{job="gateway"} == 1)', "1", "gateway: Prometheus has no metrics of it"],
  ])("sends a release back for %s", async (query, value, reason) => {
    prometheus.answer = (asked) => (asked === query ? [{ metric: {}, value: [0, value] }] : []);
    expect(await applied(observed())).toMatchObject({ state: "rolled-back", reason });
    world.expectAt(OLD, "rolled-back");
  });

  it("sends a release back when Prometheus does not answer", async () => {
    prometheus.answer = () => undefined;
    expect(await applied(observed())).toMatchObject({
      state: "rolled-back",
      reason: expect.stringMatching(/^Prometheus does not answer \(Prometheus answers 503 to /),
    });
    expect(await applied(observed("http://127.0.0.1:9"))).toMatchObject({ state: "rolled-back" });
    world.expectAt(OLD, "rolled-back");
  });

  it("sends a release back whose revision stops being ready", async () => {
    prometheus.answer = () => {
      if (world.percent === 5) prod.project.setReady("tollgate-gateway", "tollgate-gateway-00002", false);
      return [];
    };
    expect(
      await applied({
        ...observed(),
        watch: async (look: () => Promise<string[]>) => [...(await look()), ...(await look())],
      }),
    ).toMatchObject({
      state: "rolled-back",
      reason: expect.stringContaining(
        "at 5 %: gateway: tollgate-gateway-00002 is not ready (The user-provided container failed its startup probe)",
      ) as string,
    });
    world.expectAt(OLD, "rolled-back");
  });

  it("sends a release back that never becomes ready, without giving it traffic", async () => {
    prod.project.startsReady = (id) => id !== "tollgate-agent" || prod.project.newest(id).endsWith("2");
    const promotion = await applied();
    expect(promotion).toMatchObject({
      state: "rolled-back",
      reason: "agent: tollgate-agent-00002 is not ready (Revision tollgate-agent-00002 is not ready)",
    });
    expect(world.shares()).toEqual([0]);
    world.expectAt(OLD, "rolled-back");
    expect(exitCode(promotion, options)).toBe(3);
  });

  it("leaves a promotion to be run again when Pulumi fails for another reason", async () => {
    const broken = { engine: () => ({ up: () => Promise.reject(new Error("no such bucket")) }) };
    await expect(applied(broken)).rejects.toThrow("no such bucket");
    expect(world.last.state).toBe("pinned");
    expect(await applied()).toMatchObject({ state: "done" });
    world.expectAt(NEW, "done");
  });
});

describe("--rollback", () => {
  const back = () => world.promote({ rollback: true });

  it("takes a finished promotion back, and exits with 0", async () => {
    await applied();
    const promotion = await back();
    expect(promotion).toMatchObject({ state: "rolled-back", reason: "asked for by --rollback" });
    world.expectAt(OLD, "rolled-back");
    expect(exitCode(promotion, { ...options, rollback: true })).toBe(0);
  });

  it("takes one back that was only prepared, without an update", async () => {
    await world.promote();
    await back();
    expect(world.shares()).toEqual([]);
    world.expectAt(OLD, "rolled-back");
  });

  it("takes one back that stopped in the middle", async () => {
    const stop = { watch: () => Promise.reject(new Error("interrupted")) };
    await expect(applied(stop)).rejects.toThrow("interrupted");
    expect(world.shares()).toEqual([5]);
    await back();
    world.expectAt(OLD, "rolled-back");
  });

  it("works with a changed work tree: a way back waits for nothing", async () => {
    await applied();
    world.write("half-written.ts", "");
    await back();
    world.expectAt(OLD, "rolled-back");
  });

  it("has nothing to go back to twice", async () => {
    await applied();
    await back();
    await expect(back()).rejects.toThrow("prod has no promotion to go back from");
  });

  it("can be followed by the same promotion again", async () => {
    await applied();
    await back();
    expect(await applied()).toMatchObject({ state: "done", before: OLD, after: NEW });
    expect(world.record.all().map(({ state }) => state)).toEqual(["done", "rolled-back", "done"]);
    world.expectAt(NEW, "done");
  });
});

describe("an interrupted promotion", () => {
  beforeEach(async () => {
    const stop = { watch: () => Promise.reject(new Error("interrupted")) };
    await expect(applied(stop)).rejects.toThrow("interrupted");
  });

  it("goes on only when confirmed", () =>
    expect(world.promote()).rejects.toThrow(
      `Promotion ${world.last.id} stopped at "shifting": go on with --apply, or --rollback`,
    ));

  it("does not go on with a changed work tree", async () => {
    world.write("other.ts", "");
    await expect(applied()).rejects.toThrow("The work tree has 1 changes (other.ts): commit or remove them");
  });

  it("does not go on from another commit", async () => {
    world.write("other.ts", "");
    world.commit();
    await expect(applied()).rejects.toThrow(
      /and 1 files changed since \(other.ts\): check that commit out, or --rollback/,
    );
  });

  it("goes on when only its own files were committed", async () => {
    world.commit();
    expect(await applied()).toMatchObject({ state: "done" });
    expect(world.shares()).toEqual([5, 25, 100]);
  });

  it("does not deploy a release that was written into the stack's file", async () => {
    world.stackFile.writeRelease({ ...NEW, images: { ...NEW.images, agent: digest("7") } });
    await expect(applied()).rejects.toThrow(/names another release than the promotion: restore it/);
    expect(world.last.state).toBe("finishing");
    await world.promote({ rollback: true });
    world.expectAt(OLD, "rolled-back");
  });
});
