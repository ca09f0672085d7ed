"""How the page looks: one style sheet, in the reader's own light or dark, as wide as the screen is."""

SHEET = """
:root { --back:#fff; --ink:#1c2024; --soft:#60646c; --line:#d9d9e0; --card:#f7f7f9; --accent:#0b68cb;
  --user:#e6f1fe; --model:#e9f6ea; --system:#f3eefc; --tool:#fff4d6; --bad:#c62a2f; }
@media (prefers-color-scheme: dark) {
  :root { --back:#111316; --ink:#e8e9ec; --soft:#a0a4ab; --line:#34373d; --card:#191c20; --accent:#6cb2ff;
    --user:#15283d; --model:#16291b; --system:#241f35; --tool:#322a12; --bad:#ff8b8f; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--back); color:var(--ink);
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif; }
main { max-width:60rem; margin:0 auto; padding:1.5rem 1rem 4rem; }
h1 { font-size:1.5rem; margin:0 0 .25rem; } h2 { font-size:1.2rem; margin:2.5rem 0 .75rem; }
h3 { font-size:1rem; margin:1.25rem 0 .5rem; }
a { color:var(--accent); } .note { color:var(--soft); font-size:.85rem; margin:.25rem 0; overflow-wrap:anywhere; }
code,pre { font:.85rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; overflow-wrap:anywhere; }
pre { white-space:pre-wrap; background:var(--card); border:1px solid var(--line); border-radius:.5rem;
  padding:.6rem .75rem; margin:.4rem 0; max-height:30rem; overflow:auto; }
.tiles { display:flex; flex-wrap:wrap; gap:.5rem; list-style:none; padding:0; margin:0 0 1rem; }
.tiles li { background:var(--card); border:1px solid var(--line); border-radius:.5rem; padding:.4rem .8rem; }
.list { padding-left:1.1rem; margin:0; }
.wide { overflow-x:auto; } table { border-collapse:collapse; width:100%; font-size:.9rem; }
th,td { text-align:left; padding:.35rem .6rem; border-bottom:1px solid var(--line); vertical-align:top; }
th { color:var(--soft); font-weight:600; white-space:nowrap; } .number { text-align:right; }
td { overflow-wrap:break-word; } th.number { text-align:right; }
@media (max-width: 40rem) { th,td { padding:.3rem .4rem; } }
details { border:1px solid var(--line); border-radius:.6rem; margin:.6rem 0; background:var(--back); }
summary { cursor:pointer; padding:.6rem .8rem; display:flex; flex-wrap:wrap; gap:.15rem .6rem; align-items:baseline; }
summary b { white-space:nowrap; } summary span { overflow-wrap:anywhere; min-width:0; } summary .note { margin:0; }
.body { padding:0 .8rem .8rem; } .url { overflow-wrap:anywhere; }
.badge { font-size:.75rem; border:1px solid var(--line); border-radius:1rem; padding:0 .5rem; color:var(--soft); }
.badge.bad,.error { color:var(--bad); } .error { overflow-wrap:anywhere; }
.turn { border-radius:.6rem; padding:.5rem .75rem; margin:.5rem 0; background:var(--model); }
.turn.user { background:var(--user); } .turn.system { background:var(--system); } .turn.tool { background:var(--tool); }
.role { display:block; font-size:.75rem; font-weight:600; color:var(--soft); }
.words { white-space:pre-wrap; overflow-wrap:anywhere; } .words.reasoning { font-style:italic; color:var(--soft); }
.words.refusal { color:var(--bad); } .media,.call { overflow-wrap:anywhere; }
.call code { margin:0 .5rem; } .call .words { margin-top:.25rem; }
figure { margin:.75rem 0 0; } figcaption { color:var(--soft); font-size:.8rem; }
.timeline { display:block; width:100%; height:5.5rem; background:var(--card); border-radius:.4rem; }
.area { fill:var(--accent); opacity:.35; } .mark { stroke:var(--accent); stroke-width:1; }
footer { margin-top:3rem; }
"""
