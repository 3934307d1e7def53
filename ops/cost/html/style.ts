/** The page's look, light and dark. Colours of the layers differ in lightness too. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1d2433; --quiet: #667085; --paper: #fff; --card: #f7f8fa; --line: #e4e7ec;
  --application: #2563eb; --gateway: #0d9488; --llm-observability: #a855f7; --infrastructure: #f59e0b; --shared: #94a3b8;
  --good: #15803d; --bad: #b42318; --range: #c7d2e5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ef; --quiet: #98a2b3; --paper: #10141c; --card: #181e29; --line: #2b3341;
    --application: #60a5fa; --gateway: #2dd4bf; --llm-observability: #c084fc; --infrastructure: #fbbf24; --shared: #7c8aa0;
    --good: #4ade80; --bad: #f97066; --range: #3a4760;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 40px 0 12px; }
p, li { margin: 0 0 10px; max-width: 85ch; }
ul { margin: 0; padding-left: 20px; }
.quiet { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)); gap: 12px; margin: 20px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 17px; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; overflow-x: auto; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 6px 12px; align-items: center; }
.bars .value { text-align: right; font-variant-numeric: tabular-nums; }
.track { position: relative; height: 16px; border-radius: 3px; background: color-mix(in srgb, var(--line) 60%, transparent); }
.fill { position: absolute; inset: 0 auto 0 0; border-radius: 3px; }
.span { position: absolute; top: 6px; height: 4px; border-radius: 2px; background: var(--ink); opacity: .35; }
.design { position: absolute; top: -2px; bottom: -2px; border: 1.5px dashed var(--ink); border-radius: 3px; opacity: .7; }
.stack { display: flex; height: 28px; border-radius: 6px; overflow: hidden; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 10px; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { font-weight: 600; color: var(--quiet); font-size: 13px; }
th.text, td.text { text-align: left; white-space: normal; }
details summary { cursor: pointer; font-weight: 600; }
details[open] summary { margin-bottom: 10px; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
svg .label { fill: var(--ink); }
a { color: inherit; }
`;
