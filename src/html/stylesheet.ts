/**
 * The one stylesheet: system fonts, both colour schemes, phone width first. Colours, sizes and spaces are the tokens at
 * the top; what follows is in the order tokens, elements, parts, the customer's pages, the dashboard.
 */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #eef2f7; --surface: #fff; --sunken: #f6f8fb; --ink: #16202b; --quiet: #4d5b69; --line: #d3dce6;
  --accent: #0b5fc4; --on-accent: #fff; --good: #0d6b3f; --bad: #b3261e; --wait: #7a4a00;
  --wallet: #0b5fc4; --on-wallet: #fff; --wallet-quiet: #dbe9ff;
  --strip: #ffe9a8; --on-strip: #3d2f00; --strip-line: #b98900;
  --small: .875rem; --large: 1.25rem; --huge: 2rem;
  --gap-1: .25rem; --gap-2: .5rem; --gap-3: .75rem; --gap-4: 1rem; --gap-6: 1.5rem;
  --round: .5rem; --rounder: 1rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f151c; --surface: #18212b; --sunken: #131b24; --ink: #e8eef5; --quiet: #a5b3c1; --line: #344353;
    --accent: #7db6ff; --on-accent: #08203f; --good: #74d6a2; --bad: #ff9d94; --wait: #ffc869;
    --wallet: #0a3f85; --on-wallet: #fff; --wallet-quiet: #c6dcff;
    --strip: #3a2f0c; --on-strip: #ffe9a8; --strip-line: #b98900;
  }
}

* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: var(--large); line-height: 1.3; margin: 0 0 var(--gap-3); }
h2 { font-size: 1rem; margin: var(--gap-6) 0 var(--gap-2); }
p { margin: 0 0 var(--gap-3); }
a { color: var(--accent); }
ul, ol { margin: 0; padding: 0; list-style: none; }
code, pre { font: var(--small)/1.45 ui-monospace, monospace; }
pre { margin: 0; padding: var(--gap-3); background: var(--sunken); border: 1px solid var(--line); border-radius: var(--round); white-space: pre-wrap; max-height: 24rem; overflow: auto; }
dl { display: grid; grid-template-columns: auto 1fr; gap: var(--gap-1) var(--gap-4); margin: 0 0 var(--gap-4); }
dt { color: var(--quiet); } dd { margin: 0; text-align: right; min-width: 0; }
dd, td { unicode-bidi: isolate; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: var(--gap-2) var(--gap-3) var(--gap-2) 0; vertical-align: top; }
th { color: var(--quiet); font-weight: 500; font-size: var(--small); }
label { display: block; font-weight: 600; margin: 0 0 var(--gap-1); }
fieldset { border: 0; margin: 0 0 var(--gap-4); padding: 0; min-width: 0; }
legend { font-weight: 600; margin: 0 0 var(--gap-2); padding: 0; }
input, select {
  font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--quiet); border-radius: var(--round);
  padding: var(--gap-2) var(--gap-3); max-width: 100%;
}
button, .button {
  display: inline-block; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
  padding: var(--gap-2) var(--gap-4); border-radius: var(--round); border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent);
}
button.second, .button.second { background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid var(--strip-line); outline-offset: 2px; }
summary { cursor: pointer; }

