"""How pages of the graph look, by day and by night. Nothing is loaded for them."""

STYLE = """
:root{--ink:#16202a;--soft:#5c6873;--paper:#f3f5f7;--card:#fff;--rule:#e3e8ec;--line:#9aa7b3;
--hot:#2566a8;--warn:#a8650a;--bad:#c0332b;--good:#23804c;--amber:#e3a33b;
--source-aligned:#3b7dd8;--aggregate:#8a5cd0;--consumer-aligned:#1f9d80;--source:#8b98a5}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecef;--soft:#98a4af;--paper:#12171b;
--card:#1b2126;--rule:#323b44;--line:#5b6874;--hot:#6ab1f2;--warn:#f5b35c;--bad:#ff8a80;
--good:#6fd39b;--amber:#d9a441;--source-aligned:#6ba3f0;--aggregate:#b190ec;
--consumer-aligned:#4cc8a9;--source:#74818d}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1900px;margin:0 auto;padding:36px 24px 64px}
h1{font-size:27px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;margin:32px 0 8px}p{margin:4px 0}.soft{color:var(--soft)}
.picture{background:var(--card);border:1px solid var(--rule);border-radius:14px;overflow:auto;
margin:20px 0 0}.picture svg{display:block;margin:0 auto}.picture .fits{max-width:100%;height:auto}
@media(max-width:700px){.picture .fits{max-width:none}}
.key{display:flex;gap:8px 22px;flex-wrap:wrap;font-size:13px;color:var(--soft);margin:14px 0 0}
.key span{display:flex;gap:7px;align-items:center}.key i{width:12px;height:12px;border-radius:4px;
display:inline-block}.key .round{border-radius:50%}
svg text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}
svg .small{font-size:11.5px;fill:var(--soft)}svg .bold{font-weight:600}
svg .head{font-size:15px;font-weight:650}
.box{fill:var(--card);stroke:var(--rule);stroke-width:1.2}.start .box{stroke:var(--hot);
stroke-width:2.4}.domain{fill:var(--paper);stroke:var(--rule)}
.bar.source-aligned,i.source-aligned{fill:var(--source-aligned);background:var(--source-aligned)}
.bar.aggregate,i.aggregate{fill:var(--aggregate);background:var(--aggregate)}
.bar.consumer-aligned,i.consumer-aligned{fill:var(--consumer-aligned);
background:var(--consumer-aligned)}
.bar.source,i.source{fill:var(--source);background:var(--source)}.bar{fill:var(--rule)}
.slo{fill:var(--rule)}.slo.met,i.met{fill:var(--good);background:var(--good)}
.slo.at_risk,i.at_risk{fill:var(--amber);background:var(--amber)}
.slo.burning,i.burning{fill:var(--warn);background:var(--warn)}
.slo.breached,i.breached{fill:var(--bad);background:var(--bad)}i.none{background:var(--rule)}
.arrow{fill:none;stroke:var(--line);stroke-width:1.5;opacity:.75}
.arrow.perhaps{stroke-dasharray:5 4}.head-of{fill:var(--line)}
.arrow.undeclared{stroke:var(--bad)}
svg.many .arrow{opacity:.28;stroke-width:1.1}
svg.focus .arrow{opacity:.1}svg.focus .arrow.on{opacity:1;stroke:var(--hot);stroke-width:2.2}
svg.focus .node .box,svg.focus .node text{opacity:.4}
svg.focus .on .box,svg.focus .on>text{opacity:1}.node{cursor:default}
table{border-collapse:collapse;width:100%;font-size:14px}
td,th{text-align:left;padding:5px 16px 5px 0;border-bottom:1px solid var(--rule);
vertical-align:top}th{font-size:12px;color:var(--soft);font-weight:600}code{font-size:13px;white-space:nowrap}
"""

SCRIPT = """
function same(a,b){return a===b||a.startsWith(b+'/')||b.startsWith(a+'/');}
document.querySelectorAll('svg').forEach(function(svg){
  var arrows=svg.querySelectorAll('.arrow'),nodes=svg.querySelectorAll('.node');
  nodes.forEach(function(node){
    node.addEventListener('mouseover',function(event){
      event.stopPropagation();
      var id=node.dataset.id,near=[id];
      arrows.forEach(function(a){
        var on=same(a.dataset.from,id)||same(a.dataset.to,id);
        a.classList.toggle('on',on);
        if(on){near.push(a.dataset.from,a.dataset.to);}
      });
      nodes.forEach(function(n){
        n.classList.toggle('on',near.some(function(each){return same(each,n.dataset.id);}));
      });
      svg.classList.add('focus');
    });
    node.addEventListener('mouseleave',function(){svg.classList.remove('focus');});
  });
});
"""
