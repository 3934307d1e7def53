import type * as pulumi from "@pulumi/pulumi";
import { DATABASE_CA } from "../../catalogue";
import { contentHash } from "../../components/config-files";
import { Gateway } from "../../components/gateway";
import { Workload } from "../../components/workload";
import { formatUsd, type Definitions } from "../../litellm-config";
import { ledgerMigrations } from "../ledger-migrations";
import type { Foundation } from "./foundation";
import { configEdge, secretEdge, type Prepared, type Wires } from "./wiring";

/** The gateway: its service, the ledger's migrations before it, and the budgets in words. */
export function makeGateway(
  { args, configFiles, dependsOn }: Prepared,
  { config, labels, network }: Foundation,
  wires: Wires,
  opts: pulumi.ComponentResourceOptions,
): Gateway {
  const { project, region, definitions } = config;
  const name = "gateway-migrations";
  const workload = new Workload(name, {
    project,
    edges: [
      secretEdge("ledger-owner-url", wires),
      secretEdge("postgres-certificate", wires),
      configEdge(wires),
    ],
  });
  const guardConfig = args.env?.["TOLLGATE_GUARD_CONFIG"] ?? "";
  return new Gateway(
    "gateway",
    {
      ...budgetsOf(definitions),
      service: args,
      migrations: {
        project,
        region,
        labels: labels(name),
        image: args.image,
        command: ["python", "-m", "tollgate_guard.migrate"],
        serviceAccount: workload.email,
        networkId: network.networkId,
        subnetworkId: network.subnetworkId,
        // Again when a migration comes or a tier changes: the job writes both.
        runToken: contentHash({ ...ledgerMigrations(), tiers: JSON.stringify(definitions.tiers) }),
        env: { TOLLGATE_GUARD_CONFIG: guardConfig },
        secretEnv: { TOLLGATE_LEDGER_OWNER_URL: wires.secrets.get("ledger-owner-url") },
        secretFiles: { [DATABASE_CA]: wires.secrets.get("postgres-certificate") },
        files: configFiles,
      },
    },
    { ...opts, dependsOn: [...dependsOn, ...workload.bindings, ...dependencies(opts)] },
  );
}

function dependencies({ dependsOn }: pulumi.ComponentResourceOptions): pulumi.Resource[] {
  return Array.isArray(dependsOn) ? (dependsOn as pulumi.Resource[]) : [];
}

/** The definitions as the gateway's component takes them. */
export function budgetsOf({ tiers, session, thresholds }: Definitions) {
  return {
    budgets: Object.fromEntries(
      Object.entries(tiers).map(([tier, { price, monthlyBudget }]) => [
        tier,
        {
          price: `${formatUsd(price)} a month`,
          monthlyBudget: `${formatUsd(monthlyBudget)} a month`,
          share: Math.round((monthlyBudget / price) * 1000) / 10,
          priceNanos: price,
          monthlyBudgetNanos: monthlyBudget,
        },
      ]),
    ),
    session: {
      budget: formatUsd(session.budget),
      budgetNanos: session.budget,
      tokensPerMinute: session.tokensPerMinute,
      calls: session.calls,
    },
    thresholds: Object.fromEntries(thresholds.map(({ action, percent }) => [action, percent])),
  };
}