.quiet { color: var(--quiet); font-size: var(--small); font-weight: 400; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: var(--rounder); padding: var(--gap-4); }
.amount { font-size: var(--huge); line-height: 1.2; font-weight: 700; margin: 0 0 var(--gap-4); font-variant-numeric: tabular-nums; }
.only-read { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.banner {
  display: flex; flex-wrap: wrap; justify-content: center; gap: 0 var(--gap-4); margin: 0; padding: var(--gap-1) var(--gap-4);
  background: var(--strip); color: var(--on-strip); font-size: var(--small); border-bottom: 2px solid var(--strip-line);
}
.banner strong { font-weight: 600; } .banner a { color: inherit; }

.customer .stage { display: grid; gap: var(--gap-4); max-width: 26rem; margin: 0 auto; padding: var(--gap-4); }
.customer .card { padding: 0; overflow: hidden; }
.customer .head { padding: var(--gap-4); background: var(--wallet); color: var(--on-wallet); }
.customer .head p { margin: 0; } .customer .head .amount { margin: var(--gap-2) 0 0; }
.customer .head .brand { display: flex; justify-content: space-between; gap: var(--gap-4); font-size: var(--large); font-weight: 800; letter-spacing: .06em; margin: 0 0 var(--gap-4); }
.customer .head .quiet { color: var(--wallet-quiet); }
.customer .head .left { font-size: var(--small); font-weight: 600; letter-spacing: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
.customer .body { padding: var(--gap-4); }
.customer .body input:not([type=radio], [type=hidden]) { width: 100%; font-size: var(--large); margin: 0 0 var(--gap-2); }
.customer .body input[type=password], .customer .body input.code { letter-spacing: .5em; text-align: center; font-variant-numeric: tabular-nums; }
.customer .body button, .customer .body .button { display: block; width: 100%; padding: var(--gap-3) var(--gap-4); border-radius: 2rem; }
.customer .body .second { margin-top: var(--gap-2); }
.steps { display: flex; gap: var(--gap-1); margin: 0 0 var(--gap-4); }
.steps li { flex: 1; height: .25rem; border-radius: 1rem; background: var(--line); }
.steps li.done { background: var(--accent); }
.keypad { display: grid; grid-template-columns: repeat(3, 1fr); gap: var(--gap-2); margin: 0 0 var(--gap-4); }
.keypad[hidden] + * { margin-top: 0; }
.customer .body .keypad button { border-color: var(--line); border-radius: var(--round); background: var(--sunken); color: var(--ink); font-size: var(--large); padding: var(--gap-3) 0; touch-action: manipulation; }
.result { text-align: center; }
.result svg { width: 4rem; height: 4rem; margin: var(--gap-2) auto; display: block; }
.fates { text-align: left; }
.fates li { border-top: 1px solid var(--line); padding: var(--gap-2) 0; font-size: var(--small); }
dl.lines { grid-template-columns: 1fr auto; } dl.lines dd { white-space: nowrap; }
.choice { display: flex; gap: var(--gap-3); align-items: center; font-weight: 400; padding: var(--gap-3); margin: 0 0 var(--gap-2); border: 1px solid var(--line); border-radius: var(--round); }
.choice:has(:checked) { border-color: var(--accent); background: var(--sunken); }
.strip { padding: var(--gap-3) var(--gap-4); border: 2px dashed var(--strip-line); border-radius: var(--rounder); background: var(--strip); color: var(--on-strip); font-size: var(--small); }
.strip p { margin: 0 0 var(--gap-2); } .strip h2 { font-size: var(--small); margin: 0 0 var(--gap-2); }
.strip .outcomes { display: flex; flex-wrap: wrap; gap: var(--gap-2); margin: 0 0 var(--gap-4); }
.strip button { padding: var(--gap-1) var(--gap-2); font-size: var(--small); background: transparent; color: inherit; border-color: currentcolor; }
.strip td, .strip th { padding: 0 var(--gap-4) 0 0; font-weight: 400; color: inherit; }
.phone-code, .wide-only { display: none; }
table + .phone-code { margin: var(--gap-4) 0 0; }
.phone-code p { margin: var(--gap-2) 0 0; }
.phone-code svg { display: block; width: 10rem; height: 10rem; padding: var(--gap-2); background: #fff; border-radius: var(--round); }
@media (min-width: 60rem) {
  .customer .stage { grid-template-columns: 26rem 22rem; max-width: none; justify-content: center; align-items: start; gap: var(--gap-6); padding: var(--gap-6); }
  .customer .stage > :only-child { grid-column: 1 / -1; width: 26rem; justify-self: center; }
  .phone-code, .wide-only { display: block; }
}

.dashboard .top { display: flex; flex-wrap: wrap; align-items: center; gap: var(--gap-2) var(--gap-6); padding: var(--gap-3) var(--gap-4); background: var(--surface); border-bottom: 1px solid var(--line); }
.dashboard .top .brand { font-weight: 700; color: inherit; text-decoration: none; }
.dashboard .top form { display: flex; flex-wrap: wrap; gap: var(--gap-2); align-items: center; margin: 0; max-width: 100%; }
.dashboard .top select { min-width: 0; }
.dashboard .clock { margin-left: auto; font-variant-numeric: tabular-nums; }
.tabs { display: flex; flex-wrap: wrap; gap: 0 var(--gap-4); padding: 0 var(--gap-4); background: var(--surface); border-bottom: 1px solid var(--line); }
.tabs a { padding: var(--gap-2) 0; color: var(--quiet); text-decoration: none; white-space: nowrap; border-bottom: 3px solid transparent; }
.tabs a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
.dashboard main { max-width: 80rem; margin: 0 auto; padding: var(--gap-4); }
.dashboard .filters { display: flex; flex-wrap: wrap; gap: var(--gap-2); align-items: stretch; margin: 0 0 var(--gap-4); }
.dashboard .filters label { font-size: var(--small); font-weight: 500; color: var(--quiet); }
.dashboard .filters > div { display: flex; flex-direction: column; } .dashboard .filters input, .dashboard .filters select { flex: 1; } .dashboard .filters > button { align-self: end; }
.dashboard .filters .wide { flex: 1 1 14rem; } .dashboard .filters .wide input { width: 100%; }
.dashboard .scroll { overflow-x: auto; }
.dashboard td, .dashboard th { border-bottom: 1px solid var(--line); }
.dashboard tr:last-child td { border-bottom: 0; }
.dashboard td { font-size: var(--small); max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
.dashboard td.number, .dashboard th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dashboard td time, .dashboard td.short { white-space: nowrap; }
.dashboard button, .dashboard .button { white-space: nowrap; }
.badge { display: inline-block; padding: 0 var(--gap-2); border: 1px solid currentcolor; border-radius: 1rem; font-size: var(--small); line-height: 1.6; white-space: nowrap; }
.pages { display: flex; gap: var(--gap-4); margin: var(--gap-3) 0 0; }
.actions { display: flex; flex-wrap: wrap; gap: var(--gap-2); margin: 0 0 var(--gap-4); }
.actions form { margin: 0; display: flex; gap: var(--gap-1); }
.actions input, .actions select { padding: var(--gap-1) var(--gap-2); font-size: var(--small); }
.actions button, .dashboard td button { padding: var(--gap-1) var(--gap-3); font-size: var(--small); }
.notice { padding: var(--gap-2) var(--gap-4); border-radius: var(--round); border: 1px solid currentcolor; }
.columns { display: grid; gap: var(--gap-4); }
@media (min-width: 60rem) { .columns { grid-template-columns: 22rem 1fr; align-items: start; } .columns > *, .columns li { min-width: 0; } }
.story { border-left: 2px solid var(--line); margin-left: var(--gap-2); }
.story > li { position: relative; padding: 0 0 var(--gap-4) var(--gap-4); }
.story > li::before { content: ""; position: absolute; left: -7px; top: .45em; width: 12px; height: 12px; border-radius: 50%; background: var(--surface); border: 2px solid var(--quiet); }
.story > li.good::before { border-color: var(--good); background: var(--good); } .story > li.bad::before { border-color: var(--bad); background: var(--bad); }
.story > li > * { color: var(--ink); } .story > li > .quiet { color: var(--quiet); } .story > li.quiet { font-size: inherit; }
.story details { margin: var(--gap-1) 0 0; font-size: var(--small); }
.story p { margin: 0; }
meter { width: 8rem; }
@media (scripting: enabled) { .without-script { display: none; } }
@media (max-width: 48rem) {
  .rows thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .rows, .rows tbody, .rows tr { display: block; }
  .rows tr { padding: var(--gap-2) 0; border-bottom: 1px solid var(--line); } .rows tr:last-child { border-bottom: 0; }
  .dashboard .rows td { display: flex; justify-content: space-between; gap: var(--gap-4); max-width: none; padding: var(--gap-1) 0; border: 0; white-space: normal; text-align: right; }
  .rows td::before { content: attr(data-name); color: var(--quiet); text-align: left; white-space: nowrap; }
  .rows td:empty { display: none; } .rows td > * { min-width: 0; } .rows td details[open] { width: 100%; text-align: left; }
}
`
