import type { Unwrap } from "@pulumi/pulumi";

/** The inputs of a resource of any type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Props = Record<string, any>;

/** What is known of the inputs that a resource class takes: any part of them may be missing or still unknown. */
export type Known<Args> = Partially<Unwrap<NonNullable<Args>>>;

type Partially<T> = T extends (infer Item)[]
  ? Partially<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Partially<T[Key]> }
    : T;

/**
 * The part of a resource's inputs that the program set and that is known. During a preview the engine throws on every look at a value that only the
 * update can know, and would drop a whole rule for one such value; so an unknown value is undefined here, under its key.
 */
export function known(props: Props): Props {
  const before = copies.get(props);
  if (before) return before;
  const made = copy(props) as Props;
  copies.set(props, made);
  return made;
}

/** Every policy asks for the same inputs. */
const copies = new WeakMap<Props, Props>();

/** Whether nothing was set: neither a value nor one known only after the update. */
export function isMissing(props: object, key: string): boolean {
  return !(key in props) || (props as Props)[key] === null;
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const at = (key: string | number) => unlessUnknown(() => copy((value as Props)[key]));
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => at(index));
  // The engine hands over null for an unset value or, below the top, the provider's default and its name in `__defaults`.
  const filled = (unlessUnknown(() => (value as Props).__defaults) ?? []) as string[];
  const set = Object.keys(value).filter(
    (key) =>
      key !== "__defaults" && !filled.includes(key) && unlessUnknown(() => (value as Props)[key]) !== null,
  );
  return Object.fromEntries(set.map((key) => [key, at(key)]));
}

function unlessUnknown(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if ((error as Error).constructor.name === "UnknownValueError") return undefined;
    throw error;
  }
}
