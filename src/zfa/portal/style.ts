/**
 * The portal's style sheet: light and dark as the reader's system is, black on white on paper. Every
 * colour of text has a contrast of at least 4.5 with what it stands on, every mark that means
 * something one of at least 3 (WCAG 2.1, 1.4.3 and 1.4.11). Distances are multiples of 4 pixels.
 */

import { GROUNDS, MONO, SANS, themeRules } from '../../present/theme.js';

/** Colours by name; `light` also on paper. */
export const PALETTE = {
  light: {
    ...GROUNDS.light,
    edge: '#7c8798',
    link: '#3d4db3',
    strong: '#3d4db3',
    'strong-ink': '#ffffff',
    'strong-over': '#2f3d96',
    added: '#0a6b78',
    removed: '#a63d05',
    error: '#a8123e',
    'error-panel': '#fdf0f3',
    warning: '#8a4b00',
    'warning-panel': '#fff6e5',
    good: '#0a6b57',
    'good-panel': '#ecf8f4',
  },
  dark: {
    ...GROUNDS.dark,
    edge: '#78859a',
    link: '#a3b3ff',
    strong: '#a3b3ff',
    'strong-ink': '#12161c',
    'strong-over': '#c3cdff',
    added: '#6ad0c8',
    removed: '#ffb680',
    error: '#ff92b4',
    'error-panel': '#2b1820',
    warning: '#ffc46b',
    'warning-panel': '#29200f',
    good: '#74d8b4',
    'good-panel': '#12261f',
  },
} as const;

/** Pairs of text and ground that occur on the pages. */
export const TEXT_ON: readonly (readonly [text: string, ground: string])[] = [
  ...['ink', 'dim', 'link', 'added', 'removed'].flatMap((text) => [
    [text, 'paper'] as const,
    [text, 'panel'] as const,
  ]),
  ['strong-ink', 'strong'],
  ['strong-ink', 'strong-over'],
  ...['error', 'warning', 'good'].flatMap((kind) => [
    [kind, `${kind}-panel`] as const,
    ['ink', `${kind}-panel`] as const,
  ]),
];

/** Marks that mean something, and their ground. */
export const MARK_ON: readonly (readonly [mark: string, ground: string])[] = [
  ['edge', 'paper'],
  ['edge', 'panel'],
  ['strong', 'paper'],
  ['added', 'paper'],
  ['removed', 'paper'],
];

