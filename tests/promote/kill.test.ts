import type { Options } from "../../ops/promote/command";
import { hasEnded } from "../../ops/promote/record";
import { writeWhole } from "../../ops/promote/write-whole";
import type * as WriteWhole from "../../ops/promote/write-whole";
import { CloudRunStandIn } from "../support/cloud-run";
import type * as PlannedOnce from "./planned-once";
import { Killed, Killer } from "./crash";
import { checkout, NEW, OLD, World } from "./world";

jest.mock("../../infra/plan", () => jest.requireActual<typeof PlannedOnce>("./planned-once").plannedOnce());
jest.mock("../../policies/judge-plan", () =>
  jest.requireActual<typeof PlannedOnce>("./planned-once").judgedOnce(),
);
jest.mock("../../ops/promote/write-whole");

const killer = new Killer();
const real = jest.requireActual<typeof WriteWhole>("../../ops/promote/write-whole");
jest.mocked(writeWhole).mockImplementation((path, text) => {
  killer.alive();
  real.writeWhole(path, text);
  killer.effect();
});

const dev = new CloudRunStandIn();
const prod = new CloudRunStandIn();
let template: string;
let kills = 0;

beforeAll(async () => {
  await Promise.all([dev.start(), prod.start()]);
  template = checkout();
});
afterAll(async () => {
  console.log(`killed after ${kills} effects`);
  await Promise.all([dev.stop(), prod.stop()]);
});

interface Story {
  prepare?: (world: World) => Promise<unknown>;
  options: Partial<Options>;
  setUp?: (world: World) => void;
}

async function began({ prepare, setUp }: Story): Promise<World> {
  killer.reset();
  const world = new World(dev, prod, template);
  await prepare?.(world);
  setUp?.(world);
  world.wrap = (port) => killer.watch(port);
  world.updated = () => killer.effect();
  killer.reset();
  return world;
}

/** Kills the story after each of its effects, one after the other, runs it again, and looks at what came of it. */
async function killEverywhere(story: Story, least: number, check: (world: World) => void): Promise<void> {
  const undisturbed = await began(story);
  await undisturbed.promote(story.options);
  const count = killer.seen;
  check(undisturbed);
  undisturbed.remove();
  expect(count).toBeGreaterThanOrEqual(least);

  for (let at = 1; at <= count; at += 1) {
    const world = await began(story);
    const { id, state } = world.last;
    killer.reset(at);
    await expect(world.promote(story.options)).rejects.toThrow(Killed);
    killer.reset();
    try {
      const ended = hasEnded(world.last) && (world.last.id !== id || world.last.state !== state);
      if (!ended) await world.promote(story.options);
      check(world);
    } catch (error) {
      throw new Error(`killed after effect ${at} of ${count}: ${(error as Error).message}`, { cause: error });
    }
    world.remove();
    kills += 1;
  }
}

describe("killed after any effect and run again", () => {
  it(
    "a promotion is done",
    () => killEverywhere({ options: { apply: true } }, 20, (world) => world.expectAt(NEW, "done")),
    300_000,
  );

  it(
    "a promotion with a bad release is rolled back",
    () =>
      killEverywhere(
        {
          options: { apply: true },
          setUp: (world) => (world.findings = (percent) => (percent === 25 ? ["bad"] : [])),
        },
        10,
        (world) => world.expectAt(OLD, "rolled-back"),
      ),
    300_000,
  );

  it(
    "a promotion whose revisions do not start is rolled back",
    () =>
      killEverywhere(
        {
          options: { apply: true },
          setUp: ({ prod: { project } }) =>
            (project.startsReady = (id) => id !== "tollgate-agent" || project.newest(id).endsWith("2")),
        },
        10,
        (world) => world.expectAt(OLD, "rolled-back"),
      ),
    300_000,
  );

  it(
    "a promotion that is only prepared is prepared",
    () =>
      killEverywhere({ options: {} }, 2, (world) => {
        expect(world.last).toMatchObject({ state: "prepared", before: OLD, after: NEW });
        expect(world.stackFile.release()).toEqual(NEW);
        expect(world.record.all()).toHaveLength(2);
      }),
    300_000,
  );

  it("a way back from a finished promotion ends there", async () => {
    const story = {
      prepare: (world: World) => world.promote({ apply: true }),
      options: { rollback: true },
    };
    await killEverywhere(story, 10, (world) => world.expectAt(OLD, "rolled-back"));
  }, 300_000);
});
