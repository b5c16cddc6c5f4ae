// The service worker: no network after the first visit, one version at a time, threads on hosts that send no headers.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { chromium, type Page } from '@playwright/test';
import { ISOLATED, done, expect, open, root, test } from './page';
import { built, caches, endHosts, type Files, host, kept, loads, named, text, version, visited, withoutNetwork } from './site';

test.use({ serviceWorkers: 'allow' });
endHosts();
test.setTimeout(120_000);

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

test('a host that sends headers and a policy of its own needs no load more', async ({ page, context }) => {
  const seen = loads(page);
  await visited(page, ISOLATED);
  expect(seen.count).toBe(1);
  await context.setOffline(true);
  await page.reload();
  await done(page);
  await expect(root(page)).toHaveAttribute('data-engine', 'threads');
  await page.goto(`${ISOLATED}teach/`);
  await expect(page).toHaveTitle('For teachers · EVM Lanes');
});

test('a person at work is asked before the page is loaded again for threads', async ({ page }) => {
  const site = await host(built());
  const seen = loads(page);
  await page.goto(site.address);
  await page.mouse.click(5, 5);
  await expect(page.locator('#news')).toContainText('Lanes can run on threads after this page is loaded again.');
  expect(seen.count).toBe(1);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
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

/** Starts a browser whose profile is in `folder`, and ends it. */
async function inBrowser(folder: string, use: (page: Page, errors: string[]) => Promise<void>): Promise<void> {
  const { executablePath, args } = test.info().project.use.launchOptions ?? {};
  const context = await chromium.launchPersistentContext(folder, { executablePath, args });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await use(page, errors);
  } finally {
    await context.close();
  }
}

/** A profile for a browser, with these settings. It can be started and ended several times. */
async function withProfile(profile: Record<string, unknown>, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evm-lanes-'));
  try {
    mkdirSync(join(folder, 'Default'));
    writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify({ profile }));
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A browser with settings of its own. */
const withSettings = (profile: Record<string, unknown>, use: (page: Page, errors: string[]) => Promise<void>) =>
  withProfile(profile, (folder) => inBrowser(folder, use));

test('where storage is blocked everything is as before', async () => {
  const site = await host(built());
  // “Block all cookies”.
  await withSettings({ default_content_setting_values: { cookies: 2 } }, async (page, errors) => {
    const seen = loads(page);
    await open(page, site.address);
    const refused = () => navigator.serviceWorker.register('./sw.js').then(() => 'allowed', () => 'blocked');
    expect(await page.evaluate(refused)).toBe('blocked');
    await page.waitForTimeout(1_500);
    expect(seen.count).toBe(1);
    await expect(page.locator('#news')).toHaveCount(0);
    expect(errors).toEqual([]);
  });
});

test.describe('an update', () => {
  test.use({ expectedErrors: [/unreachable|panicked|a crash/] });
  test('an open page keeps the files of its version, a new one has the new version', async ({ page, context }) => {
    const site = await host(named('a'));
    const address = `${site.address}?s=payments&lanes=8&clock=simulated&debug`;
    await visited(page, site.address);
    // The page takes the word for crashes from its address; it was loaded twice before, and writes that itself.
    await open(page, address);
    await expect(page.locator('body')).toHaveAttribute('data-of', 'a');

    // Chromium lets the next worker take over when this one is idle, and never while it is driven by a test. So all that
    // the page asks for must have come before.
    await page.waitForTimeout(3_000);
    site.files = named('b');
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    const news = page.locator('#news');
    await expect(news).toContainText('A new version is ready.', { timeout: 60_000 });
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
    await page.bringToFront();
    await page.evaluate(() => dispatchEvent(new CustomEvent('evm-lanes-crash', { detail: 'panic' })));
    await expect(page.locator('footer.foot')).toContainText('Started anew');
    await expect(root(page)).toHaveAttribute('data-engine', 'threads');
    expect(await text(page, './recorded/payments.svg')).toContain('data-of="a"');

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
  await page.waitForTimeout(3_000);
  site.files = version('b');
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await expect(page.locator('#news')).toContainText('Loading the page again forgets 1 kept run.', { timeout: 60_000 });
  await page.locator('#news').getByRole('button', { name: 'Close' }).click();
  await expect(page.locator('#news')).toHaveCount(0);
});

test('a version of which a file is missing or another one is not taken', async () => {
  const site = await host(version('a'));
  const next = version('b', { 'recorded/payments.svg': (svg) => `${svg}<!-- b -->` });
  const update = () => navigator.serviceWorker.ready.then((worker) => worker.update()).then(() => 'found', () => 'failed');
  // While it is driven by a test, Chromium waits with a change of workers until the one before is idle, which it may never
  // be. So each visit is of a browser that was started for it.
  await withProfile({}, async (folder) => {
    await inBrowser(folder, (page) => visited(page, site.address));
    // In the middle of a deployment: one file is still that of before.
    site.files = new Map(next).set('recorded/payments.svg', built().get('recorded/payments.svg') ?? Buffer.of());
    for (let visit = 0; visit < 2; visit++) {
      await inBrowser(folder, async (page) => {
        await open(page, site.address);
        await expect(page.locator('body')).toHaveAttribute('data-of', 'a');
        await page.evaluate(update);
        await page.waitForFunction(async () => !(await navigator.serviceWorker.ready).installing);
        expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting)).toBeNull();
      });
    }
    site.files = next;
    await inBrowser(folder, async (page) => {
      await open(page, site.address);
      // The browser may still be trying by itself, and joins both attempts.
      const isTaken = async () => (await page.evaluate(update), page.evaluate(async () => Boolean((await navigator.serviceWorker.ready).waiting ?? document.querySelector('#news'))));
      await expect.poll(isTaken, { timeout: 30_000, intervals: [1_000] }).toBe(true);
    });
    await inBrowser(folder, async (page) => {
      await open(page, site.address);
      await expect(page.locator('body')).toHaveAttribute('data-of', 'b');
      await withoutNetwork(page.context(), site);
      expect(await text(page, './recorded/payments.svg')).toContain('<!-- b -->');
    });
  });
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

test('a site under construction forgets what an earlier build kept', async () => {
  const site = await host(built());
  const files = built();
  files.set('sw.js', readFileSync(join(__dirname, '../../www/preliminary/sw.js')));
  files.set('index.html', Buffer.from(String(files.get('index.html')).replace(/<script src="\.\/offline.*?<\/script>/, '')));
  // The browser looks for a new worker by itself, some time after the page has come.
  const workers = async () => {
    await (await navigator.serviceWorker.getRegistration())?.update().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return (await navigator.serviceWorker.getRegistrations()).length;
  };
  // Browsers of their own, for the same reason as above.
  await withProfile({}, async (folder) => {
    await inBrowser(folder, (page) => visited(page, site.address));
    site.files = files;
    let left = -1;
    for (let visit = 0; visit < 4 && left !== 0; visit++) {
      await inBrowser(folder, async (page) => {
        await page.goto(site.address);
        // It may be loaded again just then.
        left = await page.evaluate(workers).catch(() => -1);
      });
    }
    expect(left).toBe(0);
    await inBrowser(folder, async (page) => {
      await open(page, site.address);
      expect(await page.evaluate(async () => (await self.caches.keys()).length)).toBe(0);
    });
  });
});

test.describe('in a page of another site', () => {
  test.use({ expectedErrors: [/CORS policy|ERR_FAILED/] });
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

  test('a frame that is asked for measured lanes gets threads after one load more', async () => {
    const site = await host(built());
    // Cookies of other sites are allowed, which is how browsers come, but not the windows of these tests.
    await withSettings({ cookie_controls_mode: 0 }, async (page, errors) => {
      await around(page, `${site.address}embed.html?s=payments&clock=measured&lanes=2`);
      await expect(frame(page)).toHaveAttribute('data-engine', 'threads', { timeout: 40_000 });
      await expect(frame(page)).toHaveAttribute('data-lanes', '2');
      await expect(frame(page)).toHaveAttribute('data-clock', 'measured');
      expect(errors).toEqual([]);
    });
  });

  test('where cookies of other sites are blocked, such a frame runs as before', async ({ page }) => {
    const site = await host(built());
    await around(page, `${site.address}embed.html?s=payments&clock=measured&lanes=2`);
    await expect(frame(page)).toHaveAttribute('data-phase', 'done', { timeout: 40_000 });
    await page.waitForTimeout(1_500);
    await expect(frame(page)).toHaveAttribute('data-engine', 'single');
  });

  test('a frame that a host keeps apart says so, as before', async ({ page }) => {
    const site = await host(built());
    await around(page, `${site.address}embed.html?s=payments" sandbox="allow-scripts`);
    // This host does not let other origins read its files.
    await expect(frame(page).getByText('The page cannot run in this frame')).toBeVisible({ timeout: 20_000 });
  });
});
