// The site as a host serves it, in versions of its own, for tests of the service worker.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type BrowserContext, type Page } from '@playwright/test';
import { done, expect, root, test } from './page';

export type Files = Map<string, Buffer>;

/** The site as it is deployed. */
export function built(): Files {
  const dist = join(__dirname, '../../dist');
  const names = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(dist.length + 1), readFileSync(path)]));
}

/** Another version of it. The worker that goes with it is the same but for its list, and forgets pages soon. */
export function version(name: string, changes: Record<string, (text: string) => string> = {}): Files {
  const files = built();
  for (const [file, change] of Object.entries({ 'index.html': (html: string) => html, ...changes })) {
    files.set(file, Buffer.from(change(String(files.get(file)))));
  }
  const worker = String(files.get('sw.js'));
  const [before, list] = /const SITE = (.*);\n/.exec(worker) ?? [];
  const site = JSON.parse(list ?? '') as { version: string; files: Record<string, string> };
  const tag = createHash('sha256').update(name).digest('hex').slice(0, 16);
  for (const page of ['index.html', 'embed.html']) {
    const html = String(files.get(page)).replace(site.version, tag);
    files.set(page, Buffer.from(html.replace('<body>', `<body data-of="${name}">`)));
  }
  for (const file of Object.keys(site.files)) {
    site.files[file] = createHash('sha256').update(files.get(file) ?? '').digest('hex').slice(0, 16);
  }
  const other = worker.replace(before ?? '', `const SITE = ${JSON.stringify({ ...site, version: tag })};\n`);
  files.set('sw.js', Buffer.from(other.replace('YOUNG_MS = 60_000', 'YOUNG_MS = 3_000')));
  return files;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** A host that sends files and no headers for isolation, at any path. */
export class Host {
  readonly asked: string[] = [];
  private constructor(
    private readonly server: Server,
    readonly address: string,
    private path: string,
    public files: Files,
  ) {}

  static async of(files: Files, path = '/'): Promise<Host> {
    const server = createServer(({ url = '' }, response) => {
      let name = url.split('?')[0] ?? '';
      host.asked.push(name);
      name = name.startsWith(host.path) ? name.slice(host.path.length) : '/';
      if (name === '' || name.endsWith('/')) name += 'index.html';
      const file = host.files.get(name);
      response.writeHead(file ? 200 : 404, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' });
      response.end(file ?? 'nothing');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = new Host(server, `http://localhost:${(server.address() as AddressInfo).port}${path}`, path, files);
    return host;
  }

  end(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const hosts: Host[] = [];
export async function host(files: Files, path?: string): Promise<Host> {
  const made = await Host.of(files, path);
  hosts.push(made);
  return made;
}
/** Ends all hosts after each test of a file. */
export const endHosts = () => test.afterEach(() => hosts.splice(0).forEach((host) => host.end()));

/** Waits until the worker answers for the page. */
export const kept = (page: Page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', null, { timeout: 30_000 });

/** How often the page is loaded. */
export function loads(page: Page): { count: number } {
  const loads = { count: 0 };
  page.on('domcontentloaded', () => (loads.count += 1));
  return loads;
}

/** Opens the page and waits until it is served by its worker, with threads. */
export async function visited(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(root(page)).toHaveAttribute('data-engine', 'threads', { timeout: 40_000 });
  await kept(page);
  await done(page);
}

export async function withoutNetwork(context: BrowserContext, host: Host): Promise<void> {
  host.end();
  await context.setOffline(true);
}

export const caches = (page: Page) => page.evaluate(async () => (await self.caches.keys()).filter((name) => !name.endsWith(' pages')));
export const text = (page: Page, name: string) => page.evaluate(async (name) => (await fetch(name)).text(), name);

/** A version whose engine does not start if any of its files is of another one. */
export const named = (name: string) => {
  const check = `if (self.glue !== '${name}') throw new Error('mixed');`;
  return version(name, {
    'recorded/payments.svg': (svg) => svg.replace('<svg ', `<svg data-of="${name}" `),
    'engine/threads/engine.js': (code) => `self.glue = '${name}';\n${code}`,
    'engine/pool-worker.js': (code) => `${check}\n${code}`,
    'engine/worker.js': (code) => code.replace('const wasm = await', `if (engine === 'threads') ${check}\n$&`),
  });
};
