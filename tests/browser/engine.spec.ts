// The engine's own failures: each ends in words on the page and in an engine that works, with the person's scenario
// untouched. Crashes are asked for through the debug hook (`?debug`, web/src/engine/worker.rs); the engine then really
// panics, traps or hangs.

import { type Page } from '@playwright/test';
import { ISOLATED, NO_POOL, PLAIN, attribute, doing, done, expect, give, open, root, scenario, test } from './page';

const crash = (page: Page, kind: string) =>
  page.evaluate((kind) => dispatchEvent(new CustomEvent('evm-lanes-crash', { detail: kind })), kind);

const run = (page: Page) => page.getByRole('banner').getByRole('button', { name: 'Run', exact: true }).click();

/** Runs for many seconds on one lane. */
const LONG = scenario({
  title: 'Long',
  accounts: { alice: {}, friend: { count: 200 } },
  transactions: [{ repeat: 100_000, from: { pick: 'friend', by: 'round-robin' }, to: 'alice', value: '1 gwei' }],
});

test.describe('crashes', () => {
  test.use({ expectedErrors: [/unreachable|panicked|a crash/] });

  for (const [engine, url, kinds] of [
    ['threads', ISOLATED, ['panic', 'pool', 'trap']],
    ['single', PLAIN, ['panic', 'trap']],
  ] as const) {
    for (const kind of kinds) {
      test(`the page survives a crash of the engine ${engine}: ${kind}`, async ({ page }) => {
        await open(page, `${url}?debug`);
        const title = await attribute(page, 'data-scenario');
        await crash(page, kind);
        await expect(page.getByText(/the engine stopped/i).first()).toBeVisible();
        await done(page);
        await run(page);
        await done(page);
        expect(await attribute(page, 'data-scenario')).toBe(title);
        expect(await attribute(page, 'data-engine')).toBe(engine);
      });
    }
  }
});

for (const [engine, url] of [
  ['threads', ISOLATED],
  ['single', PLAIN],
]) {
  test(`cancel ends a long run at once, ${engine}`, async ({ page }) => {
    await open(page, url);
    await give(page, 'long.json', LONG);
    await expect(root(page)).toHaveAttribute('data-phase', 'running');
    await doing(page, /simulating/i);
    const start = Date.now();
    await page.getByRole('button', { name: /cancel/i }).first().click();
    await expect(root(page)).not.toHaveAttribute('data-phase', 'running', { timeout: 2_000 });
    expect(Date.now() - start, 'milliseconds until the page is idle').toBeLessThan(2_000);

    await page.goto(url);
    await done(page);
  });
}

test.describe('parts that do not load', () => {
  test.use({ expectedErrors: [/Failed to load resource|net::ERR/] });

  test('without the threaded engine the page runs without threads', async ({ context, page }) => {
    await context.route('**/engine/threads/engine_bg.wasm', (route) => route.fulfill({ status: 404, body: 'gone' }));
    await open(page, ISOLATED);
    expect(await attribute(page, 'data-engine')).toBe('single');
  });

  // A site of its own, because Playwright does not see what a worker's worker asks for.
  test('without the pool the page runs without threads', async ({ page }) => {
    await open(page, NO_POOL);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await attribute(page, 'data-engine')).toBe('single');
  });

  test('without any engine the page says so and keeps the scenario', async ({ context, page }) => {
    await context.route('**/engine/worker.js', (route) => route.fulfill({ status: 404, body: 'gone' }));
    await page.goto(ISOLATED);
    await expect(root(page)).toHaveAttribute('data-phase', 'failed', { timeout: 30_000 });
    await expect(page.getByRole('alert').first()).toContainText(/engine/i);
  });
});
