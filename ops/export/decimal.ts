import { formatUsd, type NanoDollars } from "../../litellm-config";

/** An amount as a plain decimal with every nano-dollar: `decimalUsd(1_230_000)` is "0.00123". */
export function decimalUsd(nanos: NanoDollars): string {
  return formatUsd(nanos).replace("$", "");
}
