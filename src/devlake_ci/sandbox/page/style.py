"""How the page looks, on light and on dark screens."""

CSS = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --paper: #fff; --ink: #1c2430; --faint: #5b6675; --line: #dde2e9;
  --accent: #3454d1; --good: #14713d; --good-ground: #def3e6; --bad: #a8232f;
  --bad-ground: #fbe3e5; --warn: #7a5200; --warn-ground: #fbeecb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --paper: #1b212a; --ink: #e6eaf0; --faint: #9aa6b5; --line: #2f3946;
    --accent: #8ea6ff; --good: #7fdba4; --good-ground: #173524; --bad: #ff9aa2;
    --bad-ground: #43191e; --warn: #f2c966; --warn-ground: #3b2f10;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem;
  background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-size: 15px;
}
h1 { font-size: 1.6rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .4rem 0; }
a { color: var(--accent); }
.faint, th { color: var(--faint); font-size: .87rem; }
code, pre, .code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .87em;
}
pre {
  margin: .5rem 0 0; padding: .75rem 1rem; border-radius: 8px; background: var(--ground);
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; }
.card, article {
  background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  padding: 1rem 1.15rem;
}
.cards + .wide { margin-top: 1rem; }
.card b { display: block; font-size: 1.6rem; font-weight: 650; font-variant-numeric: tabular-nums; }
article { margin: .75rem 0; }
article > header { display: flex; flex-wrap: wrap; gap: .4rem .6rem; align-items: center; }
article > header h3 { margin-right: auto; }
.badge {
  padding: .1rem .55rem; border-radius: 999px; font-size: .78rem; font-weight: 600;
  background: var(--ground); border: 1px solid var(--line); overflow-wrap: anywhere;
}
.good { color: var(--good); background: var(--good-ground); border-color: transparent; }
.bad { color: var(--bad); background: var(--bad-ground); border-color: transparent; }
.warn { color: var(--warn); background: var(--warn-ground); border-color: transparent; }
.incident { border-left: 3px solid var(--bad); padding-left: .75rem; margin-top: .75rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); }
td { overflow-wrap: anywhere; vertical-align: top; }
thead th { border-top: 0; font-weight: 500; }
summary { cursor: pointer; color: var(--faint); font-size: .87rem; margin-top: .5rem; }
"""
