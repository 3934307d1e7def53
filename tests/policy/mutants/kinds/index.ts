/** Kinds of fault that must not reach a stack, at every place in a plan where one could occur. */
import type { Resource } from "../../../../policies/evaluate";
import { access } from "./access";
import { budgets } from "./budgets";
import { exposure } from "./exposure";
import { foreign } from "./foreign";
import { grants } from "./grants";
import { images } from "./images";
import { design } from "./design";
import { durability } from "./durability";
import { machines } from "./machines";
import { rendered } from "./rendered";
import { scaling } from "./scaling";
import { secrets } from "./secrets";
import { settings } from "./settings";
import { values } from "./values";
import type { Mutant } from "../mutant";

export function* targeted(base: Resource[]): Generator<Mutant> {
  for (const kind of [
    secrets,
    access,
    exposure,
    images,
    durability,
    scaling,
    budgets,
    settings,
    values,
    foreign,
    grants,
    machines,
    rendered,
    design,
  ])
    yield* kind(base);
}
