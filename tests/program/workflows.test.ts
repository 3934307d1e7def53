import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const FOLDER = join(__dirname, "..", "..", ".github", "workflows");

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { steps: { uses?: string; with?: Record<string, unknown> }[] }>;
}

describe.each(readdirSync(FOLDER))("%s", (name) => {
  const text = readFileSync(join(FOLDER, name), "utf8");
  const workflow = parse(text) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it("pins every action by commit, with the release in a comment", () => {
    const lines = text.split("\n").filter((line) => line.includes("uses:"));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/uses: [\w./-]+@[0-9a-f]{40} # v\d/);
  });

  it("can do nothing by default but read", () => expect(workflow.permissions).toEqual({ contents: "read" }));

  it("signs in without a key", () => {
    expect(text).not.toMatch(/credentials_json|secrets\.\w*(KEY|TOKEN|CREDENTIAL)/i);
    for (const { with: inputs } of steps.filter(({ uses }) =>
      uses?.startsWith("google-github-actions/auth@"),
    )) {
      expect(Object.keys(inputs!).sort()).toEqual(["service_account", "workload_identity_provider"]);
    }
  });

  it("judges every preview and update by the policy pack", () => {
    for (const { with: inputs } of steps.filter(({ uses }) => uses?.startsWith("pulumi/actions@"))) {
      // Without a command it installs Pulumi.
      if (inputs?.["command"]) expect(inputs).toMatchObject({ policyPacks: "policies" });
    }
  });
});
