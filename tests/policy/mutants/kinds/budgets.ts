import { parse, stringify } from "yaml";
import type { GuardConfig } from "../../../../litellm-config/render/guard";
import { usd } from "../../../../litellm-config";
import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

/** Faults in the files that the guard and LiteLLM read, and ways to take the guard out. */
export function* budgets(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "budget", what, resources });
  const objects = ofTypes(base, /^gcp:storage\/bucketObject:/);
  const guards = objects.filter((at) => /guard\.json$/.test(base[at]!.name));
  const configs = objects.filter((at) => /gateway\/.*config\.yaml$/.test(base[at]!.name));

  for (const at of guards) {
    const guard = JSON.parse(base[at]!.props.content as string) as GuardConfig;
    const broken = (what: string, change: (guard: GuardConfig) => void) => {
      const copy = structuredClone(guard);
      change(copy);
      return of(
        what,
        changed(base, at, ({ props }) => (props.content = JSON.stringify(copy))),
      );
    };
    for (const tier of Object.keys(guard.tiers)) {
      for (const budget of ["48", "98", "198", "1000000"])
        yield broken(`${tier} has $${budget}`, ({ tiers }) => (tiers[tier]!.budget_nanos = usd(budget)));
      yield broken(
        `${tier} has no budget`,
        ({ tiers }) => delete (tiers[tier] as Partial<Props>)!.budget_nanos,
      );
      yield broken(
        `${tier} degrades to the most expensive`,
        ({ tiers }) => (tiers[tier]!.degrade_to = "deep"),
      );
    }
    yield broken("no tiers", (copy) => (copy.tiers = {}));
    for (const session of ["0.51", "5", "50"])
      yield broken(`a session of $${session}`, (copy) => (copy.session.budget_nanos = usd(session)));
    yield broken("no session", (copy) => delete (copy as Partial<GuardConfig>).session);
    yield broken("50,001 tokens a minute", (copy) => (copy.session.tokens_per_minute = 50_001));
    yield broken("101 calls", (copy) => (copy.session.calls = 101));
    for (const index of guard.thresholds.keys())
      yield broken(`threshold ${index} gone`, (copy) => copy.thresholds.splice(index, 1));
    yield broken("blocks at 200 %", (copy) => (copy.thresholds.at(-1)!.percent = 200));
    for (const model of Object.keys(guard.models))
      for (const price of [
        "input_nanos",
        "output_nanos",
        "cache_read_nanos",
        "cache_write_5m_nanos",
        "cache_write_1h_nanos",
      ] as const) {
        if (guard.models[model]![price] > 0)
          yield broken(`${model} ${price} 0`, ({ models }) => (models[model]![price] = 0));
        yield broken(
          `${model} ${price} missing`,
          ({ models }) => delete (models[model] as Partial<Props>)[price],
        );
      }
    yield of(
      "guard.json gone",
      base.filter((_, index) => index !== at),
    );
    yield of(
      "guard.json not JSON",
      changed(base, at, ({ props }) => (props.content = "{")),
    );
    yield of(
      "guard.json from a local file",
      changed(base, at, ({ props }) => {
        delete props.content;
        props.source = "guard.json";
      }),
    );
  }
  for (const at of configs) {
    const config = parse(base[at]!.props.content as string) as Props;
    const broken = (what: string, change: (config: Props) => void) => {
      const copy = structuredClone(config);
      change(copy);
      return of(
        what,
        changed(base, at, ({ props }) => (props.content = stringify(copy))),
      );
    };
    yield broken(
      "the guard is not a callback",
      ({ litellm_settings }) => (litellm_settings.callbacks = ["prometheus"]),
    );
    yield broken("no callbacks", ({ litellm_settings }) => delete litellm_settings.callbacks);
    yield broken("no custom_auth", ({ general_settings }) => delete general_settings.custom_auth);
    yield broken(
      "a master key in its place",
      (copy) => (copy.general_settings = { master_key: "os.environ/KEY" }),
    );
    yield broken("no settings", (copy) => delete copy.litellm_settings);
    yield broken(
      "fails open",
      ({ general_settings }) => (general_settings.allow_requests_on_db_unavailable = true),
    );
    for (const index of (config.model_list as Props[]).keys())
      for (const price of Object.keys(config.model_list[index].model_info).filter((key) => /cost/.test(key)))
        yield broken(
          `deployment ${index} ${price} 0`,
          ({ model_list }) => (model_list[index].model_info[price] = 0),
        );
    yield of(
      "config.yaml gone",
      base.filter((_, index) => index !== at),
    );
  }
  for (const { where, target, container, change } of containersOf(base)) {
    if (!/(gateway\/gateway|compose gateway)$/.test(where)) continue;
    const command = target === "compose" ? "command" : container.args ? "args" : "commands";
    yield of(
      `${where}: another configuration`,
      change((broken) => (broken[command] = ["litellm", "--config", "/tmp/other.yaml"])),
    );
    yield of(
      `${where}: no configuration`,
      change((broken) => (broken[command] = ["litellm", "--model", "claude-opus-5-5"])),
    );
    for (const variable of ["TOLLGATE_GUARD_CONFIG", "TOLLGATE_LEDGER_URL"])
      yield of(
        `${where}: no ${variable}`,
        change((broken) => {
          if (target !== "compose")
            broken.envs = (broken.envs as Props[]).filter(({ name }) => name !== variable);
          else {
            delete broken.environment[variable];
            broken.secrets = (broken.secrets as Props[]).filter(({ target: as }) => as !== variable);
          }
        }),
      );
  }
}
