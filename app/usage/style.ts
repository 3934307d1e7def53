/** The page's one style sheet: colours of both schemes with a contrast of at least 4.5 to 1, no fixed widths. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1b1f24; --faint: #57606a; --ground: #ffffff; --card: #f3f5f7; --line: #d0d7de;
  --bar: #0b6bcb; --warn: #b35900; --stop: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #9aa7b4; --ground: #0d1117; --card: #161b22; --line: #30363d;
    --bar: #58a6ff; --warn: #f0a020; --stop: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; }
.faint { color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; align-items: start;
  margin-top: 1.25rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; min-width: 0; }
.figure { font-size: 1.9rem; font-weight: 600; line-height: 1.2; }
.gauge { display: block; width: 100%; height: .9rem; margin: .5rem 0; }
.gauge .whole { fill: var(--line); } .gauge .used { fill: var(--bar); }
.gauge.warn .used { fill: var(--warn); } .gauge.stop .used { fill: var(--stop); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .5rem .2rem 0; border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { color: var(--faint); } time { white-space: nowrap; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.bar { width: 45%; } td.bar svg { display: block; width: 100%; height: .8rem; } td.bar rect { fill: var(--bar); }
dl { margin: 0; } dt { font-weight: 600; } dd { margin: 0 0 .75rem; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
input { font: inherit; width: 100%; max-width: 30rem; padding: .5rem; color: inherit; background: var(--ground);
  border: 1px solid var(--faint); border-radius: .3rem; }
button { font: inherit; margin-top: .75rem; padding: .5rem 1rem; border: 0; border-radius: .3rem; background: var(--bar);
  color: var(--ground); font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid var(--warn); outline-offset: 2px; }
.problem { color: var(--stop); font-weight: 600; }
`;
