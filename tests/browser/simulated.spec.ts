// Simulated lanes: the same from the same link everywhere, beside measured ones, up to 256 of them.

import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, colours, done, expect, give, open, root, scenario, test } from './page';

const HOW = ['data-clock', 'data-cost', 'data-seed', 'data-strategy', 'data-lanes', 'data-trace-hash'];

const how = async (page: Page) => Object.fromEntries(await Promise.all(HOW.map(async (name) => [name, await attribute(page, name)])));

async function accessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
}

/** What a page that is opened anew shows for an address. */
async function elsewhere(page: Page, url: string) {
  const context = await page.context().browser()!.newContext();
  const other = await context.newPage();
  await open(other, url);
  const found = await how(other);
  await context.close();
  return found;
}

test('the first view is simulated, and the same with threads and without', async ({ page }) => {
  await open(page, ISOLATED);
  const here = await how(page);
  expect(here).toMatchObject({ 'data-clock': 'simulated', 'data-cost': 'gas', 'data-seed': '0', 'data-lanes': '4' });
  await expect(page.getByRole('heading', { level: 1 })).toContainText('simulated');
  expect(await elsewhere(page, PLAIN)).toEqual(here);
});

test('a link shows the same lanes in another browser, with threads and without', async ({ page }) => {
  await open(page, `${ISOLATED}?s=token-rush&clock=simulated&cost=opcodes&seed=7&lanes=48`);
  const here = await how(page);
  expect(here).toMatchObject({ 'data-clock': 'simulated', 'data-cost': 'opcodes', 'data-seed': '7', 'data-lanes': '48' });
  const query = new URL(page.url()).search;
  expect(await elsewhere(page, `${ISOLATED}${query}`)).toEqual(here);
  expect(await elsewhere(page, `${PLAIN}${query}`)).toEqual(here);
});

test('a link without a clock is as it was: measured where there are threads', async ({ page }) => {
  await open(page, `${ISOLATED}?lanes=1`);
  expect(await how(page)).toMatchObject({ 'data-clock': 'measured', 'data-lanes': '1' });
  expect(await elsewhere(page, `${PLAIN}?lanes=3`)).toMatchObject({ 'data-clock': 'simulated', 'data-lanes': '3' });
});

test('lanes are chosen by keyboard, up to 256, and all of them are drawn', async ({ page }) => {
  await open(page, ISOLATED);
  const lanes = page.getByRole('spinbutton', { name: 'Lanes' });
  await lanes.fill('256');
  await lanes.press('Enter');
  await expect(root(page)).toHaveAttribute('data-lanes', '256');
  await done(page);
  await expect.poll(() => page.url()).toContain('lanes=256');
  expect(await colours(page, '#lanes canvas')).toBeGreaterThan(3);
  const panel = await page.locator('#lanes').boundingBox();
  expect(panel!.height, 'height of the lanes').toBeLessThan(560);
  await accessible(page, '256 lanes');

  await page.getByRole('button', { name: 'Fewer lanes' }).click();
  await expect(root(page)).toHaveAttribute('data-lanes', '192');
  await lanes.fill('9999');
  await lanes.press('Enter');
  await expect(lanes).toHaveValue('256');
});

test('cost model and seed are chosen in a dialog, and the address follows', async ({ page }) => {
  await open(page, ISOLATED);
  const before = await how(page);
  await page.getByRole('button', { name: /^model/i }).click();
  await accessible(page, 'model');
  await page.getByRole('radio', { name: /^opcode/i }).check();
  await expect(root(page)).toHaveAttribute('data-cost', 'opcodes');
  await page.getByRole('button', { name: 'Another' }).click();
  await expect(root(page)).toHaveAttribute('data-seed', '1');
  await page.keyboard.press('Escape');
  await done(page);
  await expect.poll(() => page.url()).toMatch(/cost=opcodes&seed=1/);
  await page.goBack();
  await expect(root(page)).toHaveAttribute('data-seed', '0');
  await page.goBack();
  await expect(root(page)).toHaveAttribute('data-cost', 'gas');
  await done(page);
  expect(await how(page)).toEqual(before);
});

