import { committedComposeFile } from "./support";
import { catalogue } from "../../catalogue";

/** The design's estimates: MB, vCPU, GB of disk. */
const ESTIMATE: Record<string, [number, number, number]> = {
  agent: [512, 0.5, 0],
  gateway: [512, 0.5, 0],
  "langfuse-web": [512, 0.5, 0],
  "langfuse-worker": [256, 0.25, 0],
  postgres: [512, 0.5, 10],
  clickhouse: [1024, 0.5, 20],
  redis: [256, 0.25, 0],
  prometheus: [512, 0.25, 10],
  loki: [512, 0.25, 10],
  alloy: [128, 0.1, 0],
  grafana: [256, 0.25, 1],
};
/** MB where a measurement contradicts the estimate; the catalogue notes each measurement. */
const MEASURED: Record<string, number> = {
  gateway: 1024,
  "langfuse-web": 2048,
  "langfuse-worker": 768,
  alloy: 256,
};
/** Redis keeps Langfuse's queue over a restart; nothing in the estimate did. */
const MORE_DISK: Record<string, number> = { redis: 1 };
/** An e2-standard-4, and what its system and Docker take of it. */
const MACHINE = { memoryMiB: 16 * 1024, system: 1024, vcpu: 4 };

const limits = Object.entries(committedComposeFile().services).map(([name, { deploy }]) => {
  const { memory, cpus } = deploy!.resources.limits;
  const disks = catalogue.find((each) => each.name === name)?.volumes ?? [];
  const disk = disks.reduce((sum, { diskGiB }) => sum + diskGiB, 0);
  return { name, memory: Number(memory.replace("M", "")), cpu: Number(cpus), disk };
});
const sum = (of: typeof limits) => ({
  memory: of.reduce((total, { memory }) => total + memory, 0),
  cpu: Math.round(of.reduce((total, { cpu }) => total + cpu, 0) * 100) / 100,
  disk: of.reduce((total, { disk }) => total + disk, 0),
});

describe("limits", () => {
  test.each(Object.entries(ESTIMATE))(
    "of %s are the estimate's, or what was measured",
    (name, [memory, cpu, disk]) => {
      const found = limits.find((each) => each.name === name);
      expect(found).toEqual({
        name,
        memory: MEASURED[name] ?? memory,
        cpu,
        disk: disk + (MORE_DISK[name] ?? 0),
      });
    },
  );

  test("of Node's heap stay below the container's memory", () => {
    const heaps = catalogue.flatMap(({ name, memoryMiB, env }) => {
      const heap = /--max-old-space-size=(\d+)/.exec(String(env.NODE_OPTIONS ?? ""))?.[1];
      return heap ? [{ name, heap: Number(heap), memoryMiB }] : [];
    });
    expect(heaps.map(({ name }) => name)).toEqual(["langfuse-web", "langfuse-worker"]);
    // Besides its heap, a Node process takes a quarter of its memory for code, stacks and buffers.
    for (const { name, heap, memoryMiB } of heaps)
      expect([name, heap <= memoryMiB * 0.75]).toEqual([name, true]);
  });

  test("together fit on one e2-standard-4", () => {
    const estimated = sum(limits.filter(({ name }) => name in ESTIMATE));
    const added = limits.filter(({ name }) => !(name in ESTIMATE));
    const all = sum(limits);
    console.info(
      [
        `the estimate's services: ${estimated.memory} MB as measured, ${estimated.cpu} vCPU, ${estimated.disk} GB of disk (about 5 GB, 3.5 vCPU, 51 GB)`,
        `added: ${added.map(({ name }) => name).join(", ")}: ${JSON.stringify(sum(added))}`,
        `all of phase 5: ${JSON.stringify(all)}`,
      ].join("\n"),
    );
    expect(estimated.memory).toBe(7680);
    expect(all.memory).toBeLessThanOrEqual(MACHINE.memoryMiB - MACHINE.system);
    // Limits are ceilings, not reservations: no single one may take the machine, and they may add up to more than it has.
    for (const { cpu } of limits) expect(cpu).toBeLessThanOrEqual(MACHINE.vcpu / 4);
  });
});
