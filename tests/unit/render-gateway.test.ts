import { parse } from "yaml";
import { definitions, parseDefinitions } from "../../litellm-config";
import { guardConfig, litellmConfig, renderLitellmConfig } from "../../litellm-config/render";
import { litellmConfigSchema, type Deployment } from "../../litellm-config/render/litellm-schema";

const groups = (deployments: Deployment[]) => {
  const found: Record<string, string[]> = {};
  for (const { model_name, model_info } of deployments) (found[model_name] ??= []).push(model_info.id);
  return found;
};

describe("guard.json", () => {
  const config = guardConfig(definitions);

  test("has the budgets of the tiers, in nano-dollars", () => {
    expect(config.tiers).toEqual({
      tier_1: {
        price_nanos: 49e9,
        budget_nanos: 8e9,
        daily_nanos: 2e9,
        hourly_nanos: 1e9,
        degrade_to: "economy",
      },
      tier_2: {
        price_nanos: 99e9,
        budget_nanos: 18e9,
        daily_nanos: 4.5e9,
        hourly_nanos: 2e9,
        degrade_to: "economy",
      },
      tier_3: {
        price_nanos: 199e9,
        budget_nanos: 35e9,
        daily_nanos: 8.75e9,
        hourly_nanos: 4e9,
        degrade_to: "economy",
      },
    });
    expect(config.session).toEqual({ budget_nanos: 5e8, tokens_per_minute: 50_000, calls: 100 });
  });

  test("has each model's prices by prompt length and by the lifetime of a cache write", () => {
    expect(config.models["claude-haiku-5-5"]).toMatchObject({
      input_nanos: 100,
      cache_write_5m_nanos: 125,
      cache_write_1h_nanos: 200,
      long_prompts: [
        {
          above_tokens: 100_000,
          input_nanos: 500,
          output_nanos: 2_500,
          cache_read_nanos: 50,
          cache_write_5m_nanos: 625,
          cache_write_1h_nanos: 1_000,
        },
      ],
      prompt_cache: "5m",
      preview: false,
      deprecation_date: null,
    });
    expect(config.models["gemini-3.8-flash"]).toMatchObject({
      cache_write_1h_nanos: 750,
      long_prompts: [],
      regional_uplift_percent: 10,
      prompt_cache: null,
    });
  });

  test("names no model in a route that it does not price", () => {
    for (const { variants, fallbacks } of Object.values(config.routes)) {
      for (const model of [...variants, ...fallbacks]) expect(config.models).toHaveProperty([model]);
    }
  });
});

