import type { NanoDollars } from "../../litellm-config/money";
import { layerOf, serviceOf, type CostLayer } from "./layers";
import { readPriceList, type PriceList } from "./price-list";
import { awakeShares } from "./office-hours";
import { combine, fixed, sum, times, type Range } from "./range";
import { free, rates, stackItems, STATE_ONLY, UnpricedError, type BilledResource, type Item } from "./rates";
import { usage as assumptions, type CostEnvironment, type Usage } from "./usage";

/** Nano-dollars a month in the three cases. */
export type Amount = Record<keyof Range, NanoDollars>;

export interface CostLine {
  /** `type::name`, or the name of an item without a resource. */
  resource: string;
  service: string;
  layer: CostLayer;
  what: string;
  /** Id of the price. */
  price: string;
  unit: string;
  quantity: Range;
  cost: Amount;
}

export interface Estimate {
  environment: CostEnvironment;
  /** Most expensive first, by the expected case. */
  lines: CostLine[];
  total: Amount;
}

/** What is not paid for while a service, a database or a machine is stopped: disks and addresses are. */
const ASLEEP =
  /^(run\.(cpu|memory)\.instance|run\.pool\.|sql\.(f1-micro|g1-small|vcpu|memory)$|compute\.e2\.)/;

interface Options {
  prices?: PriceList;
  usage?: Usage;
}

/**
 * What a stack's resources cost a month.
 *
 * @throws UnpricedError when a resource is of a type that has no price and is not known to be free, or of an unknown size.
 */
export function estimate(resources: BilledResource[], options: Options = {}): Estimate {
  const environment = environmentIn(resources);
  const { prices = readPriceList() } = options;
  const usage = forTarget(options.usage ?? assumptions[environment], resources);
  const line = (resource: string, whole: string, item: Item): CostLine => {
    const { what, price, quantity, service = whole } = item;
    return {
      resource,
      service,
      layer: layerOf(service),
      what,
      price,
      unit: prices.get(price).unit,
      quantity,
      cost: combine([quantity], (units) => prices.cost(price, units)),
    };
  };
  const awake = awakeShares(resources);
  const billed = resources.flatMap((resource) =>
    rateOf(resource)(resource, usage).map((item) => {
      const share = ASLEEP.test(item.price) ? (awake.get(resource.name) ?? 1) : 1;
      return line(`${resource.type}::${resource.name}`, serviceOf(resource), {
        ...item,
        quantity: times(item.quantity, share),
      });
    }),
  );
  const whole = stackItems(resources, usage).flatMap(({ name, service = name, items }) =>
    items.map((item) => line(name, service, item)),
  );
  const lines = [...billed, ...whole];
  return estimateOf(environment, [...lines, ...allowances(lines, prices)]);
}

/** The assumptions of Cloud Run, or of one machine: that is the only one that its NAT knows. */
function forTarget(usage: Usage, resources: BilledResource[]): Usage {
  const onCloudRun = resources.some(({ type }) => type.startsWith("gcp:cloudrunv2/"));
  const machine = resources.some(({ type }) => type === "gcp:compute/instance:Instance");
  return onCloudRun || !machine ? usage : { ...usage, natMachines: fixed(1) };
}

/** An estimate of lines: sorted, with their total. */
export function estimateOf(environment: CostEnvironment, lines: CostLine[]): Estimate {
  return {
    environment,
    lines: [...lines].sort(
      (a, b) => b.cost.expected - a.cost.expected || a.resource.localeCompare(b.resource),
    ),
    total: totalOf(lines),
  };
}

export function totalOf(lines: CostLine[]): Amount {
  return sum(lines.map(({ cost }) => cost));
}

/** Totals by a key of the lines, most expensive first. */
export function totalsBy(lines: CostLine[], key: (line: CostLine) => string): [string, Amount][] {
  const groups = new Map<string, CostLine[]>();
  for (const line of lines) groups.set(key(line), [...(groups.get(key(line)) ?? []), line]);
  return [...groups]
    .map(([name, each]): [string, Amount] => [name, totalOf(each)])
    .sort(([, a], [, b]) => b.expected - a.expected);
}

/** The environment whose assumptions hold: the resources say it in their labels; prod's are the higher ones. */
export function environmentIn(resources: BilledResource[]): CostEnvironment {
  return resources.some(({ inputs: { labels } }) => (labels?.class ?? labels?.environment) === "dev")
    ? "dev"
    : "prod";
}

function rateOf(resource: BilledResource) {
  const { type } = resource;
  const rate = rates[type];
  if (rate) return rate;
  if (free[type] || STATE_ONLY.some((prefix) => type.startsWith(prefix))) return () => [];
  throw new UnpricedError(
    resource,
    "type",
    type,
    "Give it a rate or say why it is free in infra/cost/rates/index.ts",
  );
}

/**
 * Free allowances, as negative lines. A project's allowance holds in every case; one that all projects of a billing account
 * share is counted in the low case only.
 */
function allowances(lines: CostLine[], prices: PriceList): CostLine[] {
  return prices.prices.flatMap((price): CostLine[] => {
    if (!price.free) return [];
    const { units, per } = price.free;
    const used = sum(lines.filter((line) => line.price === price.id).map(({ quantity }) => quantity));
    const covered = combine([used], (quantity) => Math.min(quantity, units));
    const counted = per === "project" ? covered : { ...fixed(0), low: covered.low };
    // Not `-units`: zero has no sign in a report.
    const quantity = combine([counted], (units) => 0 - units);
    if (quantity.low === 0 && quantity.high === 0) return [];
    return [
      {
        resource: `free units of each ${per}`,
        service: "free tier",
        layer: "shared",
        what: price.sku,
        price: price.id,
        unit: price.unit,
        quantity,
        cost: combine([counted], (units) => 0 - prices.cost(price.id, units)),
      },
    ];
  });
}
