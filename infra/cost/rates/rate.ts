import type { Range } from "../range";
import type { Usage } from "../usage";

/** A resource as a plan or the engine knows it. Nothing in the inputs is certain until it is looked at. */
export interface BilledResource {
  type: string;
  name: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  inputs: Record<string, any>;
}

/** One line of a bill: so many units of one price. */
export interface Item {
  /** What is paid for, such as "CPU of collector". */
  what: string;
  /** Id of a price. */
  price: string;
  /** Units a month. */
  quantity: Range;
  /** Whose it is, where the resource is several services'. */
  service?: string;
}

/** What a resource of one type is billed for. An empty list: this one costs nothing. */
export type Rate = (resource: BilledResource, usage: Usage) => Item[];

/** A resource that the estimate has no price for. */
export class UnpricedError extends Error {
  override readonly name = "UnpricedError";

  constructor({ type, name }: BilledResource, field: string, value: unknown, remedy: string) {
    super(`${type} ${name}: ${field} ${JSON.stringify(value) ?? "is missing"} has no price. ${remedy}`);
  }
}
