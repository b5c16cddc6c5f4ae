// The automatic choice: the engine decides between Block-STM and sequential, and says why.

import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, done, expect, give, open, root, scenario, test } from './page';

const HOW = ['data-strategy', 'data-chosen', 'data-clock', 'data-lanes', 'data-trace-hash'];

const how = async (page: Page) => Object.fromEntries(await Promise.all(HOW.map(async (name) => [name, await attribute(page, name)])));

const strategy = (page: Page) => page.getByRole('combobox', { name: 'Strategy' });

/** The sentence that says what was chosen. */
const why = (page: Page) => page.locator('p[data-chosen]');

async function accessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
}

test('what is chosen is a run of that strategy, says why, and its link does the same', async ({ page, browser }) => {
  await open(page, ISOLATED);
  const parallel = await how(page);
  await expect(why(page)).toHaveCount(0);
  await strategy(page).selectOption('automatic');
  await expect(root(page)).toHaveAttribute('data-chosen', 'automatic');
  await done(page);
  expect(await how(page)).toEqual({ ...parallel, 'data-chosen': 'automatic' });
  await expect(why(page)).toContainText(/^Chosen automatically: Block-STM, because the longest chain \(\d+ transactions\) takes \d+ % of .* 4 lanes can be up to \d\.\d× as fast/);
  await accessible(page, 'Block-STM was chosen');
  await expect.poll(() => page.url()).toContain('strategy=automatic');

  // One lane: nothing to win. The number of lanes can still be changed.
  const lanes = page.getByRole('spinbutton', { name: 'Lanes' });
  await lanes.fill('1');
  await lanes.press('Enter');
  await expect(root(page)).toHaveAttribute('data-strategy', 'sequential');
  await done(page);
  await expect(why(page)).toContainText('one lane');
  await accessible(page, 'sequential was chosen');
  await page.getByRole('button', { name: 'More lanes' }).click();
  await expect(root(page)).toHaveAttribute('data-lanes', '2');
  await expect(root(page)).toHaveAttribute('data-strategy', 'block-stm');
  await done(page);

  const [here, url] = [await how(page), new URL(page.url())];
  for (const address of [ISOLATED, PLAIN]) {
    const context = await browser.newContext();
    const other = await context.newPage();
    await open(other, `${address}${url.search}`);
    expect(await how(other)).toEqual(here);
    await expect(strategy(other)).toHaveValue('automatic');
    await context.close();
  }
});

test('on a chain of swaps sequential is chosen, and the lanes stay what they are set to', async ({ page }) => {
  await open(page, `${ISOLATED}?s=swaps-one-pool-500&strategy=automatic&lanes=8&clock=simulated`);
  expect(await how(page)).toMatchObject({ 'data-strategy': 'sequential', 'data-chosen': 'automatic', 'data-lanes': '1' });
  await expect(why(page)).toContainText(/Sequential, because the longest chain \(500 transactions\) takes 100 % of .* 8 lanes would be 1\.0× as fast at best/);
  await expect(page.getByRole('spinbutton', { name: 'Lanes' })).toHaveValue('8');
  await page.screenshot({ path: 'artefacts/automatic-sequential.png' });
});

test('how it is chosen is explained where the question arises', async ({ page }) => {
  await open(page, `${ISOLATED}?strategy=automatic&clock=simulated`);
  await page.getByRole('button', { name: 'How it is chosen' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Automatic', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(dialog).toContainText('80 µs');
  await accessible(page, 'explained');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('among all strategies the automatic choice stands once, and is shown again in the end', async ({ page }) => {
  await open(page, `${ISOLATED}?strategy=automatic&clock=simulated&lanes=4`);
  const before = await how(page);
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByRole('button', { name: 'Run every strategy' }).click();
  const rows = page.locator('#tab-panel tbody tr');
  // Every parallel strategy, of which it chose one.
  await expect(rows).toHaveCount((await strategy(page).locator('option').count()) - 2);
  await expect(page.locator('#tab-panel tbody .ok')).toHaveCount(await rows.count());
  await done(page);
  expect(await how(page)).toEqual(before);
  await expect(rows.filter({ hasText: 'Automatic: Block-STM' })).toHaveCount(1);
  await expect(strategy(page)).toHaveValue('automatic');
});

test('measured lanes are chosen for by this machine’s own times', async ({ page }) => {
  await open(page, `${ISOLATED}?s=erc20-2000&strategy=automatic&lanes=2&clock=measured`);
  expect(await how(page)).toMatchObject({ 'data-chosen': 'automatic', 'data-clock': 'measured' });
  await expect(why(page)).toContainText(/because .*\d (µs|ms)/);
  await open(page, `${PLAIN}?strategy=automatic&lanes=2&clock=measured`);
  expect(await how(page)).toMatchObject({ 'data-chosen': 'automatic', 'data-strategy': 'sequential', 'data-lanes': '1' });
});

test('a scenario can ask for it; what is no strategy is named, with what would be one', async ({ page }) => {
  await open(page, `${ISOLATED}?strategy=quickest`);
  // The page has run by now, and still says it.
  await expect(page.getByRole('alert')).toContainText(/"strategy" should be one of automatic, block-stm, .* but is "quickest"/);
  const own = (strategy: string) =>
    scenario({
      title: `Run by ${strategy}`,
      accounts: { alice: {}, friend: { count: 30 } },
      transactions: [{ repeat: 30, from: { pick: 'friend', by: 'round-robin' }, to: 'alice', value: '1 gwei' }],
      run: { strategy, lanes: 4, clock: 'simulated' },
    });
  await give(page, 'mine.json', own('automatic'));
  await expect(root(page)).toHaveAttribute('data-scenario', 'Run by automatic');
  await done(page);
  expect(await how(page)).toMatchObject({ 'data-chosen': 'automatic', 'data-strategy': 'block-stm' });
  await give(page, 'mine.json', own('quickest'));
  await expect(page.getByRole('alert')).toContainText(/run\.strategy/);
  await expect(page.getByRole('alert')).toContainText('automatic');
  await expect(page.getByRole('region', { name: 'What the run says' })).toContainText('your last edit has not run yet');
});
