import type { Behaviour, RequestRecord } from "../../../simulator";

/** The LLM simulator as a test drives and reads it. */
export class SimulatorProbe {
  constructor(private readonly url: string) {}

  /** Makes it misbehave for the prompts with a marker. */
  async behave(
    marker: string,
    behaviour: Omit<Behaviour, "match"> & Partial<Omit<Behaviour["match"], "marker">>,
  ): Promise<void> {
    const { model, endpoint, ...rest } = behaviour;
    const body = JSON.stringify({ match: { marker, model, endpoint }, ...rest });
    const response = await fetch(`${this.url}/_simulator/behaviour`, { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** What it billed, for all prompts or for those with a marker, once nothing of any prompt is under way. */
  async account(marker?: string): Promise<{ totalNanos: number; calls: number; answering: number }> {
    return this.read("account", marker);
  }

  /** What it saw of the prompts with a marker, refused ones too. */
  async requests(marker: string): Promise<RequestRecord[]> {
    return this.read("requests", marker);
  }

  private async read<T>(what: string, marker?: string): Promise<T> {
    const query = marker === undefined ? "" : `?marker=${encodeURIComponent(marker)}`;
    const response = await fetch(`${this.url}/_simulator/${what}${query}`);
    return (await response.json()) as T;
  }
}
