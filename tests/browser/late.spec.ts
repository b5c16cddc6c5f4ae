// What is loaded after the first picture: how large each module is, and what happens where one does not come.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, done, expect, give, open, scenario, test } from './page';

const SITE = join(__dirname, '../../dist');
const LATE = /split_late\.wasm/;
const DETAILS = /split_details\.wasm/;

/** The most that each module may have, in bytes of brotli; docs/figures.md has what they have. */
const MOST = { first: 246_000, details: 83_000, late: 283_000 };

const again = (page: Page) => page.getByRole('button', { name: 'Try again' });

test('the page’s modules stay as small as they are', () => {
  const files = readdirSync(SITE).filter((name) => /^evm-lanes-web.*\.wasm$/.test(name));
  test.skip(files.length === 1, 'a page that was built quickly has one module');
  const size = (kind: RegExp) =>
    files
      .filter((name) => kind.test(name))
      .map((name) => brotliCompressSync(readFileSync(join(SITE, name)), { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length)
      .reduce((sum, size) => sum + size, 0);
  expect(size(/_bg\.wasm$/), 'before the first picture moves').toBeLessThanOrEqual(MOST.first);
  expect(size(/(split_details|chunk_\d+)\.wasm$/), 'the panels around the lanes').toBeLessThanOrEqual(MOST.details);
  expect(size(/split_late\.wasm$/), 'the rest').toBeLessThanOrEqual(MOST.late);
});

test.describe('where a module does not come', () => {
  test.use({ expectedErrors: [/Failed to load resource|Failed to fetch|split_|ERR_FAILED/] });

  for (const [name, url] of [
    ['isolated', ISOLATED],
    ['plain', PLAIN],
  ]) {
    test(`a dialog says so and comes when it is asked for again (${name})`, async ({ page }) => {
      await page.route(LATE, (route) => route.abort());
      await open(page, url);
      await page.getByRole('button', { name: /^Help/ }).click();
      await expect(page.getByRole('dialog').getByRole('alert')).toContainText('could not be loaded');
      await page.unroute(LATE);
      await again(page).click();
      await expect(page.getByRole('dialog', { name: 'How to read the page' })).toBeVisible();
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    });
  }

  test('a dialog that does not come can be closed', async ({ page }) => {
    await page.route(LATE, (route) => route.abort());
    await open(page, PLAIN);
    await page.getByRole('button', { name: 'Share' }).click();
    await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  test('the panels say so, each with a way to try again, and the lanes run', async ({ page }) => {
    await page.route(DETAILS, (route) => route.abort());
    await open(page, PLAIN);
    await expect(page.getByRole('alert').filter({ hasText: 'could not be loaded' })).toHaveCount(3);
    await page.getByRole('button', { name: /^Run/ }).first().click();
    await done(page);
    await page.unroute(DETAILS);
    await again(page).first().click();
    await expect(page.getByRole('region', { name: 'Dependencies' })).toBeVisible();
    await expect(page.locator('aside.inspector')).toBeVisible();
    await expect(again(page)).toHaveCount(0);
  });

  test('a tab says so and is drawn when it is asked for again', async ({ page }) => {
    await page.route(LATE, (route) => route.abort());
    await open(page, PLAIN);
    await page.getByRole('tab', { name: 'Curve' }).click();
    await expect(page.locator('#tab-panel').getByRole('alert')).toContainText('could not be loaded');
    await page.unroute(LATE);
    await again(page).click();
    await expect(page.getByRole('button', { name: 'Draw the curve' })).toBeVisible();
  });

  test('a file is not opened, and can be opened again', async ({ page }) => {
    await page.route(LATE, (route) => route.abort());
    await open(page, PLAIN);
    const text = scenario({ accounts: { a: { balance: '1 ether' } }, transactions: [{ from: 'a', to: 'a' }] });
    await give(page, 'own.json', text);
    await expect(page.getByRole('alert').first()).toContainText('own.json was not opened');
    await page.unroute(LATE);
    await give(page, 'own.json', text);
    await expect(page.locator('html')).toHaveAttribute('data-scenario', 'A test');
    await done(page);
  });

  test('a lesson’s address shows the first scenario and says why', async ({ page }) => {
    await page.route(LATE, (route) => route.abort());
    await open(page, `${PLAIN}?lesson=one-lane`);
    await expect(page.getByRole('alert').first()).toContainText('This link was not opened');
    await page.unroute(LATE);
    // Its question comes before its run.
    await page.goto(`${PLAIN}?lesson=one-lane&step=1`);
    await expect(page.locator('html')).toHaveAttribute('data-lesson', 'one-lane');
  });
});

test('a host that does not know the type of WebAssembly still serves every module', async ({ page }) => {
  await page.route(/\.wasm/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), 'content-type': 'application/octet-stream' } });
  });
  await open(page, PLAIN);
  await page.getByRole('tab', { name: 'Locations' }).click();
  await expect(page.locator('#tab-panel').getByRole('alert')).toHaveCount(0);
  await expect(page.locator('#tab-panel table').first()).toBeVisible();
});
