/** A sample of a Prometheus page. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of a page in Prometheus' text format. */
export async function scrape(url: string): Promise<Sample[]> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return page.split("\n").flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!match || line.startsWith("#")) return [];
    const labels = [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return [
      {
        name: match[1] ?? "",
        labels: Object.fromEntries(labels.map(([, name, value]) => [name, value])),
        value: Number(match[3]),
      },
    ];
  });
}

/** The sum of the samples with a name whose labels include some. */
export function total(samples: Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
