// Pages of their own for scenarios and lessons, and the teacher's page: without scripts, in any size, accessible.

import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { ISOLATED, done, expect, root, test } from './page';

const PAGES = ['scenarios/one-pool/', 'scenarios/swaps-one-pool-500/', 'lessons/two-lanes/', 'lessons/peak-hour/', 'teach/'];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ]) {
    test(`the pages fit and are accessible at ${width}×${height}, ${colorScheme}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme });
      const page = await context.newPage();
      for (const path of PAGES) {
        await page.goto(`${ISOLATED}${path}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map((v) => `${path}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wider, path).toBeLessThanOrEqual(0);
        await page.screenshot({ path: `artefacts/pages/${path.replaceAll('/', '-')}${width}-${colorScheme}.png`, fullPage: true });
      }
      await context.close();
    });
  }
}

test('every page has its title, its description and pictures that are there', async ({ page }) => {
  const broken: string[] = [];
  page.on('response', (response) => response.ok() || broken.push(response.url()));
  const scenarios: { name: string; title: string }[] = JSON.parse(readFileSync('../www/recorded/index.json', 'utf8'));
  const lessons: { id: string; title: string }[] = JSON.parse(readFileSync('../www/lessons/index.json', 'utf8'));
  const all = [
    ...scenarios.map(({ name, title }) => [`scenarios/${name}/`, `recorded/${name}.png`, title]),
    ...lessons.map(({ id, title }) => [`lessons/${id}/`, `lessons/${id}.png`, title]),
  ];
  for (const [path, picture, title] of all) {
    await page.goto(`${ISOLATED}${path}`);
    await expect(page).toHaveTitle(`${title} · EVM Lanes`);
    await expect(page.locator('meta[name=description]')).toHaveAttribute('content', /.{20,}/);
    const preview = await page.request.get(`${ISOLATED}${picture}`);
    const bytes = await preview.body();
    expect([preview.status(), bytes.readUInt32BE(16), bytes.readUInt32BE(20)], picture).toEqual([200, 1200, 630]);
  }
  expect(broken).toEqual([]);
});

test('a page opens what it is about', async ({ page }) => {
  await page.goto(`${ISOLATED}scenarios/payments/`);
  await page.getByRole('link', { name: 'Open and run it' }).click();
  await done(page);
  await expect(root(page)).toHaveAttribute('data-scenario', 'Payments that never meet');
  await expect(root(page)).toHaveAttribute('data-picture', 'confirmed');
  await page.goto(`${ISOLATED}lessons/two-lanes/`);
  await page.getByRole('link', { name: 'Four times as fast?' }).click();
  await expect(root(page)).toHaveAttribute('data-step', '2');
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the teacher’s page has every code, to be selected as a whole', async ({ page }) => {
    await page.goto(`${ISOLATED}teach/`);
    await expect(page.locator('section')).toHaveCount(12);
    await expect(page.locator('.code')).toHaveCount(24);
    await expect(page.locator('.code').first()).toHaveCSS('user-select', 'all');
    await expect(page.locator('.address')).toBeVisible();
  });
});

test('the teacher’s page copies codes with the address of this site', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${ISOLATED}teach/`);
  await expect(page.locator('.address')).toHaveCount(0);
  await page.getByRole('button', { name: 'Copy: Frame, Two lanes', exact: true }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(`<iframe src="${ISOLATED}embed.html?lesson=two-lanes&amp;view=split&amp;edit=full&amp;height=640"`);
  // What was copied is a lesson in a frame.
  const frame = /src="([^"]*)"/.exec(copied)?.[1]?.replaceAll('&amp;', '&') ?? '';
  await page.goto(frame);
  await expect(root(page)).toHaveAttribute('data-lesson', 'two-lanes');
});