test('measured lanes stand above the simulated ones, each with its own axis', async ({ page }) => {
  await open(page, ISOLATED);
  const simulated = await attribute(page, 'data-trace-hash');
  await page.getByRole('button', { name: /run on your \d+ cores|run on one core/i }).click();
  await expect(root(page)).toHaveAttribute('data-clock', 'measured');
  await done(page);
  expect(page.url()).toContain('clock=measured');
  const below = page.locator('[data-pinned]');
  await expect(below).toHaveAttribute('data-pinned', simulated!);
  await expect(below).toContainText(/simulated by gas/);
  await expect(below.locator('.axis')).toContainText(/gas/);
  expect(await colours(page, '[data-pinned] canvas')).toBeGreaterThan(3);
  await expect(page.locator('.measured')).toContainText(/measured: median/);
  await accessible(page, 'both clocks');

  await below.getByRole('button', { name: /^show this run/i }).click();
  await expect(root(page)).toHaveAttribute('data-trace-hash', simulated!);
  await expect(page.locator('[data-pinned]')).toHaveAttribute('data-clock', 'measured');
});

test('every strategy is run for a comparison, on one axis and in a table', async ({ page }) => {
  await open(page, ISOLATED);
  const before = await how(page);
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByRole('button', { name: 'Run every strategy' }).click();
  // All but the sequential one, which is part of every speed-up, and the automatic choice, which is one of them.
  const strategies = (await page.getByRole('combobox', { name: 'Strategy' }).locator('option').count()) - 2;
  await expect(page.locator('#tab-panel tbody tr')).toHaveCount(strategies);
  await expect(page.locator('[data-pinned]')).toHaveCount(strategies - 1);
  await expect(page.locator('#tab-panel tbody .ok')).toHaveCount(strategies);
  await done(page);
  // The strategy that was chosen is shown again.
  expect(await how(page)).toEqual(before);
  await accessible(page, 'comparison');
  await page.screenshot({ path: 'artefacts/comparison.png' });
  await page.getByRole('button', { name: 'Remove all' }).click();
  await expect(page.locator('[data-pinned]')).toHaveCount(0);
});

test('a scenario before and after a change stands on one axis and in the table, told apart', async ({ page }) => {
  await open(page, ISOLATED);
  const before = await how(page);
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('tab', { name: /^Scenario/ }).click();
  const text = page.locator('#tab-panel textarea');
  const written = await text.inputValue();
  // The same block with its last transaction taken out.
  const changed = JSON.parse(written);
  changed.transactions.pop();
  await text.fill(JSON.stringify(changed, null, 2));
  await text.press('Control+Enter');
  await expect(root(page)).not.toHaveAttribute('data-trace-hash', before['data-trace-hash']!);
  await done(page);
  await expect(page.locator('[data-pinned]')).toHaveAttribute('data-pinned', before['data-trace-hash']!);
  await expect(page.locator('[data-pinned]')).toContainText('version 1');
  await expect(page.locator('#lanes h2')).toContainText('version 2');
  await page.getByRole('tab', { name: 'Compare' }).click();
  const rows = page.locator('#tab-panel tbody tr');
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(0)).toContainText('version 2');
  await expect(rows.nth(1)).toContainText('version 1');
  await accessible(page, 'two versions');
  await page.screenshot({ path: 'artefacts/versions.png' });

  // Looking at the earlier one brings its scenario back.
  await page.locator('[data-pinned]').getByRole('button', { name: /^Show this run/ }).click();
  await expect(root(page)).toHaveAttribute('data-trace-hash', before['data-trace-hash']!);
  await done(page);
  await page.getByRole('tab', { name: /^Scenario/ }).click();
  await expect(text).toHaveValue(written);
});

test('the lanes’ time is told by cause, and its parts add up', async ({ page }) => {
  for (const [url, cause] of [
    [`${ISOLATED}?clock=simulated&lanes=4`, 'nothing left'],
    [`${ISOLATED}?strategy=perfect-access-list&clock=simulated&lanes=16`, 'waiting for values'],
  ]) {
    await open(page, url);
    await page.getByRole('tab', { name: 'Time' }).click();
    const all = Number(await page.locator('[data-spent]').getAttribute('data-spent'));
    const duration = Number(await attribute(page, 'data-parallel-time'));
    expect(all).toBe(duration * Number(await attribute(page, 'data-lanes')));
    const parts = await page.locator('[data-part]').evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-ticks'))));
    expect(parts.length).toBe(9);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(all);
    expect(Number(await page.locator(`[data-part="${cause}"]`).getAttribute('data-ticks'))).toBeGreaterThan(0);
    await accessible(page, 'time');
  }
});

