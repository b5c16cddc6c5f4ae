// The service worker: no network after the first visit, one version at a time, threads on hosts that send no headers.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { chromium, type BrowserContext, type Page } from '@playwright/test';
import { done, expect, open, root, test } from './page';

test.use({ serviceWorkers: 'allow' });

type Files = Map<string, Buffer>;

/** The site as it is deployed. */
function built(): Files {
  const dist = join(__dirname, '../../dist');
  const names = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(dist.length + 1), readFileSync(path)]));
}

/** Another version of it. The worker that goes with it is the same but for its list, and forgets pages at once. */
function version(name: string, changes: Record<string, (text: string) => string> = {}): Files {
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
  files.set('sw.js', Buffer.from(other.replace('YOUNG_MS = 60_000', 'YOUNG_MS = 0')));
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
class Host {
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
async function host(files: Files, path?: string): Promise<Host> {
  const made = await Host.of(files, path);
  hosts.push(made);
  return made;
}
test.afterEach(() => hosts.splice(0).forEach((host) => host.end()));

/** Waits until the worker answers for the page. */
const kept = (page: Page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', null, { timeout: 30_000 });

/** How often the page is loaded. */
function loads(page: Page): { count: number } {
  const loads = { count: 0 };
  page.on('domcontentloaded', () => (loads.count += 1));
  return loads;
}

/** Opens the page and waits until it is served by its worker, with threads. */
async function visited(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(root(page)).toHaveAttribute('data-engine', 'threads', { timeout: 40_000 });
  await kept(page);
  await done(page);
}

async function withoutNetwork(context: BrowserContext, host: Host): Promise<void> {
  host.end();
  await context.setOffline(true);
}

const caches = (page: Page) => page.evaluate(async () => (await self.caches.keys()).filter((name) => !name.endsWith(' pages')));
const text = (page: Page, name: string) => page.evaluate(async (name) => (await fetch(name)).text(), name);

for (const path of ['/', '/courses/lanes/']) {
  test(`after the first visit the page needs no network, at ${path}`, async ({ page, context }) => {
    const site = await host(built(), path);
    await visited(page, site.address);
    await withoutNetwork(context, site);
    await page.reload();
    await done(page);
    await expect(root(page)).toHaveAttribute('data-engine', 'threads');
    await open(page, `${site.address}?s=payments&strategy=ordered-commit&lanes=8&clock=simulated`);
    await expect(root(page)).toHaveAttribute('data-lanes', '8');
    await page.goto(`${site.address}?lesson=two-lanes&step=2`);
    await expect(root(page)).toHaveAttribute('data-lesson', 'two-lanes');
    await done(page);
    await open(page, `${site.address}embed.html?s=one-pool&lanes=2`);
  });
}

test('a page that was open when its worker came needs no network either', async ({ page, context }) => {
  const site = await host(built());
  // Somebody is at work, so the page is not loaded again.
  await page.goto(site.address);
  await page.mouse.click(5, 5);
  await kept(page);
  await withoutNetwork(context, site);
  expect(await text(page, './lessons/two-lanes.json')).toContain('evm-lanes-lesson/1');
  expect(await text(page, './recorded/payments.svg')).toContain('<svg');
});

test('a host without headers gives threads after one load more', async ({ page }) => {
  const site = await host(built());
  const seen = loads(page);
  await visited(page, `${site.address}?s=payments&clock=measured&lanes=2`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await expect(root(page)).toHaveAttribute('data-clock', 'measured');
  await expect(root(page)).toHaveAttribute('data-lanes', '2');
  expect(page.url()).toContain('s=payments');
  expect(seen.count).toBe(2);
  await page.waitForTimeout(2_000);
  expect(seen.count).toBe(2);
  await expect(page.locator('#news')).toHaveCount(0);
});

test('a person at work is asked before the page is loaded again for threads', async ({ page }) => {
  const site = await host(built());
  const seen = loads(page);
  await page.goto(site.address);
  await page.mouse.click(5, 5);
  await expect(page.locator('#news')).toContainText('Lanes can run on threads after this page is loaded again.');
  expect(seen.count).toBe(1);
  await page.locator('#news').getByRole('button', { name: 'Reload' }).click();
  await expect(root(page)).toHaveAttribute('data-engine', 'threads');
  expect(seen.count).toBe(2);
});

test('where loading again gives no threads it is not tried twice', async ({ page }) => {
  // As if the browser ignored the headers.
  const files = built();
  files.set('sw.js', Buffer.from(String(files.get('sw.js')).replace('const add =', 'const add = () => {}; const unused =')));
  const site = await host(files);
  const seen = loads(page);
  await page.goto(site.address);
  await expect.poll(() => seen.count, { timeout: 40_000 }).toBe(2);
  await kept(page);
  await done(page);
  await page.reload();
  await done(page);
  await page.waitForTimeout(2_000);
  expect(seen.count).toBe(3);
  await expect(root(page)).toHaveAttribute('data-engine', 'single');
  await expect(page.locator('#news')).toHaveCount(0);
});

test('a page that cannot keep that it was loaded again is not', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(self, 'sessionStorage', { get: () => { throw new Error('blocked'); } }));
  const site = await host(built());
  const seen = loads(page);
  await page.goto(site.address);
  await kept(page);
  await expect(page.locator('#news')).toContainText('threads');
  expect(seen.count).toBe(1);
});

test('where storage is blocked everything is as before', async () => {
  const site = await host(built());
  const folder = mkdtempSync(join(tmpdir(), 'evm-lanes-'));
  mkdirSync(join(folder, 'Default'));
  // The browser's own setting “Block all cookies”.
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify(preferences));
  const { executablePath, args } = test.info().project.use.launchOptions ?? {};
  const context = await chromium.launchPersistentContext(folder, { executablePath, args });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    const seen = loads(page);
    await open(page, site.address);
    expect(await page.evaluate(() => navigator.serviceWorker.register('./sw.js').then(() => 'allowed', () => 'blocked'))).toBe('blocked');
    await page.waitForTimeout(1_500);
    expect(seen.count).toBe(1);
    await expect(page.locator('#news')).toHaveCount(0);
    expect(errors).toEqual([]);
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A version whose engine does not start if any of its files is of another one. */
const named = (name: string) => {
  const check = `if (self.glue !== '${name}') throw new Error('mixed');`;
  return version(name, {
    'recorded/payments.svg': (svg) => svg.replace('<svg ', `<svg data-of="${name}" `),
    'engine/threads/engine.js': (code) => `self.glue = '${name}';\n${code}`,
    'engine/pool-worker.js': (code) => `${check}\n${code}`,
    'engine/worker.js': (code) => code.replace('const wasm = await', `if (engine === 'threads') ${check}\n$&`),
  });
};

test.describe('an update', () => {
  test.use({ expectedErrors: [/unreachable|panicked|a crash/] });
  test('an open page keeps the files of its version, a new one has the new version', async ({ page, context }) => {
    const site = await host(named('a'));
    const address = `${site.address}?s=payments&lanes=8&clock=simulated&debug`;
    await visited(page, address);
    await expect(page.locator('body')).toHaveAttribute('data-of', 'a');

    site.files = named('b');
    // The browser looks for another worker when a page is opened; this one is the last of the old version.
    const last = await context.newPage();
    await last.goto(address);
    const news = page.locator('#news');
    await expect(news).toContainText('A new version is ready.', { timeout: 30_000 });
    await expect(news).not.toContainText('forgets');

    // The host has none of the old files.
    site.files = new Map([...site.files].filter(([name]) => name === 'sw.js'));
    await expect(page.locator('body')).toHaveAttribute('data-of', 'a');
    expect(await text(page, './recorded/payments.svg')).toContain('data-of="a"');
    const fresh = await context.newPage();
    await open(fresh, address);
    await expect(fresh.locator('body')).toHaveAttribute('data-of', 'b');
    expect(await text(fresh, './recorded/payments.svg')).toContain('data-of="b"');
    await expect(root(fresh)).toHaveAttribute('data-engine', 'threads');
    expect(await caches(fresh)).toHaveLength(2);

    // A fresh engine of the old page: its worker and the pool's are of the old version, too.
    await page.evaluate(() => dispatchEvent(new CustomEvent('evm-lanes-crash', { detail: 'panic' })));
    await expect(page.locator('footer.foot')).toContainText('Started anew');
    await expect(root(page)).toHaveAttribute('data-engine', 'threads');
    expect(await text(page, './recorded/payments.svg')).toContain('data-of="a"');

    await last.close();
    await news.getByRole('button', { name: 'Reload' }).click();
    await expect(page.locator('body')).toHaveAttribute('data-of', 'b');
    await done(page);
    await expect(root(page)).toHaveAttribute('data-lanes', '8');
    await expect(news).toHaveCount(0);
    // Nobody has the old version open any more.
    await fresh.reload();
    await expect.poll(() => caches(fresh)).toHaveLength(1);
  });
});

test('what the link does not hold is named before the page is loaded again', async ({ page }) => {
  const site = await host(version('a'));
  await visited(page, site.address);
  await page.getByRole('button', { name: 'Keep', exact: true }).click();
  site.files = version('b');
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await expect(page.locator('#news')).toContainText('Loading the page again forgets 1 kept run.', { timeout: 30_000 });
  await page.locator('#news').getByRole('button', { name: 'Close' }).click();
  await expect(page.locator('#news')).toHaveCount(0);
});

test('a version of which a file is missing or another one is not taken', async ({ page, context }) => {
  const site = await host(version('a'));
  await visited(page, site.address);
  const next = version('b', { 'recorded/payments.svg': (svg) => `${svg}<!-- b -->` });
  // In the middle of a deployment: one file is still that of before.
  site.files = new Map(next).set('recorded/payments.svg', built().get('recorded/payments.svg') ?? Buffer.of());
  const update = () => page.evaluate(async () => (await navigator.serviceWorker.ready).update().then(() => {}, () => {}));
  await update();
  await page.waitForFunction(async () => !(await navigator.serviceWorker.ready).installing);
  await page.reload();
  await expect(page.locator('body')).toHaveAttribute('data-of', 'a');
  await done(page);
  site.files = next;
  await update();
  await expect(page.locator('#news')).toContainText('A new version is ready.', { timeout: 30_000 });
  await page.reload();
  await expect(page.locator('body')).toHaveAttribute('data-of', 'b');
  await withoutNetwork(context, site);
  expect(await text(page, './recorded/payments.svg')).toContain('<!-- b -->');
});

test('two sites of one origin do not know each other', async ({ page }) => {
  const files = built();
  const both: Files = new Map();
  for (const [name, bytes] of files) both.set(`one/${name}`, bytes).set(`two/${name}`, bytes);
  const site = await host(both);
  await visited(page, `${site.address}one/`);
  await visited(page, `${site.address}two/`);
  expect((await caches(page)).map((name) => name.split(' ')[1])).toEqual([`${site.address}one/`, `${site.address}two/`]);
  await page.goto(`${site.address}one/`);
  await done(page);
});

test('a site under construction forgets what an earlier build kept', async ({ page }) => {
  const site = await host(built());
  await visited(page, site.address);
  const files = built();
  files.set('sw.js', readFileSync(join(__dirname, '../../www/preliminary/sw.js')));
  files.set('index.html', Buffer.from(String(files.get('index.html')).replace(/<script src="\.\/offline.*?<\/script>/, '')));
  site.files = files;
  const seen = loads(page);
  await page.reload();
  await expect.poll(() => seen.count, { timeout: 20_000 }).toBe(2);
  await done(page);
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  expect(await page.evaluate(async () => (await self.caches.keys()).length)).toBe(0);
});

test.describe('in a page of another site', () => {
  /** A page of another site with this frame. */
  async function around(page: Page, frame: string): Promise<void> {
    const html = `<!doctype html><html lang="en"><title>A host</title><link rel="icon" href="data:,"><h1>A host</h1>
      <iframe id="frame" src="${frame}" width="900" height="500"></iframe>`;
    const other = await host(new Map([['index.html', Buffer.from(html)]]));
    await page.goto(other.address.replace('localhost', '127.0.0.1'));
  }
  const frame = (page: Page) => page.frameLocator('#frame').locator('html');

  test('a frame on simulated lanes keeps nothing', async ({ page, context }) => {
    const site = await host(built());
    await around(page, `${site.address}embed.html?s=payments`);
    await expect(frame(page)).toHaveAttribute('data-phase', 'done', { timeout: 40_000 });
    await page.waitForTimeout(1_500);
    expect(context.serviceWorkers()).toEqual([]);
  });

  test('a frame that is asked for measured lanes gets threads after one load more', async ({ page }) => {
    const site = await host(built());
    await around(page, `${site.address}embed.html?s=payments&clock=measured&lanes=2`);
    await expect(frame(page)).toHaveAttribute('data-engine', 'threads', { timeout: 40_000 });
    await expect(frame(page)).toHaveAttribute('data-lanes', '2');
    await expect(frame(page)).toHaveAttribute('data-clock', 'measured');
  });

  test('a frame in a sandbox runs as before', async ({ page }) => {
    const html = built();
    const site = await host(html);
    const other = await host(new Map([['index.html', Buffer.from(
      `<!doctype html><html lang="en"><title>A host</title><link rel="icon" href="data:,"><h1>A host</h1>
       <iframe id="frame" sandbox="allow-scripts allow-same-origin" src="${site.address}embed.html?s=payments"></iframe>`,
    )]]));
    await page.goto(other.address);
    await expect(frame(page)).toHaveAttribute('data-phase', 'done', { timeout: 40_000 });
  });
});