/** The text of the style sheet. */
export const STYLE = `${themeRules(PALETTE)}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:16px}
body{margin:0 auto;padding:0 32px 48px;max-width:1180px;background:var(--paper);color:var(--ink);font:15px/1.5 ${SANS};font-variant-numeric:tabular-nums}
h1{font-size:28px;line-height:1.25;margin:32px 0 8px;font-weight:650;letter-spacing:-.01em}
h2{font-size:22px;line-height:1.3;margin:0 0 4px;font-weight:650;letter-spacing:-.005em}
h3{font-size:16px;margin:0 0 4px;font-weight:650}
h1,h2,h3,dd,th,.notice{overflow-wrap:anywhere}
p{margin:0 0 12px;max-width:72ch}
a{color:var(--link);text-underline-offset:3px;text-decoration-thickness:1px}
a:hover{text-decoration-thickness:2px}
code{font:13px/1.5 ${MONO};overflow-wrap:anywhere}
.dim{color:var(--dim)}
.vh{position:absolute;width:1px;height:1px;margin:-1px;padding:0;overflow:hidden;clip-path:inset(50%);white-space:nowrap;border:0}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
main:focus{outline:none}
.skip{position:absolute;left:16px;top:-80px;background:var(--paper);padding:12px 16px;z-index:1}
.skip:focus{top:8px}
section{margin-top:40px}
.bar{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:8px 24px;padding:16px 0;border-bottom:1px solid var(--line)}
.bar p{margin:0}
.brand{display:inline-flex;align-items:center;gap:10px;font-weight:650;color:var(--ink);text-decoration:none}
.logo rect{fill:var(--strong)}
.logo path{fill:none;stroke:var(--strong-ink);stroke-width:2}
.host{color:var(--dim);overflow-wrap:anywhere}
.who{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px}
.who b{font-weight:650;overflow-wrap:anywhere}
button,.button{display:inline-flex;align-items:center;gap:8px;min-height:36px;padding:6px 14px;border:1px solid var(--edge);border-radius:6px;background:var(--paper);color:var(--ink);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
button:hover,.button:hover{background:var(--panel);border-color:var(--ink)}
.primary{min-height:44px;padding:8px 20px;background:var(--strong);border-color:var(--strong);color:var(--strong-ink)}
.primary:hover{background:var(--strong-over);border-color:var(--strong-over);color:var(--strong-ink)}
.notice{max-width:800px;margin:20px 0;padding:12px 16px;border-left:4px solid;border-radius:0 6px 6px 0}
.notice p{margin:0;color:var(--ink)}
.notice .notice-title{font-weight:650;color:inherit}
.notice.error{background:var(--error-panel);color:var(--error)}
.notice.warning{background:var(--warning-panel);color:var(--warning)}
.notice.good{background:var(--good-panel);color:var(--good)}
.empty{margin:16px 0;padding:20px;border:1px dashed var(--edge);border-radius:6px;color:var(--dim);max-width:none}
.facts{display:flex;flex-wrap:wrap;gap:12px 40px;margin:16px 0 0}
.facts dt,.stats dt{font-size:13px;color:var(--dim)}
.facts dd{margin:0;font-weight:550}
.facts .dim{font-weight:400}
.contents ul{display:flex;flex-wrap:wrap;gap:0 4px;list-style:none;margin:24px 0 0;padding:4px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
.contents a{display:block;padding:8px 12px;overflow-wrap:anywhere}
.contents li:first-child a{padding-left:0}
.zone{padding-top:32px;border-top:1px solid var(--line)}
.latest{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:16px 32px;margin:16px 0;padding:20px 24px;border-radius:8px;background:var(--panel)}
.latest p{margin:0}
.latest-day{font-size:18px;font-weight:650}
.tag{display:inline-block;margin-left:8px;padding:0 8px;border:1px solid var(--edge);border-radius:10px;color:var(--dim);font-size:12px;font-weight:600;line-height:18px;vertical-align:2px}
.actions{display:flex;flex-wrap:wrap;gap:12px}
.actions .button{min-height:44px;padding:8px 20px}
.size{font-weight:400}
.hint{font-size:14px;margin-top:12px}
.stats{display:flex;flex-wrap:wrap;gap:12px 48px;margin:16px 0 24px}
.stats dd{margin:0;font-size:24px;line-height:1.3;font-weight:600;letter-spacing:-.01em;white-space:nowrap}
.stats .added dd{color:var(--added)}
.stats .removed dd{color:var(--removed)}
table{width:100%;border-collapse:collapse;font-size:14px}
caption{padding:0 0 4px;text-align:left;font-size:16px;font-weight:650}
th,td{padding:8px 20px 8px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:13px;font-weight:600;color:var(--dim);border-bottom-color:var(--edge);white-space:nowrap}
tbody th{font-weight:600;white-space:nowrap}
.num{text-align:right;white-space:nowrap}
.links a{display:inline-block;margin-right:12px;white-space:nowrap}
.links a:last-child{margin-right:0}
.earlier{margin-top:24px;max-width:680px}
.days-box{margin-top:32px}
.hash summary{cursor:pointer;color:var(--link);white-space:nowrap}
.hash p{margin:4px 0}
.hash p code{display:block;width:16ch;overflow-wrap:anywhere;word-break:break-all}
.copy{min-height:28px;padding:2px 10px;font:600 13px/1.5 ${SANS}}
.growth{margin:0}
.growth-picture{display:block;width:100%;padding:0 0 0 60px;overflow:visible;font-size:12px}
.growth-picture text{fill:var(--dim)}
.growth-picture .panel{font-weight:600;fill:var(--ink)}
.growth-picture .level{text-anchor:end;font-size:11.5px}
.growth-picture .tick{font-size:11.5px}
.growth-picture .band{font-weight:600}
.growth-picture .slim{display:none}
.grid{stroke:var(--line);stroke-width:1}
.zero{stroke:var(--edge);stroke-width:1}
.tick-mark{stroke:var(--edge);stroke-width:1}
.curve{overflow:visible}
.curve path{fill:none;stroke:var(--strong);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.last{fill:var(--strong);stroke:var(--paper);stroke-width:2}
rect.added{fill:var(--added)}
rect.removed{fill:var(--removed)}
.reach{fill:var(--edge);fill-opacity:0}
.stretch:hover .reach{fill-opacity:.14}
.legend{display:flex;flex-wrap:wrap;gap:4px 24px;list-style:none;margin:8px 0 0;padding:0 0 0 60px;font-size:13px;color:var(--dim)}
.legend li{display:flex;align-items:center;gap:8px}
.key{width:12px;height:12px;flex:none}
.key.names{height:0;width:18px;border-top:2px solid var(--strong)}
.key.added{background:var(--added)}
.key.removed{background:var(--removed)}
.numbers{margin:8px 0 0 60px}
.numbers summary{width:max-content;cursor:pointer;color:var(--link);font-size:14px;padding:4px 0}
.numbers .scroll{max-width:560px;overflow-x:auto}
.numbers th,.numbers td{padding-top:4px;padding-bottom:4px}
.agreement-text{max-width:800px;max-height:420px;margin:16px 0;padding:16px 20px;overflow:auto;border:1px solid var(--edge);border-radius:6px;background:var(--panel);overflow-wrap:anywhere}
.agreement-text p:last-child{margin:0}
.tick{display:flex;align-items:baseline;gap:10px}
.tick input{flex:none;width:18px;height:18px;margin:0;position:relative;top:3px;accent-color:var(--strong)}
.steps{list-style:none;counter-reset:step;margin:24px 0 32px;padding:0}
.steps>li{counter-increment:step;position:relative;margin-bottom:28px;padding-left:44px}
.steps>li::before{content:counter(step);position:absolute;left:0;top:-2px;width:28px;height:28px;border:1px solid var(--edge);border-radius:50%;color:var(--dim);font-size:13px;font-weight:600;line-height:26px;text-align:center}
.steps p{margin-bottom:8px}
.command{position:relative;max-width:920px}
pre{margin:0;padding:12px 16px;border-radius:6px;background:var(--panel);overflow-x:auto}
pre code{overflow-wrap:normal}
.command .copy{position:absolute;top:8px;right:8px}
body.sign-in{max-width:720px}
.field{margin:0 0 16px}
.field label{display:block;margin-bottom:4px;font-weight:600}
.field input{width:100%;max-width:400px;min-height:44px;padding:8px 12px;border:1px solid var(--edge);border-radius:6px;background:var(--paper);color:var(--ink);font:inherit}
.field input[aria-invalid]{border-color:var(--error)}
.sign-in-form{margin:24px 0 0}
.sign-in-form .primary{min-width:140px;justify-content:center}
.help{padding-top:24px;border-top:1px solid var(--line)}
.help h2{font-size:16px}
.help p{color:var(--dim)}
footer{margin-top:56px;padding-top:12px;border-top:1px solid var(--line);font-size:13px;color:var(--dim)}
footer p{max-width:none}
@media (max-width:1000px){
.days,.days tbody,.days caption,.days td,.days tbody th{display:block;padding:0;border:0}
.days thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.days tbody{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));column-gap:48px}
.days tr{display:grid;grid-template:"day day size" "names added removed" "serial hash hash" "files files files"/1fr auto auto;align-content:start;align-items:baseline;gap:2px 16px;padding:12px 0;border-bottom:1px solid var(--line)}
.days tbody th{grid-area:day}
.days td[data-head=Size]{grid-area:size;font-weight:600}
.days td[data-head=Names]{grid-area:names;text-align:left}
.days td[data-head=Names]::after{content:" names"}
.days td[data-head=Added]{grid-area:added;color:var(--added)}
.days td[data-head=Removed]{grid-area:removed;color:var(--removed)}
.days td[data-head=Serial]{grid-area:serial;text-align:left;color:var(--dim)}
.days td[data-head=Serial]::before{content:"serial "}
.days td[data-head=SHA-256]{grid-area:hash;text-align:right}
.days .links{grid-area:files}
.days .links a{padding:4px 0}
.hash p code{margin-left:auto;text-align:left}
}
@media (max-width:600px){
body{padding:0 16px 32px}
h1{font-size:24px;margin-top:24px}
.who{width:100%;justify-content:space-between}
.earlier th,.earlier td{padding-right:12px}
.wide,.wide-only{display:none}
.growth-picture .slim{display:inline}
.growth-picture{padding-left:52px}
.legend{padding-left:0}
.numbers{margin-left:0}
.numbers table{font-size:12.5px}
.numbers th,.numbers td{padding-right:8px}
.facts{display:grid;grid-template-columns:auto 1fr;gap:4px 16px}
.facts div{display:contents}
.facts dt{line-height:22px}
.stats{display:grid;grid-template-columns:1fr 1fr;gap:12px 24px}
.stats dd{font-size:20px}
.latest{padding:16px}
.actions,.actions .button{width:100%;justify-content:center}
.steps>li{padding-left:0}
.steps>li::before{position:static;float:left;margin:0 12px 0 0}
.steps h3{line-height:28px;margin-bottom:8px}
.command .copy{position:static;margin-top:8px}
}
@media (forced-colors:active){
rect.added,rect.removed,.last,.key{forced-color-adjust:none}
.curve path{stroke:CanvasText}
}
@page{margin:14mm}
@media print{
body{padding:0;max-width:none;font-size:11px}
.skip,.who form,.copy,.contents,.actions,.hint,.commands,.numbers:not([open]),.agreement form{display:none}
.latest{padding:8px 0;background:none}
.agreement-text{max-height:none}
section,.zone{break-inside:auto}
tr,figure,.facts,.stats{break-inside:avoid}
h2,h3,caption{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
