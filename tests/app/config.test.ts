import { readConfig } from "../../app/config";

const complete = {
  TOLLGATE_GATEWAY_URL: "http://gateway:4000",
  TOLLGATE_AGENT_KEY: "agent-key",
  TOLLGATE_LEDGER_URL: "postgres://ledger_agent:hunter2@postgres:5432/ledger",
  TOLLGATE_ENVIRONMENT: "dev",
  TOLLGATE_DATA_SOURCE: "gcp",
};

test("reads the settings, with defaults", () => {
  expect(readConfig(complete)).toMatchObject({
    PORT: 8080,
    METRICS_PORT: 9464,
    HOST: "0.0.0.0",
    LOG_LEVEL: "info",
  });
});

test.each([
  [{ PORT: "eighty" }, /PORT \("eighty"\): .*must be a port number/],
  [
    { TOLLGATE_GATEWAY_URL: "gateway:4000" },
    /TOLLGATE_GATEWAY_URL \("gateway:4000"\): .*http:\/\/gateway:4000/,
  ],
  [{ TOLLGATE_AGENT_KEY: "" }, /TOLLGATE_AGENT_KEY \(\w+\): .*set the agent's key/],
  [{ TOLLGATE_ENVIRONMENT: "My stack" }, /TOLLGATE_ENVIRONMENT \("My stack"\): .*such as dev/],
  [{ TOLLGATE_TRACE_TEXTS: "some" }, /TOLLGATE_TRACE_TEXTS \("some"\): .*all or none/],
  [{ TOLLGATE_DATA_SOURCE: "aws" }, /TOLLGATE_DATA_SOURCE \("aws"\): .*sample or gcp/],
  [{ TOLLGATE_BILLING_DATASET: "a.b`" }, /TOLLGATE_BILLING_DATASET \("a\.b`"\): .*dataset id/],
  [{ LANGFUSE_HOST: "http://langfuse:3000" }, /LANGFUSE_SECRET_KEY \(unset\): .*or none/],
])("refuses %j and names variable, value and remedy", (over, message) => {
  expect(() => readConfig({ ...complete, ...over })).toThrow(message);
});

test("names every wrong variable at once", () => {
  expect(() => readConfig({})).toThrow(/TOLLGATE_GATEWAY_URL[^]*TOLLGATE_DATA_SOURCE/);
});

test("shows no secret", () => {
  const broken = { ...complete, TOLLGATE_LEDGER_URL: "mysql://ledger:hunter2@host/ledger" };
  expect(() => readConfig(broken)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
  );
});
