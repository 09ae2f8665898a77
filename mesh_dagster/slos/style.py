"""How the page of service levels looks, by day and by night. Nothing is loaded for it."""

STYLE = """
:root{--ink:#16202a;--soft:#5c6873;--paper:#f3f5f7;--card:#fff;--rule:#e3e8ec;--line:#2566a8;
--area:#2566a81c;--bad:#c0332b;--band:#c0332b1f;--warn:#a8650a;--good:#23804c;--cell:#4cb17a;
--amber:#e3a33b}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#98a4af;--paper:#12171b;
--card:#1b2126;--rule:#323b44;--line:#6ab1f2;--area:#6ab1f229;--bad:#ff8a80;--band:#ff8a8030;
--warn:#f5b35c;--good:#6fd39b;--cell:#3f9a69;
--amber:#d9a441}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:36px 24px 64px}
h1{font-size:27px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:19px;margin:0}p{margin:4px 0}.soft{color:var(--soft)}
.verdict{font-size:19px;font-weight:600;margin:14px 0 0}
.met{color:var(--good)}.at_risk,.burning{color:var(--warn)}.breached{color:var(--bad)}
.unmeasured{color:var(--soft)}
.chips{display:grid;grid-template-columns:repeat(auto-fill,minmax(235px,1fr));gap:12px;
margin:18px 0 26px}.chip{display:flex;gap:14px;align-items:center;background:var(--card);
border:1px solid var(--rule);border-radius:12px;padding:12px 16px;color:inherit;
text-decoration:none}.chip:hover{border-color:var(--soft)}
.chip b{display:block;font-size:20px;line-height:1.25}.chip small{font-size:13px;font-weight:600}
.ring{width:54px;flex:none}.ring circle{fill:none;stroke-width:6}.rim{stroke:var(--rule)}
.arc{stroke:currentColor}
.card{background:var(--card);border:1px solid var(--rule);border-radius:14px;
padding:22px 24px;margin:0 0 20px;scroll-margin-top:12px}
.head{display:flex;gap:12px;align-items:center;flex-wrap:wrap}
.state{font-size:13px;font-weight:600;border:1px solid currentColor;border-radius:20px;
padding:1px 11px}
.strip{display:flex;gap:3px;height:34px;margin:16px 0 3px}
.strip i{flex:1;border-radius:3px;background:var(--rule);position:relative;min-width:0}
.strip .good{background:var(--cell)}
.strip .fair{background:color-mix(in srgb,var(--cell) 55%,var(--rule))}
.strip .poor{background:var(--amber)}.strip .bad{background:var(--bad)}
.strip b{display:none;position:absolute;bottom:calc(100% + 5px);left:50%;
transform:translateX(-50%);white-space:nowrap;background:var(--ink);color:var(--card);
font:12px/1.4 system-ui,sans-serif;padding:3px 8px;border-radius:5px;z-index:1}
.strip i:hover b{display:block}
.strip i:nth-child(-n+6) b{left:0;transform:none}
.strip i:nth-last-child(-n+6) b{left:auto;right:0;transform:none}
.ends{display:flex;justify-content:space-between;font-size:12px;color:var(--soft)}
.bar{height:9px;border-radius:5px;background:var(--rule);margin:12px 0 4px;overflow:hidden}
.bar i{display:block;height:100%;background:currentColor}
.bar .spent{background:repeating-linear-gradient(-45deg,var(--bad) 0 7px,var(--band) 7px 12px)}
.two{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));
gap:14px 32px;margin-top:18px}figure{margin:0}
figcaption,h3{font-size:13px;font-weight:600;color:var(--soft);margin:0 0 6px}
svg.plot{width:100%;height:auto;display:block}.grid{stroke:var(--rule)}
.tick{font-size:11px;fill:var(--soft)}.mark{font-size:12px;font-weight:600;
fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4}
.line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round}
.dot{fill:var(--line)}.area{fill:var(--area)}.under,.band{fill:var(--band)}
.limit{stroke:var(--bad);stroke-dasharray:5 4}.column{fill:var(--bad)}
.meter{margin:0 0 10px}.meter div:first-child{display:flex;gap:8px;font-size:13px;
color:var(--soft)}.meter b{color:var(--ink);width:58px}.meter span{margin-left:auto}
.meter .bar{height:6px;margin:3px 0 0}.meter.burning span{color:var(--warn);font-weight:600}
.quiet{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));gap:0 20px}
table{border-collapse:collapse;width:100%;font-size:14px}
td{padding:4px 14px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top}
"""