describe.each(["providers", "provider-url"] as const)("config.yaml for %s", (target) => {
  const config = litellmConfig(definitions, { target });
  const text = renderLitellmConfig(definitions, { target });

  test("has a group for each route, of its variants by weight, and one for each model", () => {
    const found = groups(config.model_list);
    expect(Object.keys(found).sort()).toEqual(
      [...Object.keys(definitions.routes), ...Object.keys(definitions.models)].sort(),
    );
    for (const [route, { variants }] of Object.entries(definitions.routes)) {
      expect(found[route]).toEqual(variants.map(({ model }) => `${route}/${model}`));
      const weights = config.model_list.filter(({ model_name }) => model_name === route);
      expect(weights.map(({ litellm_params }) => litellm_params.weight)).toEqual(
        variants.map(({ weight }) => weight),
      );
    }
  });

  test("sends every fallback to a group that there is", () => {
    const found = groups(config.model_list);
    for (const rule of config.router_settings.fallbacks) {
      for (const [route, fallbacks] of Object.entries(rule)) {
        expect(fallbacks).toEqual(definitions.routes[route]!.fallbacks);
        for (const fallback of fallbacks) expect(found).toHaveProperty([fallback]);
      }
    }
  });

  test("prices every deployment as the definitions do, in numbers that YAML 1.1 reads as such", () => {
    const read = parse(text, { version: "1.1" }) as { model_list: Deployment[] };
    for (const { model_info } of read.model_list) {
      const { price, longPrompts } = definitions.models[model_info.id.split("/")[1]!]!;
      const nanos = (dollars?: number) => dollars! * 1e9;
      expect(nanos(model_info.input_cost_per_token)).toBeCloseTo(price.input, 6);
      expect(nanos(model_info.output_cost_per_token)).toBeCloseTo(price.output, 6);
      expect(nanos(model_info.cache_read_input_token_cost)).toBeCloseTo(price.cacheRead, 6);
      expect(nanos(model_info.cache_creation_input_token_cost)).toBeCloseTo(price.cacheWrite5m, 6);
      expect(nanos(model_info.cache_creation_input_token_cost_above_1hr)).toBeCloseTo(price.cacheWrite1h, 6);
      for (const { above, input, output, cacheRead, cacheWrite5m } of longPrompts ?? []) {
        const params = model_info as Record<string, unknown>;
        const named = (kind: string) => nanos(params[`${kind}_above_${above / 1_000}k_tokens`] as number);
        expect(named("input_cost_per_token")).toBeCloseTo(input, 6);
        expect(named("output_cost_per_token")).toBeCloseTo(output, 6);
        expect(named("cache_read_input_token_cost")).toBeCloseTo(cacheRead, 6);
        expect(named("cache_creation_input_token_cost")).toBeCloseTo(cacheWrite5m, 6);
      }
    }
    expect(text).not.toMatch(/\de-\d+$/m);
  });

  test("repeats no attempt that may have been billed, and caches conversations of any length", () => {
    expect(config.router_settings.retry_policy.TimeoutErrorRetries).toBe(0);
    expect(config.model_list.map(({ litellm_params }) => litellm_params.max_retries)).toEqual(
      config.model_list.map(() => 0),
    );
    expect(config.litellm_settings.cache_params.max_messages).toBeNull();
    expect(text).toMatch(/^ +max_messages: null$/m);
  });

  test("holds no secret: addresses and keys are known to the guard's meter alone", () => {
    for (const { litellm_params } of config.model_list) {
      expect(litellm_params.api_base).toMatch(/^https:\/\/[a-z-]+\.meter\.invalid$/);
      expect(litellm_params.api_key ?? "held-by-the-meter").toBe("held-by-the-meter");
      for (const key of ["vertex_project", "vertex_location"] as const) {
        if (litellm_params[key] !== undefined) expect(litellm_params[key]).toMatch(/^os\.environ\/[A-Z_]+$/);
      }
    }
    expect(config.litellm_settings.cache_params.password).toBe("os.environ/REDIS_PASSWORD");
  });

  test("follows the definitions' times", () => {
    const changed = parseDefinitions({
      ...definitions,
      gateway: { ...definitions.gateway, requestTimeout: 7, retries: 2, cacheTtl: 9 },
    });
    const { router_settings, litellm_settings } = litellmConfig(changed, { target });
    expect(router_settings).toMatchObject({ num_retries: 2, timeout: 7 });
    expect(router_settings.retry_policy.RateLimitErrorRetries).toBe(2);
    expect(litellm_settings.cache_params.ttl).toBe(9);
  });
});

test("a price of long prompts that LiteLLM has no name for is left out, for it would go to the provider", () => {
  const changed = structuredClone(definitions);
  const { price, longPrompts } = changed.models["claude-haiku-5-5"]!;
  longPrompts!.push({ above: 150_000, ...price });
  const text = renderLitellmConfig(parseDefinitions(changed), { target: "providers" });
  expect(text).toContain("above_100k_tokens");
  expect(text).not.toContain("above_150k_tokens");
});

test("Anthropic's models, and no others, mark what their provider's cache is to keep", () => {
  const { model_list } = litellmConfig(definitions, { target: "providers" });
  for (const { litellm_params } of model_list) {
    expect(litellm_params.cache_control_injection_points !== undefined).toBe(
      litellm_params.model.startsWith("anthropic/"),
    );
  }
  const hour = structuredClone(definitions);
  hour.models["claude-opus-5-5"]!.promptCache = "1h";
  const opus = litellmConfig(hour, { target: "providers" }).model_list.find(
    ({ model_name }) => model_name === "claude-opus-5-5",
  )!;
  expect(opus.litellm_params.cache_control_injection_points).toEqual([
    { location: "message", role: "system", control: { type: "ephemeral", ttl: "1h" } },
    { location: "message", index: -1, control: { type: "ephemeral", ttl: "1h" } },
  ]);
});

test("each provider is reached its own way, and all by one address where one is given", () => {
  const models = (target: "providers" | "provider-url") =>
    litellmConfig(definitions, { target }).model_list.map(({ litellm_params }) => litellm_params.model);
  expect(models("providers")).toContain("anthropic/claude-sonnet-5-5");
  expect(models("providers")).toContain("vertex_ai/gemini-3.8-flash");
  expect(models("provider-url").every((model) => model.startsWith("openai/"))).toBe(true);
});

test("a key that LiteLLM would ignore does not get into the file", () => {
  const config = litellmConfig(definitions, { target: "providers" });
  const misspelt = { ...config, router_settings: { ...config.router_settings, num_retires: 2 } };
  expect(() => litellmConfigSchema.parse(misspelt)).toThrow("num_retires");
});
