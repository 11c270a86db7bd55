/**
 * The style sheet of a plan's page: light and dark as the reader's system is, black on white on
 * paper. Every colour of text has a contrast of at least 4.5 with what it stands on (WCAG 2.1, 1.4.3).
 */

import { GROUNDS, MONO, SANS, themeRules } from '../../present/theme.js';

/** Colours by name; `light` also on paper. */
export const PALETTE = {
  light: {
    ...GROUNDS.light,
    ksk: '#3d4db3',
    csk: '#7a3c96',
    zsk: '#0a6b78',
    'bar-ink': '#ffffff',
    act: '#a63d05',
    'act-ink': '#ffffff',
    now: '#b81d52',
    'now-ink': '#ffffff',
  },
  dark: {
    ...GROUNDS.dark,
    ksk: '#a3b3ff',
    csk: '#dcaef2',
    zsk: '#6ad0c8',
    'bar-ink': '#12161c',
    act: '#ffb680',
    'act-ink': '#12161c',
    now: '#ff92b4',
    'now-ink': '#12161c',
  },
} as const;

/** Pairs of text and ground that occur on the page. */
export const TEXT_ON: readonly (readonly [text: string, ground: string])[] = [
  ['ink', 'paper'],
  ['ink', 'panel'],
  ['dim', 'paper'],
  ['dim', 'panel'],
  ['act', 'paper'],
  ['act', 'panel'],
  ['bar-ink', 'ksk'],
  ['bar-ink', 'csk'],
  ['bar-ink', 'zsk'],
  ['act-ink', 'act'],
  ['now-ink', 'now'],
];

const ROLES = ['ksk', 'csk', 'zsk'] as const;

/** The patterns of phases and record states, for the top of the page. */
export function patterns(): string {
  const each = ROLES.map(
    (
      role,
    ) => `<pattern id="${role}-ahead" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="6" height="6"/><rect class="${role}-fill" width="2.4" height="6"/></pattern>
<pattern id="${role}-after" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="ground" width="5" height="5"/><circle class="${role}-fill" cx="2.5" cy="2.5" r="1.35"/></pattern>`,
  );
  return `<svg width="0" height="0" class="patterns" aria-hidden="true" xmlns="http://www.w3.org/2000/svg"><defs>\n${each.join('\n')}\n</defs></svg>`;
}

const byRole = ROLES.map(
  (role) => `.${role}-fill{fill:var(--${role})}
.${role} .phase,.${role} .record{stroke:var(--${role})}
.${role} .in-use,.${role} .omnipresent{fill:var(--${role})}
.${role} .coming,.${role} .rumoured{fill:url(#${role}-ahead)}
.${role} .retiring,.${role} .unretentive{fill:url(#${role}-after)}`,
).join('\n');

