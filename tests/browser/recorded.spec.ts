// Recorded runs: what is there before the page's own code, and what this machine says of it.

import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, done, expect, open, root, test } from './page';

/** The page's own code never comes, so that what is there without it can be looked at. */
const withoutWasm = (page: Page) => page.route(/evm-lanes-web.*\.wasm/, () => {});

const mark = (page: Page) =>
  page.waitForFunction(() => performance.getEntriesByName('evm-lanes:first-picture').length === 1);

test('the first picture needs no WebAssembly', async ({ page }) => {
  await withoutWasm(page);
  await page.goto(PLAIN, { waitUntil: 'commit' });
  await mark(page);
  await expect(root(page)).toHaveAttribute('data-picture', 'recorded');
  await expect(page.locator('#first h2')).toContainText(/transactions on 4 simulated lanes/);
  await expect(page.locator('#first .recorded')).toContainText('Recorded run');
  const picture = page.locator('#first svg:visible');
  await expect(picture).toHaveCount(1);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wider).toBeLessThanOrEqual(0);
});

for (const url of [ISOLATED, PLAIN]) {
  test(`the recorded run is confirmed on this machine, ${url}`, async ({ page }) => {
    await open(page, url);
    await expect(root(page)).toHaveAttribute('data-picture', 'confirmed');
    await expect(page.locator('.head .recorded')).toContainText('confirmed on this machine');
    const index = JSON.parse(readFileSync('../www/recorded/index.json', 'utf8'));
    expect(await attribute(page, 'data-trace-hash')).toBe(index[0].traceHash);
  });
}

test('an address that asks for something else never shows the default', async ({ page }) => {
  await withoutWasm(page);
  for (const asked of ['?s=payments&lanes=4', '?lanes=8&clock=simulated', '?s=payments&clock=simulated&lanes=8', '#1.x']) {
    await page.goto('about:blank');
    await page.goto(`${PLAIN}${asked}`, { waitUntil: 'domcontentloaded' });
    await expect(page.getByText('Loading the page…')).toBeVisible();
    await expect(page.locator('#first')).toBeHidden();
    expect(await attribute(page, 'data-picture'), asked).toBeNull();
  }
});

test('a link to another built-in scenario shows its own picture', async ({ page }) => {
  await withoutWasm(page);
  for (const asked of ['?s=payments&strategy=block-stm&lanes=4&clock=simulated', '?s=payments']) {
    await page.goto(`${PLAIN}${asked}`, { waitUntil: 'commit' });
    await mark(page);
    await expect(page.locator('#first img')).toBeVisible();
    await expect(page.locator('#first img')).toHaveAttribute('src', /recorded\/payments\.svg$/);
  }
});

for (const url of [ISOLATED, PLAIN]) {
  test(`that link is confirmed, too, ${url}`, async ({ page }) => {
    await open(page, `${url}?s=payments&strategy=block-stm&lanes=4&clock=simulated`);
    await expect(root(page)).toHaveAttribute('data-picture', 'confirmed');
  });

  test(`a built-in scenario by its name alone is its recorded run, ${url}`, async ({ page }) => {
    await open(page, `${url}?s=token-rush`);
    await expect(root(page)).toHaveAttribute('data-picture', 'confirmed');
  });
}

test('a recorded run with another trace is told with both hashes', async ({ page }) => {
  // The run of another scenario has other settings' hash: the first byte of the hash's text is changed in place.
  await page.route('**/recorded/one-pool.run', async (route) => {
    const { inflateRawSync, deflateRawSync } = await import('node:zlib');
    const bytes = inflateRawSync(readFileSync('../www/recorded/one-pool.run'));
    const index = JSON.parse(readFileSync('../www/recorded/index.json', 'utf8'));
    const at = bytes.indexOf(index[0].traceHash);
    bytes.write('0000', at + 2);
    await route.fulfill({ body: deflateRawSync(bytes), contentType: 'application/octet-stream' });
  });
  await page.goto(PLAIN);
  await done(page);
  await expect(root(page)).toHaveAttribute('data-picture', 'differs');
  await expect(page.getByRole('alert').first()).toContainText(/recorded 0x0000[0-9a-f]+, here 0x[0-9a-f]+/);
});

for (const [what, answer] of [
  ['missing', { status: 404, body: 'not found' }],
  ['a web page', { contentType: 'text/html', body: '<!doctype html>' }],
] as const) {
  test.describe(() => {
    test.use({ expectedErrors: [/404/] });
    test(`a recorded run that is ${what} is done without`, async ({ page }) => {
      await page.route('**/recorded/*.run', (route) => route.fulfill(answer));
      await open(page, PLAIN);
      await expect(root(page)).toHaveAttribute('data-picture', 'own');
      await expect(page.getByRole('alert')).toHaveCount(0);
    });
  });
}

test('an edit makes the picture one’s own', async ({ page }) => {
  await open(page, PLAIN);
  await expect(root(page)).toHaveAttribute('data-picture', 'confirmed');
  await page.getByRole('button', { name: 'More lanes' }).click();
  await done(page);
  await expect(root(page)).toHaveAttribute('data-picture', 'own');
});

test('the lanes are saved as a picture', async ({ page }) => {
  await open(page, PLAIN);
  await page.getByRole('button', { name: 'Picture', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'The lanes as a picture' });
  await expect(dialog.locator('img')).toBeVisible();
  for (const [kind, start] of [
    ['SVG', '<svg'],
    ['PNG', '\u0089PNG'],
  ]) {
    const saving = page.waitForEvent('download');
    await dialog.getByRole('button', { name: `Save as ${kind}` }).click();
    const bytes = readFileSync(await (await saving).path());
    expect(bytes.toString('latin1', 0, 4)).toBe(start);
  }
});

test('what is printed shows lanes, caption and link', async ({ page }) => {
  await open(page, `${PLAIN}?s=payments&clock=simulated`);
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('.printed .picture svg')).toBeVisible();
  await expect(page.locator('.printed .source svg')).toBeVisible();
  await expect(page.locator('.printed')).toContainText('Payments that never meet');
  await expect(page.locator('.printed')).toContainText('s=payments');
  await expect(page.getByRole('button', { name: 'Share' })).toBeHidden();
});
