import { badgesOf } from "./conversation";
import { dollars, escape, layout, moment, time } from "./html";
import { figuresOf, type Session } from "./sessions";

const SESSIONS_SHOWN = 100;

/** The sink's first page: a row a conversation, newest first. Everything that was sent is escaped. */
export function renderPage(sessions: Session[]): string {
  const shown = sessions.slice(0, SESSIONS_SHOWN);
  const list = `<table>
<tr><th>conversation</th><th>customer</th><th>began</th><th class="number">questions</th><th class="number">LLM calls</th><th class="number">tokens in</th><th class="number">out</th><th class="number">cost</th><th class="number">time</th></tr>
${shown.map(renderRow).join("\n")}
</table>`;
  return layout(
    "Conversations",
    `<h1>Conversations</h1>
<p class="faint">What the agent and the gateway send to Langfuse, which this page replaces on this machine. Costs are as the sender
reports them; the ledger has the exact ones.</p>
${shown.length === 0 ? "<p>No trace has arrived yet.</p>" : list}`,
  );
}

function renderRow(session: Session): string {
  const { sessionId, cost, traces } = session;
  const { calls, tokensIn, tokensOut, milliseconds } = figuresOf(traces);
  const first = traces.at(-1)!;
  const badges = [...new Set(traces.flatMap(({ observations }) => observations.flatMap(badgesOf)))].join("");
  const numbers = [traces.length, calls, tokensIn, tokensOut].map(
    (value) => `<td class="number">${value}</td>`,
  );
  return `<tr><td><a href="/sessions/${encodeURIComponent(sessionId)}">${escape(first.question ?? sessionId)}</a> ${badges}</td><td>${escape(first.userId ?? "")}</td><td class="faint">${moment(first.startedAt)}</td>${numbers.join("")}<td class="number money">${dollars(cost)}</td><td class="number">${time(milliseconds)}</td></tr>`;
}
