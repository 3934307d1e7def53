/** Text that is safe between tags and in attributes. */
export function escape(value: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** Dollars, with the six decimals that a single call needs. */
export function dollars(amount: number): string {
  return `$${amount.toFixed(6)}`;
}

/** Milliseconds as people say them. */
export function time(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(2)} s`;
}

/** A moment in ISO 8601 as people read it. */
export function moment(iso: string): string {
  return escape(`${iso.slice(0, 19).replace("T", " ")} UTC`);
}

/** A whole page; `body` is HTML. */
export function layout(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${STYLE}</style>
${body}
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --faint: #777; --bar: #3b82f6; --money: #b7791f }
body { font: 14px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 80rem; padding: 0 1rem }
a { color: inherit }
h1 { font-size: 1.3rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 0 }
.faint { color: var(--faint) } .money { color: var(--money); font-variant-numeric: tabular-nums }
.figures { display: flex; gap: 1.5rem; flex-wrap: wrap; margin: .75rem 0 1.25rem }
.figures b { display: block; font-size: 1.15rem; font-variant-numeric: tabular-nums }
section { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; margin: 0 0 1rem }
.bubble { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); border-radius: 8px; padding: .5rem .75rem; margin: .5rem 0 }
.bubble p { margin: 0 0 .6rem } .bubble p:last-child { margin: 0 } .bubble table { width: auto; margin: 0 0 .6rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: normal }
th { color: var(--faint) }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.tag, .badge { background: var(--soft); border-radius: 4px; padding: 0 .4rem; margin-right: .3rem; font-size: 12px; display: inline-block }
.badge { font-weight: 600 } .badge.bad { background: #dc2626; color: #fff } .badge.warn { background: #d97706; color: #fff } .badge.good { background: #16a34a; color: #fff }
.way { position: relative; height: .9rem; min-width: 9rem; background: var(--soft); border-radius: 3px }
.way i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--bar); border-radius: 3px }
.way.generation i { background: var(--money) } .way.tool i { background: #16a34a }
summary { cursor: pointer }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .5rem; max-height: 24rem; overflow: auto; margin: .25rem 0 .5rem; font-size: 12px }
`;
