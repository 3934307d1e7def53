import type { Attribute } from "./decode";
import type { Session, Trace } from "./sessions";

const SESSIONS_SHOWN = 50;

/** The sink's one page: sessions, their traces, each trace's observations. Everything that was sent is escaped. */
export function renderPage(sessions: Session[]): string {
  const shown = sessions.slice(0, SESSIONS_SHOWN);
  const body = shown.length === 0 ? "<p>No trace has arrived yet.</p>" : shown.map(renderSession).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Traces</title>
<style>${STYLE}</style>
<h1>Traces</h1>
<p>What the agent and the gateway send to Langfuse. This sink stands in its place on the local target; costs are as the
sender says, the ledger has the exact ones.</p>
${body}
</html>
`;
}

const STYLE = `
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1a1a1a }
section { border: 1px solid #ddd; border-radius: 6px; padding: 0 1rem 1rem; margin: 1rem 0 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #eee; vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.tag { background: #eef2f7; border-radius: 3px; padding: 0 .4rem; margin-right: .3rem; font-size: 12px }
.error { color: #b00020 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f7f7f7; padding: .5rem; max-height: 20rem; overflow: auto }
`;

function renderSession({ sessionId, cost, traces }: Session): string {
  return `<section><h2>Session ${escape(sessionId)} · ${dollars(cost)}</h2>${traces.map(renderTrace).join("\n")}</section>`;
}

function renderTrace(trace: Trace): string {
  const user = trace.userId ? ` · ${escape(trace.userId)}` : "";
  const tags = trace.tags.map((tag) => `<span class="tag">${escape(tag)}</span>`).join("");
  const rows = trace.observations.map(renderObservation).join("\n");
  return `<h3>${escape(trace.name)} · ${escape(trace.startedAt)}${user} · ${dollars(trace.cost)}</h3>
<p>${tags}</p>
<table>
<tr><th>observation</th><th>type</th><th>model</th><th class="number">ms</th><th class="number">tokens in</th><th class="number">out</th><th class="number">cost</th></tr>
${rows}
</table>`;
}

function renderObservation(observation: Trace["observations"][number]): string {
  const { name, type, model, duration, promptTokens, completionTokens, cost, error, depth } = observation;
  const details = Object.entries({
    metadata: Object.keys(observation.metadata).length > 0 ? observation.metadata : null,
    input: observation.input ?? null,
    output: observation.output ?? null,
  }).filter((entry): entry is [string, Attribute] => entry[1] !== null);
  const shown = details.map(([title, value]) => `<strong>${title}</strong><pre>${escape(text(value))}</pre>`);
  const label = `${escape(name)}${error ? ` <span class="error">${escape(error)}</span>` : ""}`;
  const cell = shown.length > 0 ? `<details><summary>${label}</summary>${shown.join("")}</details>` : label;
  const numbers = [duration, promptTokens, completionTokens].map(
    (value) => `<td class="number">${value ?? ""}</td>`,
  );
  return `<tr><td style="padding-left:${depth * 1.5 + 0.6}rem">${cell}</td><td>${escape(type)}</td><td>${escape(model ?? "")}</td>${numbers.join("")}<td class="number">${cost === undefined ? "" : dollars(cost)}</td></tr>`;
}

function text(value: Attribute): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function dollars(amount: number): string {
  return `$${amount.toFixed(6)}`;
}

function escape(value: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
