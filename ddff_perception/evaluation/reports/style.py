"""The look of a report page; colours follow the reader's light or dark setting."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f8; --ink: #17191c; --soft: #5b6470; --faint: #8a929c;
  --rule: #e2e5e9; --strong-rule: #b9c0c8; --accent: #1f5fa8; --tint: #dbe8f6;
  --series-0: #1f5fa8; --series-1: #c8550b; --series-2: #2c7d4f; --series-3: #8447ad;
  --series-4: #b82c64; --series-5: #7c6a12; --series-6: #13868c; --series-7: #5f6772;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --panel: #1c2024; --ink: #e8eaed; --soft: #a5adb7; --faint: #7d8691;
    --rule: #2c3238; --strong-rule: #4a525b; --accent: #7db4f0; --tint: #22374f;
    --series-0: #7db4f0; --series-1: #f0995a; --series-2: #6fc494; --series-3: #c49ae6;
    --series-4: #f088b0; --series-5: #d2bd5a; --series-6: #5fccd1; --series-7: #a5adb7;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 Inter, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
body::before {
  content: ""; display: block; height: 5px;
  background: linear-gradient(90deg, #30123b, #4662d7, #36aaf9, #1ae4b6, #72fe5e, #c7ef34,
    #fabb39, #f66b19, #cb2a04, #7a0403);
}
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 2rem; }
header { padding-top: 2.6rem; }
h1 { margin: 0; font-size: 2.05rem; line-height: 1.2; font-weight: 680; letter-spacing: -0.022em; }
h2 {
  margin: 0 0 .35rem; font-size: 1.3rem; line-height: 1.3; font-weight: 660;
  letter-spacing: -0.012em;
}
p { margin: .4rem 0 1rem; max-width: 46rem; }
.subtitle { margin: .5rem 0 0; font-size: 1.06rem; color: var(--soft); }
.intro { color: var(--soft); }
nav {
  display: flex; flex-wrap: wrap; margin-top: 1.3rem; padding-bottom: .9rem;
  border-bottom: 1px solid var(--rule);
}
nav a { margin-right: 1.3rem; color: var(--accent); text-decoration: none; white-space: nowrap; }
nav a:hover { text-decoration: underline; text-underline-offset: .2em; }
section { margin-top: 2.9rem; scroll-margin-top: 1rem; }
section > * + *, details > * + * { margin-top: 1.3rem; }
dl.facts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .8rem 2rem; margin: 1.5rem 0 0;
}
dl.facts .long { grid-column: 1 / -1; max-width: 60rem; }
dl.facts dt { font-size: .8rem; color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr));
  border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule);
}
.tile { padding: 1rem 1.2rem 1.05rem; border-left: 1px solid var(--rule); }
.tile:first-child { border-left: 0; padding-left: 0; }
.tile .label { font-size: .84rem; color: var(--soft); }
.tile .value { font-size: 1.85rem; line-height: 1.25; font-weight: 640; letter-spacing: -0.02em; }
.tile .value .unit {
  font-size: 1rem; font-weight: 450; color: var(--soft); letter-spacing: 0; margin-left: .28em;
}
.tile .note { font-size: .82rem; line-height: 1.4; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .93rem; }
caption { text-align: left; font-weight: 620; padding-bottom: .5rem; }
th, td { padding: .42rem 1.05rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; }
th.text, td.text { text-align: left; }
td.text { white-space: normal; overflow-wrap: anywhere; min-width: 9.5rem; }
thead th {
  border-bottom: 1.5px solid var(--strong-rule); font-weight: 600; vertical-align: bottom;
  line-height: 1.3;
}
thead .unit { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
tbody td { border-bottom: 1px solid var(--rule); }
tbody tr:hover td { background: var(--panel); }
tr.mean td { border-top: 1.5px solid var(--strong-rule); font-weight: 640; }
tr.reference td { color: var(--soft); }
td.best { color: var(--accent); font-weight: 680; }
td.bar { min-width: 16rem; background: none; }
td.bar .track { float: left; width: calc(100% - 5rem); height: 1.4em; }
td.bar .fill { display: block; height: 100%; background: var(--tint); }
.note { font-size: .86rem; color: var(--soft); }
figure { margin: 0; }
figcaption { font-size: .88rem; line-height: 1.45; color: var(--soft); }
.pictures { display: grid; gap: 1.5rem 1.2rem; }
.pictures figure > a.open { display: block; cursor: zoom-in; }
.pictures img { display: block; width: 100%; height: auto; background: var(--panel); }
.pictures figcaption { margin-top: .45rem; }
.pictures a.close { display: none; }
.pictures figure:target {
  position: fixed; inset: 0; z-index: 9; padding: 1.2rem; overflow: auto;
  display: flex; flex-direction: column; align-items: center; justify-content: center;
  background: var(--page);
}
.pictures figure:target > a.open { width: auto; cursor: default; }
.pictures figure:target img { width: auto; max-width: 96vw; max-height: 84vh; min-height: 60vh; }
.pictures figure:target .scale { width: min(40rem, 90vw); }
.pictures figure:target a.close {
  display: block; position: fixed; top: 1rem; right: 1.4rem; color: var(--accent);
}
.scale { margin-top: .5rem; font-size: .78rem; color: var(--soft); }
.scale .ramp { display: block; height: 8px; }
.scale .marks { display: block; position: relative; height: 1.5em; margin-top: .2rem; }
.scale .marks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.scale .unknown { border-left: .9em solid #808080; padding-left: .4em; }
.scale .marks span.start { transform: none; }
.scale .marks span.end { transform: translateX(-100%); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 2rem; }
.charts figure { max-width: 38rem; overflow-x: auto; }
.charts figcaption { color: var(--ink); font-weight: 600; margin-bottom: .35rem; }
svg.chart { display: block; width: 100%; min-width: 24rem; height: auto; }
svg.chart text { font-size: 12.5px; fill: var(--soft); }
svg.chart text.title { fill: var(--ink); }
svg .grid { stroke: var(--rule); }
svg .axis { stroke: var(--strong-rule); fill: none; }
svg .bars { fill: var(--tint); stroke: none; }
svg .reference { fill: none; stroke: var(--faint); stroke-width: 1.3; stroke-dasharray: 6 4; }
svg .r1 { stroke-dasharray: 1.5 4; stroke-width: 1.6; }
svg .curve path { fill: none; stroke-width: 2; stroke-linejoin: round; }
ul.legend {
  list-style: none; margin: 0 0 .5rem; padding: 0; font-size: .84rem; color: var(--soft);
  display: flex; flex-wrap: wrap; gap: .15rem .95rem;
}
svg.key { width: 20px; height: 11px; margin-right: .4em; vertical-align: -1px; }
summary { cursor: pointer; color: var(--accent); font-weight: 600; }
footer { margin-top: 3.5rem; padding-top: 1rem; padding-bottom: 2.5rem; }
footer p { border-top: 1px solid var(--rule); padding-top: 1rem; max-width: none; }
@media (max-width: 46rem) {
  header, main, footer { padding-left: 1.1rem; padding-right: 1.1rem; }
  h1 { font-size: 1.6rem; }
  .tile { border-left: 0; padding-left: 0; }
  .pictures { grid-template-columns: 1fr 1fr !important; gap: 1rem .7rem; }
  .charts { grid-template-columns: 1fr; }
}
@media print {
  body { font-size: 10pt; }
  nav { display: none; }
  figure, tr, .tiles { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""


def series_style(number: int) -> str:
    """Rules that give the first `number` curves of a chart their colours."""
    return "".join(
        f"svg .s{n} {{ stroke: var(--series-{n}); fill: var(--series-{n}); }}\n"
        for n in range(number)
    )
