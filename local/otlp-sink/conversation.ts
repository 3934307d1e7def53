import type { Attribute } from "./decode";
import { dollars, escape, layout, moment, time } from "./html";
import { markdown } from "./markdown";
import type { Observation } from "./observation";
import type { Score } from "./score";
import { figuresOf, type Session, type Trace } from "./sessions";

/** One conversation as Langfuse shows it: each question with its answer, tags, and the tree of what it took. */
export function renderConversation(session: Session): string {
  const { sessionId, cost, traces } = session;
  const { calls, tokensIn, tokensOut, milliseconds } = figuresOf(traces);
  const figures = [
    ["cost", dollars(cost)],
    ["questions", traces.length],
    ["LLM calls", calls],
    ["tokens in", tokensIn],
    ["tokens out", tokensOut],
    ["answer time", time(milliseconds)],
  ].map(([name, value]) => `<div class="faint">${name}<b>${value}</b></div>`);
  return layout(
    `Conversation ${sessionId}`,
    `<p><a href="/">All conversations</a></p>
<h1>Conversation of ${escape(traces[0]?.userId ?? "an unknown customer")}</h1>
<div class="faint">${escape(sessionId)}</div>
<div class="figures">${figures.join("")}</div>
<p>${session.scores.map(scoreOf).join("")}</p>
${[...traces].reverse().map(renderTrace).join("\n")}`,
  );
}

function renderTrace(trace: Trace): string {
  const badges = [...new Set(trace.observations.flatMap(badgesOf))].join("");
  const tags = trace.tags.map((tag) => `<span class="tag">${escape(tag)}</span>`).join("");
  const bubble = (text: string | undefined) => (text ? `<div class="bubble">${markdown(text)}</div>` : "");
  return `<section id="${escape(trace.traceId)}">
<h2>${escape(trace.question ?? trace.name)} ${badges}</h2>
<div class="faint">${moment(trace.startedAt)} · <span class="money">${dollars(trace.cost)}</span> · trace ${escape(trace.traceId)}</div>
${bubble(trace.answer)}
<p>${trace.scores.map(scoreOf).join("")}${tags}</p>
<table>
<tr><th>observation</th><th>type</th><th>model</th><th class="number">tokens in</th><th class="number">out</th><th class="number">cost</th><th class="number">time</th><th>course</th></tr>
${trace.observations.map((each) => renderObservation(each, trace)).join("\n")}
</table>
</section>`;
}

function renderObservation(observation: Trace["observations"][number], trace: Trace): string {
  const { name, type, model, duration, promptTokens, completionTokens, cost, depth } = observation;
  const details = Object.entries({
    metadata: Object.keys(observation.metadata).length > 0 ? observation.metadata : null,
    input: observation.input ?? null,
    output: observation.output ?? null,
  }).filter((entry): entry is [string, Attribute] => entry[1] !== null);
  const shown = details.map(
    ([title, value]) => `<strong>${title}</strong><pre>${escape(textOf(value))}</pre>`,
  );
  const label = `${escape(name)} ${badgesOf(observation).join("")}`;
  const cell = shown.length > 0 ? `<details><summary>${label}</summary>${shown.join("")}</details>` : label;
  const tokens = [promptTokens, completionTokens].map((value) => `<td class="number">${value ?? ""}</td>`);
  const money = cost === undefined ? "" : dollars(cost);
  return `<tr><td style="padding-left:${depth * 1.25 + 0.5}rem">${cell}</td><td class="faint">${escape(type)}</td><td>${escape(model ?? "")}</td>${tokens.join("")}<td class="number money">${money}</td><td class="number">${time(duration)}</td><td>${courseOf(observation, trace)}</td></tr>`;
}

/** When it ran within its trace, as a bar. */
function courseOf(
  { type, startedAt, duration }: Observation,
  { startedAt: began, milliseconds }: Trace,
): string {
  const percent = (value: number) => Math.min(100, Math.max(0, (value / Math.max(1, milliseconds)) * 100));
  const left = percent(Date.parse(startedAt) - Date.parse(began));
  const width = Math.min(100 - left, percent(duration));
  const kind = ["generation", "tool"].includes(type) ? ` ${type}` : "";
  return `<div class="way${kind}"><i style="left:${left.toFixed(2)}%;width:${width.toFixed(2)}%"></i></div>`;
}

/** What is out of the ordinary: refused, degraded, from the cache, failed. HTML. */
export function badgesOf({ metadata, error }: Observation): string[] {
  const { decision, reason, degraded, cache_hit, refused } = metadata;
  const isDegraded = decision === "degraded" || degraded === true || degraded === "true";
  const isRefused = decision === "refused" || (refused !== undefined && refused !== null && refused !== "");
  const why = [reason, refused].find((each) => typeof each === "string" && each !== "");
  return [
    ...(isRefused ? [badge("bad", `refused${why ? `: ${String(why)}` : ""}`)] : []),
    ...(isDegraded ? [badge("warn", "degraded")] : []),
    ...(cache_hit === true || cache_hit === "true" ? [badge("good", "cache")] : []),
    ...(error && !isRefused ? [badge("bad", error)] : []),
  ];
}

const WHO: Record<string, string> = { EVAL: " (judge)", ANNOTATION: " (person)" };

/** A score and who gave it; the reason is under the mouse. HTML. */
function scoreOf({ name, value, dataType, source, comment }: Score): string {
  const shown = dataType === "BOOLEAN" ? (value ? "yes" : "no") : String(value);
  const text = escape(`${name}: ${shown}${WHO[source ?? ""] ?? ""}`);
  return `<span class="badge" title="${escape(comment ?? "")}">${text}</span> `;
}

function badge(kind: string, text: string): string {
  return `<span class="badge ${kind}">${escape(text)}</span> `;
}

function textOf(value: Attribute): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
