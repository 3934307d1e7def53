import { plan, readStackFile, STACKS, type Plan, type StackSettings } from "../plan";
import { usd, type NanoDollars } from "../../litellm-config/money";
import { deployedTiers, economics, type Economics } from "./economics";
import { estimate, totalsBy, type Amount, type CostLine, type Estimate } from "./estimate";
import { savings, yearSavings, type Saving } from "./savings";
import { deploymentOptions, type DeploymentOption } from "./options";
import { readPriceList, REGION, type PriceList } from "./price-list";
import { sum } from "./range";
import { whyExpensive } from "./why";
import { OFFICE_HOURS, usage, type CostEnvironment, type Usage } from "./usage";
import { worstCase } from "./worst-case";
import { withoutIdle } from "../contradictions";

/** Everything about what a stack costs. Amounts are nano-dollars a month. */
export interface CostReport {
  stack: string;
  environment: CostEnvironment;
  region: string;
  total: Amount;
  ceiling: { nanos: NanoDollars; exceeded: boolean };
  /** With every service at its maximum of instances all month, in the high case. */
  worst: {
    nanos: NanoDollars;
    ceiling: NanoDollars;
    exceeded: boolean;
    byService: Record<string, NanoDollars>;
  };
  /** With office hours, where the stack's class may have them. */
  officeHours: Amount | null;
  /** With a commitment for a year to what is always there. */
  committed: NanoDollars;
  byLayer: [string, Amount][];
  byService: [string, Amount][];
  lines: CostLine[];
  /** The stack at each rollout phase. */
  phases: { phase: number; total: Amount }[];
  options: DeploymentOption[];
  /** Why Cloud Run costs more than the design expects; empty while it is not. */
  why: string[];
  savings: Saving[];
  /** Of every environment together; none where the environment has no customers. */
  economics: Economics | null;
  prices: PriceNotes;
  assumptions: Usage;
}

/** How far the prices that were used can be relied on. */
export interface PriceNotes {
  oldest: string;
  newest: string;
  /** Used prices that were not seen on a page of Google's. */
  unverified: { id: string; reason: string }[];
  /** Used prices of another region than the list's, by region. */
  elsewhere: { id: string; region: string }[];
}

const PHASES = [1, 2, 3, 4, 5];

/**
 * Plans a stack in all its variants and estimates each.
 *
 * @throws Error with field, value and remedy for an unknown stack, unusable configuration, or a resource without a price.
 */
export async function costReport(stack: string, prices: PriceList = readPriceList()): Promise<CostReport> {
  if (!(STACKS as readonly string[]).includes(stack)) {
    throw new Error(`"${stack}" must be a stack: use one of ${STACKS.join(", ")}`);
  }
  const settings = readStackFile(stack);
  const planned = await plan(stack, settings);
  const now = estimate(planned.resources, { prices });
  const variant = async (values: Record<string, string>) =>
    estimate((await plan(stack, withValues(settings, values))).resources, { prices });

  const phases: { phase: number; estimate: Estimate }[] = [];
  // One after the other: a plan sets Pulumi's runtime up for the whole process.
  for (const phase of PHASES) {
    phases.push({ phase, estimate: await variant({ "tollgate:phase": String(phase) }) });
  }
  const deployed = settings.values["tollgate:deployment"] ?? "cloud-run";
  const onTarget = async (deployment: string) =>
    deployment === deployed ? now : await variant({ "tollgate:deployment": deployment });
  const vm = await onTarget("gce-vm");
  const cloudRun = await onTarget("cloud-run");
  const options = deploymentOptions({ vm, cloudRun }, prices);
  const ceiling = ceilingOf(settings);
  const worst = worstCase(planned.resources, prices);
  const most = usdSetting(settings, "monthlyWorstCaseCeiling");
  const office =
    now.environment === "dev" && deployed === "cloud-run"
      ? await variant({ "tollgate:officeHours": JSON.stringify(OFFICE_HOURS) })
      : null;
  return {
    stack,
    environment: now.environment,
    region: settings.values["gcp:region"] ?? REGION,
    total: now.total,
    ceiling: { nanos: ceiling, exceeded: now.total.expected > ceiling },
    worst: {
      nanos: worst.total.high,
      ceiling: most,
      exceeded: worst.total.high > most,
      byService: Object.fromEntries(
        totalsBy(worst.lines, ({ service }) => service).map(([name, { high }]) => [name, high]),
      ),
    },
    officeHours: office?.total ?? null,
    committed: now.total.expected - yearSavings(now.lines),
    byLayer: totalsBy(now.lines, ({ layer }) => layer),
    byService: totalsBy(now.lines, ({ service }) => service),
    lines: now.lines,
    phases: phases.map(({ phase, estimate: { total } }) => ({ phase, total })),
    options,
    why: whyExpensive(options.find(({ name }) => name === "cloud-run")!),
    savings: savings({
      estimate: now,
      vm,
      phase1: phases[0]!.estimate,
      office,
      prices,
    }),
    economics: await stackEconomics(planned, now, prices),
    prices: notesOn(now.lines, prices),
    assumptions: usage[now.environment],
  };
}

/** The stack's ceiling in nano-dollars. */
export function ceilingOf(settings: StackSettings): NanoDollars {
  return usdSetting(settings, "monthlyCostCeiling");
}

function usdSetting({ values }: StackSettings, key: string): NanoDollars {
  const text = values[`tollgate:${key}`];
  if (!text) throw new Error(`tollgate:${key} is missing: \`pulumi config set\` it, in dollars a month`);
  return usd(text);
}

/** Customers pay for every environment: dev has none, so prod's economics carry dev's cost too. */
async function stackEconomics({ stack, resources }: Plan, now: Estimate, prices: PriceList) {
  const { customers } = usage[now.environment];
  if (Object.values(customers).every(({ expected }) => expected === 0)) return null;
  const others = STACKS.filter((name) => name !== stack);
  const totals = [now.total];
  for (const other of others) totals.push(estimate((await plan(other)).resources, { prices }).total);
  return economics(deployedTiers(resources), customers, sum(totals), now.total);
}

/** What a reader has to know of the prices behind some lines. */
export function notesOn(lines: CostLine[], prices: PriceList): PriceNotes {
  const used = [...new Set(lines.map(({ price }) => price))].sort().map((id) => prices.get(id));
  return {
    ...prices.dates,
    unverified: used.flatMap(({ id, unverified }) => (unverified ? [{ id, reason: unverified }] : [])),
    elsewhere: used
      .filter(({ region }) => region !== REGION && region !== "global")
      .map(({ id, region }) => ({ id, region })),
  };
}

function withValues(settings: StackSettings, values: Record<string, string>): StackSettings {
  return { ...settings, values: withoutIdle({ ...settings.values, ...values }) };
}
