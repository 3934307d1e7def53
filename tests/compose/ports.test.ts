import { ports } from "../../catalogue";

/** By so much every port of the catalogue is moved. */
const SHIFT = 1_000;

/** What a target renders, once with the catalogue's ports and once with all of them moved. */
async function rendered<T>(shift: number, render: () => Promise<T>): Promise<T> {
  const moved = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, port + shift]));
  let result: T | undefined;
  await jest.isolateModulesAsync(async () => {
    jest.doMock("../../catalogue/ports", () => ({ ports: moved }));
    result = await render();
  });
  return result!;
}

/** A text as it must be once every port in it has moved. */
function shifted(text: string, fixed: number[] = []): string {
  const known = new Set<number>(Object.values(ports).filter((port) => !fixed.includes(port)));
  return text.replace(/(?<![\d.])\d{4,5}(?![\d.]\d|\d)/g, (digits) =>
    known.has(Number(digits)) ? String(Number(digits) + SHIFT) : digits,
  );
}

interface Mention {
  name: string;
  port: number;
  /** Everything that the program of the service gets to read. */
  reads: string;
}

async function onCompose() {
  const { catalogue, isJob } = await import("../../catalogue");
  const { inputsOf, unitsOf } = await import("../../catalogue/target");
  const { composeFile, composeFolder } = await import("../../infra/compose");
  const { composeTarget } = await import("../../infra/compose/target");
  const folders: Record<string, Record<string, string>> = {
    prometheus: (await import("../../dashboards/prometheus")).renderPrometheusFiles(),
    loki: (await import("../../dashboards/loki/config")).renderLokiFiles(),
    tempo: (await import("../../infra/config-files/tempo")).renderTempoFiles(),
    grafana: (await import("../../dashboards/grafana")).renderGrafanaFiles(),
    clickhouse: composeFolder("clickhouse"),
    buckets: composeFolder("buckets"),
  };
  const file = composeFile();
  const mentions = unitsOf(composeTarget).flatMap((unit): Mention[] => {
    if (isJob(unit)) return [];
    const own = Object.values(unit.configFiles ?? {}).map((folder) => folders[folder] ?? {});
    const { command } = file.services[unit.name]!;
    const reads = JSON.stringify([inputsOf(unit, composeTarget), command, own]);
    const all = [...(unit.port === undefined ? [] : [unit.port]), ...Object.values(unit.extraPorts ?? {})];
    return all.map((port) => ({ name: unit.name, port, reads }));
  });
  return { text: JSON.stringify([file, folders], null, 1), mentions, services: catalogue.length };
}

async function onThisMachine() {
  const { isJob } = await import("../../catalogue");
  const { inputsOf, unitsOf } = await import("../../catalogue/target");
  const { localServices, machineOf } = await import("../../local/stack/services");
  const { localTarget, portsOf } = await import("../../local/target");
  const settings = {
    portOffset: 0,
    provider: { kind: "simulator" },
    gatewayWorkers: 1,
    secrets: { values: {} },
  };
  const machine = machineOf(settings as never);
  const target = localTarget({ ...machine, folders: {} });
  const units = unitsOf(target).map((unit) => ({ unit, inputs: inputsOf(unit, target) }));
  const programs = new Set(["agent", "gateway", "prometheus", "alertmanager"]);
  const mentions = units.flatMap(({ unit, inputs }): Mention[] =>
    isJob(unit) || !programs.has(unit.image)
      ? []
      : portsOf(unit, machine).map((port) => ({ name: unit.name, port, reads: JSON.stringify(inputs) })),
  );
  const services = localServices(settings as never).map(({ name, ports: taken }) => ({ name, taken }));
  return { text: JSON.stringify([units.map(({ inputs }) => inputs), services], null, 1), mentions };
}

async function onGoogleCloud() {
  const { plan, readStackFile } = await import("../../infra/plan");
  const settings = readStackFile("prod");
  settings.values["tollgate:tempo"] = "true";
  const { resources } = await plan("prod", settings);
  // It has prices, and some are as long as a port number.
  const others = resources.filter(({ name }) => !name.endsWith("/guard.json"));
  // Folders are named by their content.
  const text = JSON.stringify(others, null, 1).replace(/\b[0-9a-f]{12}\b/g, "hash");
  return { text };
}

describe.each([
  ["Compose", onCompose],
  ["this machine", onThisMachine],
])("every port moved, on %s", (_, target) => {
  test("moves in every address, probe, published port and argument, and nothing else changes", async () => {
    const [before, after] = [await rendered(0, target), await rendered(SHIFT, target)];
    expect(after.text).not.toBe(before.text);
    expect(after.text.split("\n")).toEqual(shifted(before.text).split("\n"));
  });

  test("reaches the program that listens there", async () => {
    const { mentions } = await rendered(SHIFT, target);
    expect(mentions.length).toBeGreaterThan(5);
    const silent = mentions.filter(({ port, reads }) => !new RegExp(`\\b${port}\\b`).test(reads));
    expect(silent.map(({ name, port }) => `${name} does not get port ${port}`)).toEqual([]);
  });
});

test("every port moved, on Google Cloud: addresses, probes and targets move, but Cloud SQL's", async () => {
  const [before, after] = [await rendered(0, onGoogleCloud), await rendered(SHIFT, onGoogleCloud)];
  expect(after.text).not.toBe(before.text);
  expect(after.text.split("\n")).toEqual(shifted(before.text, [ports.postgres]).split("\n"));
}, 300_000);
