import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { DIGEST } from "../program/support/planned";
import { startGoogleCloud, type GoogleCloud } from "../support/google-cloud";
import { describeWithEngine, SECRET, Workspace } from "./workspace";

const ROOT = join(__dirname, "..", "..");
const IMAGES = { "tollgate:images": { agent: DIGEST, gateway: DIGEST } };
const BUDGET = { "tollgate:billingAccount": "012345-6789AB-CDEF01" };
const HOURS = { "tollgate:officeHours": { from: 8, to: 18, timeZone: "Europe/Brussels" } };
const DEV = ["dev", "tollgate-dev", "100000000001"] as const;
const PROD = ["prod", "tollgate-prod", "100000000002"] as const;

const withEngine = describeWithEngine();

function row(
  stack: readonly [string, string, string],
  changes: Record<string, unknown>,
): [string, string, string, Record<string, unknown>] {
  return [...stack, changes];
}

withEngine("a real engine with the real provider", () => {
  it.each(["dev", "prod"])(
    "accepts the program: preview of %s",
    async (stack) => {
      const workspace = new Workspace(stack);
      try {
        await workspace.init(IMAGES);
        const text = await workspace.mustRun("preview", "--diff");
        expect(text).toMatch(/\+ \d{3} to create/);
        expect(text).toContain('"tier_2 monthly budget $18.00 a month of $99.00 a month (18.2 %)"');
        expect(text).not.toContain(SECRET);
      } finally {
        workspace.remove();
      }
    },
    600_000,
  );

  it("previews dev before CI has built its images, and says in one line what an update lacks, without Docker", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-engine-docker-"));
    const started = join(folder, "started");
    // In the place of the provider that builds images, and no daemon where it would look for one.
    const provider = `#!/bin/sh\necho "$PWD" >> '${started}'\nexit 1\n`;
    writeFileSync(join(folder, "pulumi-resource-docker"), provider, { mode: 0o755 });
    const workspace = new Workspace("dev", {
      PATH: `${folder}${delimiter}${process.env["PATH"]}`,
      DOCKER_HOST: `unix://${folder}/none.sock`,
    });
    try {
      await workspace.init({});
      expect(await workspace.mustRun("preview")).toMatch(/\+ \d{3} to create/);
      const { exitCode, text } = await workspace.run("up", "--yes", "--skip-preview");
      const lines = text.split("\n").filter((line) => line.includes("tollgate:images.agent is missing"));
      expect([exitCode === 0, lines]).toEqual([
        false,
        [
          expect.stringContaining(
            "`npm run images -- push --stack dev` builds it, pushes it and writes its digest",
          ),
        ],
      ]);
      expect(existsSync(started)).toBe(false);
    } finally {
      workspace.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);

  it.each<[string, Record<string, unknown>, string[]]>([
    ["an honest stack pass", {}, []],
    [
      "a budget over a fifth of its price stop",
      { "tollgate:tiers": { tier_2: { monthlyBudget: "25" } } },
      ["[mandatory]", "tier_2's budget $25.00 is over 20 % of its price $99.00"],
    ],
  ])(
    "lets %s a preview with the policy pack",
    async (_, change, findings) => {
      const workspace = new Workspace("prod");
      try {
        await workspace.init({ ...IMAGES, ...change });
        const { exitCode, text } = await workspace.run("preview", "--policy-pack", join(ROOT, "policies"));
        if (findings.length === 0 && exitCode !== 0) throw new Error(text.slice(-6000));
        for (const finding of findings) expect(text).toContain(finding);
        expect([exitCode === 0, text.includes("[mandatory]")]).toEqual(
          findings.length > 0 ? [false, true] : [true, false],
        );
      } finally {
        workspace.remove();
      }
    },
    600_000,
  );

  // The stand-in refuses what Google's published documents refuse.
  describe.each<[string, string, string, Record<string, unknown>]>([
    [...PROD, { "tollgate:tempo": true }],
    [...PROD, { "tollgate:deployment": "gce-vm" }],
    [...DEV, { "tollgate:deployment": "gce-vm" }],
    ...["apart", "grouped"].map((layout) => row(DEV, { ...HOURS, "tollgate:sizes": { layout } })),
    ...[1, 2, 3, 4].map((phase) => row(DEV, { "tollgate:phase": phase })),
  ])("%s in %s (%s) with %j, against a stand-in for Google's APIs", (stack, project, number, changes) => {
    it("creates everything, and changes nothing the second time", async () => {
      const google = await startGoogleCloud(project, number);
      const workspace = new Workspace(stack, google.env);
      try {
        await workspace.init({ ...IMAGES, ...BUDGET, ...changes });
        await workspace.mustRun("up", "--yes", "--skip-preview");
        await workspace.mustRun("up", "--yes", "--skip-preview", "--expect-no-changes");
        expect(google.log.filter((line) => /^(400|501) /.test(line))).toEqual([]);
        expect(google.log.filter((line) => /^200 POST \S*\/budgets\b/.test(line))).toHaveLength(1);
      } finally {
        workspace.remove();
        await google.close();
      }
    }, 1_800_000);
  });

  describe("against a stand-in for Google's APIs", () => {
    let google: GoogleCloud;
    let workspace: Workspace;
    beforeAll(async () => {
      google = await startGoogleCloud("tollgate-dev", "100000000001");
      workspace = new Workspace("dev", google.env);
      await workspace.init({ ...IMAGES, ...BUDGET, ...HOURS });
    }, 120_000);
    afterAll(async () => {
      workspace.remove();
      await google.close();
    });

    it("creates everything", async () => {
      await workspace.mustRun("up", "--yes", "--skip-preview");
    }, 1_200_000);

    it("changes nothing the second time", async () => {
      await workspace.mustRun("up", "--yes", "--skip-preview", "--expect-no-changes");
    }, 600_000);

    it("passes the policy pack once every value is known", async () => {
      await workspace.mustRun("preview", "--policy-pack", join(ROOT, "policies"));
    }, 600_000);

    it("finds nothing that drifted", async () => {
      await workspace.mustRun("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    }, 600_000);

    it("says in words which budget a preview would change", async () => {
      await workspace.set("tollgate:tiers.tier_2.monthlyBudget", "20");
      const { text } = await workspace.run("preview", "--diff");
      expect(text).toMatch(/monthlyBudget\s*: "\$18\.00 a month" => "\$20\.00 a month"/);
    }, 600_000);

    it("leaves nothing behind", async () => {
      await workspace.mustRun("destroy", "--yes", "--skip-preview");
      expect(google.names()).toEqual(["connections/one", "project"]);
    }, 600_000);
  });
});
