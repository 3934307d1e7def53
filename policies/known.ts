/** The inputs of a resource, as the engine hands them to a policy: nothing in them is certain until it is looked at. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Props = Record<string, any>;

/**
 * The part of a resource's inputs that is known. During a preview the engine throws on every look at a value that only the
 * update can tell, and would drop a whole rule for one such value; so what is unknown counts as not there.
 */
export function known(props: Props): Props {
  return copy(props) as Props;
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const at = (key: string | number) => unlessUnknown(() => copy((value as Props)[key]));
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => at(index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, at(key)]));
}

function unlessUnknown(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if ((error as Error).constructor.name === "UnknownValueError") return undefined;
    throw error;
  }
}
