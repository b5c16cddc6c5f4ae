// Pages of others that show the page in frames. A host is a page of another origin, from a server of its own: a browser lets
// a page that comes from nowhere load nothing from this machine.

import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type FrameLocator, type Page } from '@playwright/test';
import { PLAIN, expect, test } from './page';

/** The hosts' pages by their paths. */
export const pages = new Map<string, { headers: Record<string, string>; html: string }>();

/** The addresses of the servers that `serveHosts` starts. */
export const at = { host: '', /** The site, served without permission for others to read its files. */ withholding: '' };

/** The headers of a page that may have threads. */
export const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
};

/** Serves the hosts for the tests of a file. */
export function serveHosts(): void {
  const servers: Server[] = [];
  test.beforeAll(async () => {
    const hosts = createServer(({ url }, response) => {
      const page = pages.get(url ?? '');
      response.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', ...page?.headers });
      response.end(page?.html ?? 'nothing');
    });
    at.host = await listen(hosts);
    const withholding = createServer(async ({ url }, response) => {
      const file = await fetch(new URL(url ?? '', PLAIN));
      response.writeHead(file.status, { 'content-type': file.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await file.arrayBuffer()));
    });
    at.withholding = await listen(withholding);
    servers.push(hosts, withholding);
  });
  test.afterAll(() => servers.forEach((server) => server.close()));
}

export type Host = { site?: string; headers?: Record<string, string>; head?: string; name?: string };

/** Opens a page of a host that holds this, with the element's script. */
export async function host(page: Page, body: string, { site = PLAIN, headers = {}, head = '', name = 'host' }: Host = {}): Promise<void> {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A host</title><link rel="icon" href="data:,">
    <script src="${site}embed.js" async></script>${head}</head><body><main><h1>A host</h1>${body}</main></body></html>`;
  pages.set(`/${name}.html`, { headers, html });
  await page.goto(`${at.host}${name}.html`);
}

/** The page in the frame of the element of that id. */
export const framed = (page: Page, id: string): FrameLocator => page.locator(`#${id}`).frameLocator('iframe');

/** Waits for the run in a frame. */
export async function ran(page: Page, id: string): Promise<void> {
  await expect(framed(page, id).locator('html')).toHaveAttribute('data-phase', 'done', { timeout: 40_000 });
  await expect(framed(page, id).locator('html')).toHaveAttribute('data-equal', 'true');
}

/** The element with its methods. */
export type Element = HTMLElement & Record<string, (...given: unknown[]) => Promise<never>>;
