/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Checks of a page in a browser, as people meet it who don't see it, don't use a mouse, or have a small
 * screen. Each gives the faults that it found, as sentences; an empty array is a good page.
 */
import type { Page } from 'playwright-core';

/** Labels, names, headings, landmarks, tables: what a screen reader goes by. */
export function structureFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const show = (element: Element): string => element.outerHTML.slice(0, 120);
    const textOf = (id: string): string => document.getElementById(id)?.textContent?.trim() ?? '';
    const nameOf = (element: Element): string => {
      const by = element.getAttribute('aria-labelledby');
      if (by !== null) return by.split(/\s+/).map(textOf).join(' ').trim();
      const label = element.getAttribute('aria-label');
      if (label !== null) return label.trim();
      const labels = (element as HTMLInputElement).labels;
      if (labels?.length)
        return Array.from(labels, (l) => l.textContent ?? '')
          .join(' ')
          .trim();
      return element.textContent?.trim() ?? '';
    };

    if (document.documentElement.lang !== 'en') faults.push('the page names no language');
    if (document.title.trim() === '') faults.push('the page has no title');

    for (const element of document.querySelectorAll(
      'a[href], button, input:not([type=hidden]), summary, [role=region], [role=group], nav, section, svg[role=img]',
    )) {
      if (nameOf(element) === '') faults.push(`has no name: ${show(element)}`);
    }
    // A link is understood out of its place, so two of one name lead to one address.
    const links = new Map<string, string>();
    for (const link of document.querySelectorAll<HTMLAnchorElement>('main a[href]')) {
      const name = nameOf(link).replace(/\s+/g, ' ');
      if (links.has(name) && links.get(name) !== link.href) {
        faults.push(`two links are called "${name}"`);
      }
      links.set(name, link.href);
    }

    const levels = Array.from(document.querySelectorAll('h1,h2,h3,h4,h5,h6'), (h) =>
      Number(h.tagName[1]),
    );
    if (levels.filter((level) => level === 1).length !== 1) faults.push('there is not one h1');
    levels.forEach((level, i) => {
      if (level > (levels[i - 1] ?? 0) + 1) faults.push(`a heading h${level} skips a level`);
    });

    for (const landmark of ['header', 'main', 'footer']) {
      const found = document.querySelectorAll(`body > ${landmark}`).length;
      if (found !== 1) faults.push(`there are ${found} ${landmark} elements`);
    }
    // All text is in a landmark, or leads to one, or is told on its own.
    for (const child of document.body.children) {
      if (!child.matches('header, main, footer, script, .skip, [role=status]')) {
        faults.push(`stands outside of all landmarks: ${show(child)}`);
      }
    }

    for (const table of document.querySelectorAll('table')) {
      if ((table.caption?.textContent ?? '').trim() === '') faults.push('a table has no caption');
      for (const head of table.querySelectorAll('th')) {
        if (!head.hasAttribute('scope')) faults.push(`a heading has no scope: ${show(head)}`);
      }
      // Where the layout is no table any more, roles have to say that it is one.
      for (const part of [table, ...table.querySelectorAll('tbody, tr, td, th')]) {
        const display = getComputedStyle(part).display;
        if (!display.startsWith('table') && display !== 'none' && !part.hasAttribute('role')) {
          faults.push(`is no table any more: ${show(part)}`);
          break;
        }
      }
    }

    const ids = Array.from(document.querySelectorAll('[id]'), ({ id }) => id);
    if (new Set(ids).size !== ids.length) faults.push('an id is there twice');
    if (document.querySelector('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])')) {
      faults.push('a tabindex changes the order of the page');
    }
    return faults;
  });
}

/** Contrast of each text that is shown, with the ground that it stands on (WCAG 2.1, 1.4.3). */
export function contrastFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = readonly [r: number, g: number, b: number, a: number];
    const parse = (text: string): Colour => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, text === 'transparent' ? 0 : a];
    };
    const over = (top: Colour, below: Colour): Colour => [
      top[0] * top[3] + below[0] * (1 - top[3]),
      top[1] * top[3] + below[1] * (1 - top[3]),
      top[2] * top[3] + below[2] * (1 - top[3]),
      1,
    ];
    const luminance = ([r, g, b]: Colour): number => {
      const [x, y, z] = [r, g, b].map((n) => {
        const c = n / 255;
        return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ground = (element: Element | null): Colour => {
      const above: Colour[] = [];
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        above.push(colour);
        if (colour[3] === 1) break;
      }
      return above.reduceRight((below, colour) => over(colour, below), [
        255, 255, 255, 1,
      ] as Colour);
    };
    const faults: string[] = [];
    let looked = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (text === '' || element === null || element.closest('title, desc, script, .vh')) continue;
      if (element.getClientRects().length === 0) continue;
      const style = getComputedStyle(element);
      const drawn = element instanceof SVGElement;
      const below = ground(element);
      const colour = over(parse(drawn ? style.fill : style.color), below);
      const [high, low] = [luminance(colour), luminance(below)].sort((a, b) => b - a);
      const contrast = (high + 0.05) / (low + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      looked++;
      if (contrast < (large ? 3 : 4.5)) {
        faults.push(`${contrast.toFixed(2)}: "${text.slice(0, 40)}"`);
      }
    }
    return looked === 0 ? ['no text was found'] : faults;
  });
}

/** What is wider than the screen, so that the whole page would have to be moved to be read. */
export function overflowFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth } = document.documentElement;
    if (scrollWidth <= innerWidth) return [];
    const wide = Array.from(document.querySelectorAll('body *')).filter(
      (element) => element.getBoundingClientRect().right > innerWidth + 0.5,
    );
    return [`${scrollWidth} of ${innerWidth} px: ${wide[0]?.outerHTML.slice(0, 120)}`];
  });
}

/**
 * Goes through the page with the Tab key from its top.
 *
 * @returns what was reached, in order, and what is wrong: an element that can't be seen to have the
 *   focus, is outside of the screen, or comes before one that stands ahead of it in the document.
 */
export async function keyboardWalk(
  page: Page,
): Promise<{ readonly reached: string[]; readonly faults: string[] }> {
  const reached: string[] = [];
  const faults: string[] = [];
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    getSelection()?.removeAllRanges();
    scrollTo(0, 0);
  });
  for (let i = 0; i < 500; i++) {
    await page.keyboard.press('Tab');
    const step = await page.evaluate(() => {
      const now = document.activeElement as HTMLElement | null;
      if (now === null || now === document.body) return undefined;
      const memory = window as unknown as { last?: Element; first?: Element };
      if (memory.first === now) return undefined;
      memory.first ??= now;
      const faults: string[] = [];
      const show = now.outerHTML.slice(0, 120);
      const style = getComputedStyle(now);
      if (style.outlineStyle === 'none' || Number.parseFloat(style.outlineWidth) < 2) {
        faults.push(`the focus can’t be seen: ${show}`);
      }
      const box = now.getBoundingClientRect();
      if (box.width === 0 || box.bottom < 0 || box.top > innerHeight || box.right < 0) {
        faults.push(`has the focus out of sight: ${show}`);
      }
      const { last } = memory;
      if (last && !(last.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING)) {
        faults.push(`comes too late: ${show}`);
      }
      memory.last = now;
      const name = now.getAttribute('aria-label') ?? now.textContent ?? '';
      return { name: name.replace(/\s+/g, ' ').trim() || (now.id ?? now.tagName), faults };
    });
    if (step === undefined) return { reached, faults };
    reached.push(step.name);
    faults.push(...step.faults);
  }
  return { reached, faults: [...faults, 'the Tab key never came to an end'] };
}
