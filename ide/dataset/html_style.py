"""The style of a report's page: light and dark, from a telephone's width upwards."""

STYLE = """
:root { color-scheme: light dark;
  --ground: #fff; --raised: #f6f7f9; --line: #dfe2e7; --ink: #1c2026; --dim: #626b78;
  --good: #15713a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0f1216; --raised: #181c22; --line: #2c323b; --ink: #e4e7ec; --dim: #97a1af;
  --good: #5fd08a; --bad: #ff8a80; } }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
body { margin: 0; }
main { max-width: 72rem; margin: 0 auto; padding: 1.25rem 1.5rem 4rem; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.75rem 0 .4rem; }
h4 { font-size: .9rem; font-weight: 600; margin: 1.1rem 0 .4rem; }
p { margin: .4rem 0 .6rem; max-width: 62rem; overflow-wrap: anywhere; }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere;
  background: var(--raised); border: 1px solid var(--line); border-radius: 4px; padding: 0 .3em;
  unicode-bidi: isolate; }
strong.good { color: var(--good); } strong.bad { color: var(--bad); }
strong.dim, .more { color: var(--dim); font-weight: 400; }
.wide { overflow-x: auto; margin: .4rem 0 .6rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 500; white-space: nowrap; }
td code { overflow-wrap: break-word; }
td { min-width: 3.5rem; max-width: 36rem; overflow-wrap: break-word; }
details { margin: .6rem 0; }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0; }
.cards { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.cards li { display: flex; gap: .75rem; padding: .6rem; background: var(--raised);
  border: 1px solid var(--line); border-radius: 6px; min-width: 0; }
.cards li > div { min-width: 0; flex: 1; }
.cards li:has(blockquote) { flex-direction: column; gap: .4rem; }
.small:not(:has(blockquote)) { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.small:not(:has(blockquote)) li { padding: .45rem; gap: .55rem; align-items: center; }
.small dt { display: none; } .small dl { font-size: .8rem; line-height: 1.35; }
.small .id { display: block; font-size: .72rem; line-height: 1.3; }
img { image-rendering: pixelated; object-fit: contain; background: #8882; border-radius: 4px; }
img.look { width: 64px; height: 64px; flex: none; }
img.other { width: 32px; height: 32px; }
.others { display: flex; gap: .3rem; margin-top: .35rem; }
blockquote { margin: 0; font-size: .9rem; overflow-wrap: anywhere; }
.id { border: 0; background: none; padding: 0; color: var(--dim); }
dl { margin: .15rem 0 0; font-size: .85rem; }
dl div { display: flex; gap: .4rem; }
dt { color: var(--dim); flex: none; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
summary:focus-visible, .wide:focus-visible { outline: 2px solid #3b82f6; outline-offset: 2px; }
@media (max-width: 640px) {
  main { padding: 1rem .9rem 3rem; }
  .cards { grid-template-columns: 1fr; }
  .stack thead { display: none; }
  .stack tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  .stack td { display: flex; gap: .5rem; border: 0; padding: .1rem 0; max-width: none; }
  .stack td::before { content: attr(data-of); color: var(--dim); flex: 0 0 5rem; }
  .small:not(:has(blockquote)) { grid-template-columns: 1fr 1fr; }
  .small img.look { width: 48px; height: 48px; }
}
"""