for (const colour of ['light', 'dark'] as const) {
  test(`on a phone what a part of the time is can be read without scrolling sideways, ${colour}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: colour });
    const page = await context.newPage();
    await open(page, `${ISOLATED}?clock=simulated&lanes=4`);
    await page.getByRole('tab', { name: 'Time' }).click();
    const rows = page.locator('[data-part]');
    for (const row of await rows.all()) {
      const said = row.locator('.about');
      await said.scrollIntoViewIfNeeded();
      const box = (await said.boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(390);
    }
    // It is a table all the same.
    await expect(page.getByRole('table').first().getByRole('rowheader', { name: 'executed' })).toBeVisible();
    await accessible(page, 'time on a phone');
    await page.locator('#tab-panel').screenshot({ path: `artefacts/time-390-${colour}.png` });
    await context.close();
  });
}

test('the inspector says what is undeclared, and every strategy its own why', async ({ page }) => {
  await open(page, `${ISOLATED}?strategy=access-list&clock=simulated&lanes=8`);
  const inspector = page.locator('aside.inspector');
  await expect(inspector.locator('[data-declaration]')).toContainText(/Undeclared: (\d+) of the \1 storage slots/);
  await expect(inspector.locator('table.access').first()).toContainText('undeclared');
  await expect(inspector.locator('ol.attempts')).toContainText(/Undeclared by both, so nothing waited/);
  await expect(page.getByRole('region', { name: 'What the run says' })).toContainText(/access lists do not declare it/);
  await accessible(page, 'undeclared');
  await page.getByRole('combobox', { name: 'Strategy' }).selectOption('ordered-commit');
  await expect(root(page)).toHaveAttribute('data-strategy', 'ordered-commit');
  await done(page);
  await expect(inspector.locator('ol.attempts')).toContainText(/when its turn came/);
  await expect(inspector.locator('[data-declaration]')).toHaveCount(0);
});

test('each strategy is explained, with its source', async ({ page }) => {
  await open(page, ISOLATED);
  await page.getByRole('button', { name: 'About the strategies' }).click();
  const choices = page.getByRole('group', { name: 'Strategy to read about' }).getByRole('button');
  for (const choice of await choices.all()) {
    await choice.click();
    const dialog = page.getByRole('dialog');
    for (const heading of ['What it does', 'What to look for', 'Source']) {
      await expect(dialog.getByRole('heading', { name: heading })).toBeVisible();
    }
    await accessible(page, await choice.innerText());
  }
});

test('the curve shows every strategy on 1 to 256 lanes, and leads to its runs', async ({ page }) => {
  await open(page, `${ISOLATED}?s=token-rush&clock=simulated`);
  await page.getByRole('tab', { name: 'Curve' }).click();
  await page.getByRole('button', { name: 'Draw the curve' }).click();
  // The automatic choice is no line of its own.
  const strategies = (await page.getByRole('combobox', { name: 'Strategy' }).locator('option').count()) - 1;
  await expect(page.getByRole('img', { name: /^Speed-up over lanes/ })).toBeVisible({ timeout: 40_000 });
  await expect(page.locator('svg.curve g.line')).toHaveCount(strategies);
  await accessible(page, 'curve');
  await page.locator('#tab-panel').screenshot({ path: 'artefacts/curve.png' });

  const cell = page.getByRole('button', { name: /Block-STM on 64 lanes/ });
  const said = await cell.innerText();
  await cell.click();
  await expect(root(page)).toHaveAttribute('data-lanes', '64');
  await done(page);
  // A point of the curve is the run that it leads to.
  await expect(page.getByRole('heading', { level: 1 })).toContainText(said);
});

test('a curve can be cancelled, and the page goes on', async ({ page }) => {
  await open(page, ISOLATED);
  const text = scenario({
    title: 'Ten thousand',
    accounts: { payer: { count: 500 }, alice: {} },
    transactions: [{ repeat: 10_000, from: { pick: 'payer', by: 'round-robin' }, to: 'alice', value: 1 }],
  });
  await give(page, 'many.json', text);
  await expect(root(page)).toHaveAttribute('data-scenario', 'Ten thousand');
  await done(page);
  await page.getByRole('tab', { name: 'Curve' }).click();
  await page.getByRole('button', { name: 'Draw the curve' }).click();
  const status = page.locator('#tab-panel [role=status]');
  await expect(status).toContainText(/of \d+ runs/);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(status).toContainText('Cancelled');
  await page.getByRole('banner').getByRole('button', { name: 'Run', exact: true }).click();
  await done(page);
});

test('what costs most is named, with what would be gained without it', async ({ page }) => {
  await open(page, ISOLATED);
  await page.getByRole('tab', { name: 'Locations' }).click();
  const first = page.locator('[data-attribution] tbody tr').first();
  await expect(first).toContainText(/×/);
  await accessible(page, 'attribution');
});
