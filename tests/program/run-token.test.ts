import * as pulumi from "@pulumi/pulumi";
import { RunJob, type RunJobArgs } from "../../components/run/job";

const tokens: unknown[] = [];
beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      if (type === "gcp:cloudrunv2/job:Job") tokens.push((inputs as RunToken).runExecutionToken);
      return { id: name, state: inputs as object };
    },
    call: () => ({}),
  }),
);

interface RunToken {
  runExecutionToken?: string;
}

const secret = (version: string) => ({ id: pulumi.output("password"), version: pulumi.output(version) });
const ROLES = {
  project: "acme-dev",
  region: "europe-west1",
  labels: {},
  image: "image@sha256:0",
  serviceAccount: "roles@acme-dev.iam.gserviceaccount.com",
  networkId: "network",
  subnetworkId: "subnetwork",
  applies: "roles",
  env: { PGHOST: "10.0.0.2" },
  secretEnv: { PGPASSWORD: secret("1") },
} as unknown as RunJobArgs;

/** A database that was restored has no roles, and a changed password is not the roles': the job that makes them has to run again. */
it("a job runs again when a password, the database's address or what it applies is another", async () => {
  const changes = [
    {},
    {},
    { secretEnv: { PGPASSWORD: secret("2") } },
    { env: { PGHOST: "10.0.0.3" } },
    { applies: "more" },
  ];
  for (const [at, change] of changes.entries())
    new RunJob(`job-${at}`, { ...ROLES, ...change } as RunJobArgs);
  await new Promise((resolve) => setImmediate(resolve));
  while (tokens.length < changes.length) await new Promise((resolve) => setTimeout(resolve, 10));
  const [first, again, ...others] = tokens;
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  expect(again).toBe(first);
  expect(new Set([first, ...others]).size).toBe(4);
});
