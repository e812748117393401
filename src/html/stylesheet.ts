/** The one stylesheet: system fonts, both colour schemes, phone width first. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #eef2f7; --surface: #fff; --ink: #16202b; --quiet: #51606f; --line: #d3dce6;
  --accent: #0b5fc4; --on-accent: #fff; --good: #0d6b3f; --bad: #b3261e;
  --strip: #ffe9a8; --on-strip: #3d2f00; --strip-line: #b98900;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f151c; --surface: #18212b; --ink: #e8eef5; --quiet: #a5b3c1; --line: #344353;
    --accent: #7db6ff; --on-accent: #08203f; --good: #74d6a2; --bad: #ff9d94;
    --strip: #3a2f0c; --on-strip: #ffe9a8; --strip-line: #b98900;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 26rem; margin: 0 auto; padding: 1rem; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; }
h1 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; }
.brand { color: var(--accent); font-weight: 700; letter-spacing: .02em; margin: 0 0 .75rem; }
.amount { font-size: 1.75rem; font-weight: 700; margin: 0 0 1rem; }
.quiet { color: var(--quiet); font-size: .9rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1rem; }
dl.lines { grid-template-columns: 1fr auto; } dl.lines dd { white-space: nowrap; }
dt { color: var(--quiet); } dd { margin: 0; text-align: right; }
label { display: block; font-weight: 600; margin: 0 0 .25rem; }
input[type=text], input[type=tel], input[type=password] {
  width: 100%; font: inherit; font-size: 1.1rem; padding: .6rem .75rem; margin: 0 0 .75rem;
  color: var(--ink); background: var(--surface); border: 1px solid var(--quiet); border-radius: .5rem;
}
button, .button {
  display: block; width: 100%; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
  padding: .65rem 1rem; border-radius: .5rem; border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent);
}
button.second, .button.second { background: transparent; color: var(--accent); margin-top: .5rem; }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
legend { font-weight: 600; margin: 0 0 .25rem; padding: 0; }
.choice { display: flex; gap: .6rem; align-items: center; font-weight: 400; padding: .6rem .75rem; margin: 0 0 .5rem; border: 1px solid var(--line); border-radius: .5rem; }
:focus-visible { outline: 3px solid var(--strip-line); outline-offset: 2px; }
.banner, .strip { background: var(--strip); color: var(--on-strip); font-size: .9rem; }
.banner { margin: 0; padding: .35rem 1rem; text-align: center; font-weight: 600; border-bottom: 2px solid var(--strip-line); }
.strip { max-width: 24rem; margin: 1rem auto; padding: .75rem 1rem; border: 2px dashed var(--strip-line); border-radius: .75rem; }
.strip p { margin: 0; }
.strip .outcomes { display: flex; flex-wrap: wrap; gap: .4rem; padding: .5rem 0 .75rem; }
.strip button { width: auto; padding: .3rem .6rem; font-size: .85rem; background: transparent; color: inherit; border-color: currentcolor; }
.strip table { border-collapse: collapse; }
.strip td, .strip th { text-align: left; padding: .1rem 1rem .1rem 0; font-weight: 400; }
nav { margin-top: 1rem; text-align: center; font-size: .9rem; }
nav a { color: var(--accent); }
ul { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid var(--line); padding: .5rem 0; font-size: .9rem; }
`
