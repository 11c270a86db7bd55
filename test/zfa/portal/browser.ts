/** Chromium for tests: pages that remember every complaint, and a plain server for pages alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { ASSETS } from '#zonewright/zfa/portal/assets.js';
import { PAGE_HEADERS } from '#zonewright/zfa/portal/guard.js';
import { requireTool, toolPath } from '../../tools/judges.js';
import { contrastFaults, keyboardWalk, overflowFaults, structureFaults } from './accessibility.js';

/** Starts the system's Chromium. */
export function startChromium(): Promise<Browser> {
  if (!requireTool('chromium')) throw new Error('chromium is not installed');
  return chromium.launch({
    executablePath: toolPath('chromium'),
    // Its sandbox refuses to work for root, whom tests in a container run as.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console (violations of the CSP are among them), exceptions, requests
   * that failed or went elsewhere. */
  readonly complaints: string[];
}

/** A page in a context of its own. */
export async function openPage(
  browser: Browser,
  base: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith('data:'))
      complaints.push(`asked for ${url}`);
  });
  return { page, complaints };
}

/** All checks of what stands in a page, as it is now. */
export async function expectGoodPage({ page, complaints }: Watched): Promise<void> {
  expect(await structureFaults(page)).toEqual([]);
  expect(await contrastFaults(page)).toEqual([]);
  expect(await overflowFaults(page)).toEqual([]);
  expect(complaints).toEqual([]);
}

/** Goes through the page with the keyboard. @returns what was reached. */
export async function expectGoodKeyboard({ page }: Watched): Promise<string[]> {
  const { reached, faults } = await keyboardWalk(page);
  expect(faults).toEqual([]);
  return reached;
}

/** Serves pages by their paths, with the style sheet, the script and the headers of the portal. */
export async function servePages(
  pages: Readonly<Record<string, string>>,
): Promise<{ readonly base: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const asset = ASSETS.find((each) => each.path === path);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    response.setHeader('Content-Type', asset?.type ?? 'text/html; charset=utf-8');
    response.statusCode = asset === undefined && pages[path] === undefined ? 404 : 200;
    response.end(asset?.body ?? pages[path]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
