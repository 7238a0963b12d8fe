"""How the page looks: on light and dark screens, wide and narrow."""

CSS = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --paper: #fff; --ink: #1c2430; --faint: #5b6675; --line: #dde2e9;
  --accent: #3454d1; --good: #14713d; --good-ground: #def3e6; --bad: #a8232f;
  --bad-ground: #fbe3e5; --warn: #7a5200; --warn-ground: #fbeecb;
  --dot-good: #1f9d57; --dot-bad: #d3394a; --bar: #f0a73a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --paper: #1b212a; --ink: #e6eaf0; --faint: #9aa6b5; --line: #2f3946;
    --accent: #8ea6ff; --good: #7fdba4; --good-ground: #173524; --bad: #ff9aa2;
    --bad-ground: #43191e; --warn: #f2c966; --warn-ground: #3b2f10;
    --dot-good: #43c27d; --dot-bad: #f0626f; --bar: #e0a144;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem;
  background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-size: 15px;
}
h1 { font-size: 1.6rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
a { color: var(--accent); }
.faint, th, summary, figcaption { color: var(--faint); font-size: .87rem; }
code, pre, .code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .87em;
}
pre {
  margin: .5rem 0 0; padding: .75rem 1rem; border-radius: 8px; background: var(--ground);
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; }
.card, article, figure {
  background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  padding: 1rem 1.15rem;
}
.cards + .wide { margin-top: 1rem; }
.card { display: flex; flex-direction: column; font-size: .85rem; padding: 1rem; }
.cards ~ .faint { margin-top: .75rem; }
.card .faint { font-size: .8rem; }
.card b {
  margin-top: auto; font-size: 1.75rem; font-weight: 650; font-variant-numeric: tabular-nums;
}
article { margin: .6rem 0; border-left-width: 4px; }
article > header { display: flex; flex-wrap: wrap; gap: .3rem .5rem; align-items: center; }
article > header h3 { margin-right: auto; }
article.good { border-left-color: var(--dot-good); }
article.bad { border-left-color: var(--dot-bad); }
.badge {
  padding: .1rem .55rem; border-radius: 999px; font-size: .78rem; font-weight: 600;
  background: var(--ground); border: 1px solid var(--line); overflow-wrap: anywhere;
}
.badge.good { color: var(--good); background: var(--good-ground); border-color: transparent; }
.badge.bad { color: var(--bad); background: var(--bad-ground); border-color: transparent; }
.badge.warn { color: var(--warn); background: var(--warn-ground); border-color: transparent; }
.incident, .pull-request {
  border-left: 3px solid var(--bar); padding-left: .75rem; margin-top: .6rem;
  overflow-wrap: anywhere;
}
.pull-request { border-left-color: var(--accent); }
.whole { white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); }
td { vertical-align: top; }
td span { overflow-wrap: anywhere; }
td:first-child span { white-space: nowrap; }
@media (max-width: 42rem) {
  body { padding: 1rem .75rem 3rem; }
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { border-top: 1px solid var(--line); padding: .4rem 0; }
  td { display: grid; grid-template-columns: 9.5rem 1fr; gap: .5rem; border: 0; padding: .1rem 0; }
  td::before { content: attr(data-name); color: var(--faint); font-size: .87rem; }
  td:first-child span { white-space: normal; }
}
thead th { border-top: 0; font-weight: 500; }
summary { cursor: pointer; margin-top: .4rem; }
figure { margin: 1.5rem 0 0; }
figure .wide svg { display: block; width: 100%; min-width: 1000px; direction: ltr; }
.newest { direction: rtl; }
svg text {
  fill: var(--ink); font-size: 13px; stroke: var(--paper); stroke-width: 4px; paint-order: stroke;
}
svg .tick { fill: var(--faint); text-anchor: middle; }
svg .name { font-weight: 600; font-size: 13px; }
.grid { stroke: var(--line); stroke-dasharray: 2 4; }
.lane { stroke: var(--line); stroke-width: 2; }
.dot { fill: var(--paper); stroke: var(--faint); stroke-width: 2; }
.dot.good { fill: var(--dot-good); stroke: var(--paper); }
.dot.bad { fill: var(--dot-bad); stroke: var(--paper); }
.cross { stroke: #fff; stroke-width: 1.8; stroke-linecap: round; fill: none; }
.bar { fill: var(--bar); }
.bar.open { stroke: var(--bar); stroke-width: 1.5; stroke-dasharray: 4 3; fill-opacity: .35; }
.thread { stroke: var(--bar); stroke-width: 1.5; fill: none; }
figcaption { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; margin-top: .75rem; }
figcaption span { display: inline-flex; align-items: center; gap: .4rem; }
figcaption svg { width: 16px; height: 16px; flex: none; }
figcaption .long { width: 28px; }
"""
