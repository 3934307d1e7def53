import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { frameOf, hasValues } from "../../../local/dashboards/frames";
import { askPrometheus } from "../../../local/dashboards/sources/prometheus";

let prometheus: Server;
let url: string;
let result: unknown[];
let asked: URLSearchParams;

beforeAll(async () => {
  prometheus = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      asked = new URLSearchParams(body);
      response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
    });
  });
  await new Promise<void>((resolve) => prometheus.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
});

afterAll(() => prometheus.close());

const query = (more: object) => ({
  refId: "A",
  datasource: { uid: "prometheus", type: "prometheus" },
  expr: "up",
  ...more,
});

describe("frames of Prometheus's answers", () => {
  it("name a series by its legend and keep what JSON cannot say", async () => {
    result = [
      {
        metric: { job: "agent" },
        values: [
          [1, "2"],
          [2, "NaN"],
          [3, "+Inf"],
        ],
      },
    ];
    const [frame] = await askPrometheus(query({ legendFormat: "{{job}} up" }), url, {
      seconds: 2,
      end: 3_000,
    });
    expect(frame!.schema.fields[1]).toMatchObject({
      labels: { job: "agent" },
      config: { displayNameFromDS: "agent up" },
    });
    expect(frame!.data.values).toEqual([
      [1000, 2000, 3000],
      [2, null, null],
    ]);
    expect(frame!.data.entities![1]).toEqual({ NaN: [1], Inf: [2], NegInf: [] });
  });

  it("name a series by what its labels say, whatever they look like", async () => {
    const odd = `{{other}} $& "q" \\ \n|`;
    result = [{ metric: { job: odd, other: "x" }, value: [1, "2"] }];
    const [frame] = await askPrometheus(query({ legendFormat: "{{job}} up", instant: true }), url, {
      seconds: 2,
    });
    expect(frame!.schema.fields[1]!.config).toEqual({ displayNameFromDS: `${odd} up` });
  });

  it("have nothing where a series was away, each for itself, so that an outage is a gap and not a line", async () => {
    const values = (times: number[]) => times.map((time) => [time, String(time)]);
    result = [
      { metric: { job: "agent" }, values: values([0, 15, 30, 45, 60]) },
      { metric: { job: "gateway" }, values: values([0, 15, 60]) },
    ];
    const frames = await askPrometheus(query({}), url, { seconds: 75, end: 75_000, step: 15 });
    expect(frames.map(({ data }) => data.values[1])).toEqual([
      [0, 15, 30, 45, 60, null],
      [0, 15, null, null, 60, null],
    ]);
  });

  it("start and end at multiples of the step", async () => {
    result = [];
    await askPrometheus(query({}), url, { seconds: 100, end: 1_007_000, step: 15 });
    expect([asked.get("start"), asked.get("end"), asked.get("step")]).toEqual(["900", "1005", "15"]);
  });

  it("are a table with a column a label where a table is asked for", async () => {
    result = [
      { metric: { alertname: "A" }, value: [1, "1"] },
      { metric: { alertname: "B", service: "x" }, value: [1, "1"] },
    ];
    const [frame] = await askPrometheus(query({ instant: true, format: "table" }), url, { seconds: 60 });
    expect(frame!.schema.fields.map(({ name }) => name)).toEqual(["Time", "alertname", "service", "Value"]);
    expect(frame!.data.values.slice(1, 3)).toEqual([
      ["A", "B"],
      ["", "x"],
    ]);
  });

  it("are buckets without those below them, in order", async () => {
    result = [
      ["+Inf", "9"],
      ["1", "4"],
      ["2", "7"],
    ].map(([le, value]) => ({ metric: { le }, value: [1, value] }));
    const frames = await askPrometheus(
      query({ instant: true, format: "heatmap", legendFormat: "{{le}}" }),
      url,
      { seconds: 60 },
    );
    expect(frames.map(({ schema, data }) => [schema.name, data.values[1]![0]])).toEqual([
      ["1", 4],
      ["2", 3],
      ["+Inf", 2],
    ]);
  });
});

describe("whether frames hold anything", () => {
  it.each([
    ["a number", [0], true],
    ["no number", [NaN, Infinity], false],
    ["nothing", [null], false],
  ])("%s", (_, values, expected) => {
    expect(
      hasValues([
        frameOf("A", [
          [{ name: "Time", type: "time" }, [1]],
          [{ name: "Value", type: "number" }, values],
        ]),
      ]),
    ).toBe(expected);
  });
});
