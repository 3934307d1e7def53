/** Labels for every resource that can have them: they say who owns it and whose cost it is. */
export interface Labels {
  environment: string;
  /** How the environment is sized and protected: `dev` or `prod`. */
  class: string;
  owner: string;
  /** The rollout phase that added it, as text. */
  phase: string;
  service: string;
}

/** Labels as Google Cloud takes them. */
export type LabelMap = Record<keyof Labels, string>;

/** The labels of one service of an environment. */
export function labelsOf(
  base: { environment: string; class: string; owner: string },
  service: string,
  phase: number,
): LabelMap {
  const { environment, owner } = base;
  return { environment, class: base.class, owner, phase: String(phase), service };
}