/** The text of the `style` element. */
export const STYLE = `${themeRules(PALETTE)}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:28px 32px 48px;max-width:1240px;background:var(--paper);color:var(--ink);font:15px/1.5 ${SANS};font-variant-numeric:tabular-nums}
h1{font-size:26px;line-height:1.25;margin:0;font-weight:650;letter-spacing:-.01em}
h2{font-size:21px;margin:0 0 2px;font-weight:650}
h3{font-size:16px;margin:36px 0 6px;font-weight:650}
h1,h2,h3{overflow-wrap:anywhere}
p{margin:6px 0}
a{color:inherit}
code{font:12.5px/1.45 ${MONO};overflow-wrap:anywhere}
.dim{color:var(--dim)}
.patterns{position:absolute}
nav ul{list-style:none;padding:0;margin:18px 0 0;border-top:1px solid var(--line)}
nav li{padding:7px 0;border-bottom:1px solid var(--line);display:flex;gap:6px 20px;flex-wrap:wrap}
nav a{font-weight:600;min-width:110px;overflow-wrap:anywhere}
.zone:only-child{margin-top:0;border-top:0;padding-top:0}
.zone:not(:only-child){margin-top:40px;padding-top:24px;border-top:3px solid var(--ink)}
.next{display:flex;flex-wrap:wrap;gap:10px;margin:14px 0 4px;padding:0;list-style:none}
.next li{background:var(--panel);border-left:4px solid var(--line);padding:8px 14px;flex:1 1 300px}
.next li.you{border-left-color:var(--act)}
.next b{display:block;font-size:12.5px;font-weight:600;color:var(--dim)}
.next .you b{color:var(--act)}
.facts{display:flex;flex-wrap:wrap;gap:4px 26px;margin:16px 0 0;padding:0}
.facts div{min-width:0}
.facts dt{font-size:12.5px;color:var(--dim)}
.facts dd{margin:0}
figure{margin:22px 0 8px}
figcaption{font-size:13px;color:var(--dim);margin-top:8px}
.picture{display:block;overflow:visible;font-size:12px}
.picture text{fill:var(--ink)}
.picture .mark{overflow:visible}
.picture .band{font-weight:600;font-size:12.5px}
.picture .tick{fill:var(--dim);font-size:11.5px}
.picture .group{fill:var(--dim);font-size:12px;font-weight:600}
.picture .grid{stroke:var(--line);stroke-width:1}
.picture .major{stroke:var(--dim);stroke-opacity:.45}
.picture .axis{stroke:var(--dim);stroke-width:1}
.picture .rail{stroke:var(--line);stroke-width:1}
.picture .lane-name,.picture .group{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.picture .name{font-weight:650}
.picture .future{font-style:italic}
.picture .fact{fill:var(--dim);font-weight:400;font-style:normal;font-size:11.5px}
.picture .record-name{fill:var(--dim);font-size:10.5px}
.picture .phase-text{fill:var(--bar-ink);font-size:11.5px}
.phase,.record{stroke-width:1}
.picture .leaving{fill:var(--paper);stroke-dasharray:2 2}
${byRole}
.picture .record.awaits{stroke:var(--act);stroke-width:1.6;stroke-dasharray:4 2}
.ground{fill:var(--paper)}
.picture .now{stroke:var(--now);stroke-width:1.6}
.picture .now-flag{fill:var(--now)}
.picture .now-text{fill:var(--now-ink);font-size:10.5px;font-weight:600;text-anchor:middle}
.picture .act-line{stroke:var(--act);stroke-width:1.2;stroke-dasharray:5 3}
.picture .act-sign{fill:var(--act)}
.picture .act-text{fill:var(--act-ink);font-weight:700;font-size:11px;text-anchor:middle}
.picture .step-line{stroke:var(--dim);stroke-width:1;stroke-dasharray:1 3}
.picture .step-sign{fill:var(--paper);stroke:var(--dim);stroke-width:1.2}
.picture .step-text{font-size:10.5px;font-weight:600;text-anchor:middle}
.slim{display:none}
.legend{display:flex;flex-wrap:wrap;gap:6px 22px;list-style:none;margin:10px 0 0;padding:0;font-size:13px;color:var(--dim)}
.legend li{display:flex;align-items:center;gap:8px}
.legend svg{flex:none;overflow:visible}
table{border-collapse:collapse;width:100%;margin:10px 0 0;font-size:14px}
/* For those who hear the page: the heading above says the same. */
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-bottom:1px solid var(--line)}
thead th{font-size:12.5px;font-weight:600;color:var(--dim);border-bottom-color:var(--dim)}
tbody th{font-weight:600}
.steps col.no{width:34px}
.steps col.when{width:150px}
.steps col.who{width:118px}
.steps col.what{width:34%}
td.when span{display:block;color:var(--dim)}
.who-operator{color:var(--act);font-weight:650}
tr.operator td{background:var(--panel)}
tr.quiet td.what{color:var(--dim)}
.why{color:var(--dim)}
.no-step{display:inline-block;min-width:20px;height:20px;line-height:18px;text-align:center;border:1px solid var(--dim);border-radius:10px;font-size:11.5px;font-weight:600;padding:0 3px}
.no-act{display:inline-block;min-width:22px;height:20px;line-height:20px;text-align:center;background:var(--act);color:var(--act-ink);font-size:11.5px;font-weight:700;padding:0 4px}
.assumed{border:1px solid var(--dim);color:var(--dim);font-size:12px;padding:0 5px;margin-left:4px;white-space:nowrap}
ol.acts{list-style:none;margin:6px 0 0;padding:0}
ol.acts li{display:flex;gap:12px;padding:5px 0;border-bottom:1px solid var(--line)}
ol.acts .when{flex:0 0 104px;font-weight:600;white-space:nowrap}
footer{margin-top:40px;padding-top:12px;border-top:1px solid var(--line);font-size:13px;color:var(--dim)}
@media (max-width:700px){
body{padding:18px 16px 32px}
.wide{display:none}
.slim{display:inline}
h1{font-size:22px}
.keys,.keys tbody,.keys tr,.keys td,.keys th,.steps,.steps tbody,.steps tr,.steps td{display:block;border:0;padding:0;width:auto}
.keys thead,.steps thead,.steps colgroup{display:none}
.keys tr,.steps tr{padding:8px 0;border-bottom:1px solid var(--line)}
.keys td{display:flex;gap:8px}
.keys td::before{content:attr(data-head);flex:0 0 120px;color:var(--dim);font-size:13px}
.steps tr.operator{border-left:4px solid var(--act);padding-left:10px}
.steps td:empty,.keys td:empty{display:none}
td.when span{display:inline;margin-left:6px}
.steps td.no{float:left;margin-right:8px}
}
@page{size:landscape;margin:10mm}
@media print{
body{padding:0;max-width:none;zoom:.72;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.zone,.zone:not(:only-child){break-before:page;border-top:0;margin-top:0;padding-top:0}
.zone:only-child{break-before:auto}
figure,tr,.legend,ol.acts li,.next,.facts{break-inside:avoid}
h2,h3,h3+p,h3+p+p,thead{break-after:avoid}
tbody tr:first-child{break-before:avoid}
thead{display:table-header-group}
nav a{text-decoration:none}
}
`;
