// Block access lists (EIP-7928): shown, exported, compared with one from a file, run from.

import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, block, done, expect, give, open, root, test } from './page';

const table = (page: Page) => page.locator('table[data-access-list]');
const given = (page: Page) => page.locator('[data-differences]');

async function accessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
}

/** Opens the list of what an address shows. */
async function listed(page: Page, url: string): Promise<void> {
  await open(page, url);
  await page.getByRole('tab', { name: 'Access list' }).click();
  await expect(table(page)).toBeVisible();
}

async function exported(page: Page, form: 'JSON' | 'RLP'): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: `Export ${form}` }).click(),
  ]);
  return readFileSync(await download.path());
}

type Change = { index: string; value: string };
type Account = { address: string; storageChanges: { key: string; changes: Change[] }[]; nonceChanges: Change[]; storageReads: string[] };

for (const [engine, url] of [
  ['threads', ISOLATED],
  ['single', PLAIN],
]) {
  test(`the list of the first block is shown by account, location and transaction, ${engine}`, async ({ page }) => {
    await listed(page, url);
    await expect(page.locator('[data-list-figures]')).toContainText(/accounts, .* changes and reads; .* bytes as RLP/);
    await expect(table(page).locator('tr.account').first()).toContainText(/0x/);
    await accessible(page, 'access list');

    // What is chosen here is chosen everywhere.
    const number = /^transaction (\d+)/;
    const transaction = table(page).getByRole('button', { name: number }).first();
    const tx = number.exec((await transaction.getAttribute('aria-label'))!)![1];
    await transaction.click();
    await expect(page.locator('aside.inspector')).toHaveAttribute('data-tx', tx);
    const location = table(page).locator('td.within').getByRole('button').first();
    await location.click();
    await expect(location).toHaveAttribute('aria-pressed', 'true');
    await expect(table(page).locator('tr.on').first()).toContainText(await location.innerText());
    // Only the visible rows exist, and scrolling brings others.
    const first = await table(page).locator('tbody tr').nth(1).innerText();
    expect(await table(page).locator('tbody tr').count()).toBeLessThan(80);
    await page.locator('#tab-panel').evaluate((panel) => panel.scrollTo(0, panel.scrollHeight));
    await expect(table(page).locator('tbody tr').nth(1)).not.toHaveText(first);
  });
}

test('a list that was exported comes back without a difference, in both forms', async ({ page }) => {
  await listed(page, `${ISOLATED}?strategy=block-access-list&lanes=16&clock=simulated`);
  const own = await attribute(page, 'data-trace-hash');
  expect(await attribute(page, 'data-given-list')).toBeNull();
  for (const form of ['JSON', 'RLP'] as const) {
    const file = await exported(page, form);
    await page.locator('input[type=file][data-list]').setInputFiles({ name: `list.${form}`, mimeType: 'application/json', buffer: file });
    await expect(given(page)).toHaveAttribute('data-differences', '0');
    await expect(given(page)).toContainText(/no difference/);
    await expect(root(page)).toHaveAttribute('data-given-list', /^0x/);
    await done(page);
    expect(await attribute(page, 'data-trace-hash')).toBe(own);
    await page.getByRole('checkbox', { name: 'Only differences' }).check();
    await expect(page.locator('#tab-panel')).toContainText('No difference.');
    await page.getByRole('button', { name: 'Remove it' }).click();
    await expect(given(page)).toHaveCount(0);
    await done(page);
    await expect(root(page)).not.toHaveAttribute('data-given-list', /./);
  }
});

test('one value that is changed is the one difference; a run from it is equal to sequential all the same', async ({ page }) => {
  await listed(page, `${ISOLATED}?lanes=64&clock=simulated`);
  const list: Account[] = JSON.parse((await exported(page, 'JSON')).toString());
  const slot = list.flatMap((account) => account.storageChanges).find((slot) => slot.changes.length > 3)!;
  slot.changes[0].value = '0x5';
  // By the page's own button, as by dropping.
  await give(page, 'spoilt.json', JSON.stringify(list));
  await expect(given(page)).toHaveAttribute('data-differences', '1');
  await expect(given(page)).toContainText('spoilt.json: 1 difference: 1 with another value');
  const wrong = table(page).locator('tr[data-mark=different]');
  await page.getByRole('checkbox', { name: 'Only differences' }).check();
  await expect(wrong).toHaveCount(1);
  await expect(wrong).toContainText('✗ the list says 5');
  await expect(table(page).locator('tbody tr')).toHaveCount(2);
  await accessible(page, 'one difference');

  await page.getByRole('button', { name: 'Run from it' }).click();
  await expect(root(page)).toHaveAttribute('data-given-list', /^0x/);
  await done(page);
  expect(await attribute(page, 'data-strategy')).toBe('block-access-list');
  expect(Number(await attribute(page, 'data-incarnations'))).toBeGreaterThan(Number(await attribute(page, 'data-transactions')));
  await expect(page.getByRole('region', { name: 'What the run says' })).toContainText(/The list comes from a file/);
  // The link cannot carry it, and says so.
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByRole('dialog')).toContainText('This link leaves out the access list in spoilt.json');
  await accessible(page, 'share');
  await page.keyboard.press('Escape');

  // Kept, removed, and looked at again: the list comes back with its run.
  const hash = await attribute(page, 'data-trace-hash');
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(root(page)).not.toHaveAttribute('data-given-list', /./);
  await done(page);
  await page.getByRole('button', { name: /^Show this run: Block access list from a file/ }).click();
  await expect(root(page)).toHaveAttribute('data-trace-hash', hash!);
  await expect(given(page)).toHaveAttribute('data-differences', '1');

  // Another scenario's list is another one.
  await page.getByRole('combobox', { name: 'Scenario' }).selectOption('payments');
  await expect(given(page)).toHaveCount(0);
  await done(page);
  await expect(table(page)).not.toContainText('NewPair');
});

test('what is missing and what is too much is marked in words', async ({ page }) => {
  await listed(page, ISOLATED);
  const list: Account[] = JSON.parse((await exported(page, 'JSON')).toString());
  const sender = list.find((account) => account.nonceChanges.length > 0)!;
  sender.nonceChanges.pop();
  list.push({ ...list[0], address: `0x${'ff'.repeat(20)}`, storageChanges: [], nonceChanges: [], storageReads: ['0x7'] });
  await page.locator('input[type=file][data-list]').setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(list)) });
  await expect(given(page)).toContainText(/1 missing in it/);
  await page.getByRole('checkbox', { name: 'Only differences' }).check();
  await expect(table(page).locator('tr[data-mark=missing]')).toContainText('missing in the list');
  await expect(table(page).locator('tr[data-mark=extra]').first()).toContainText('only in the list');
});

for (const [name, contents, place] of [
  ['words', 'hello', /list: expected a block access list/],
  ['a wrong address', '[{"address":"0x12"}]', /list\[0\]\.address/],
  ['a cut one', Buffer.from([0xf8, 0xff, 0xc1]), /list: expected/],
  ['a scenario', '{"format":"evm-lanes/1"}', /expected a block access list/],
] as const) {
  test(`a list that is none is refused in words: ${name}`, async ({ page }) => {
    await listed(page, ISOLATED);
    const buffer = typeof contents === 'string' ? Buffer.from(contents) : contents;
    await page.locator('input[type=file][data-list]').setInputFiles({ name: 'bad.json', mimeType: 'application/json', buffer });
    const alert = page.getByRole('alert').first();
    await expect(alert).toContainText('bad.json');
    await expect(alert).toContainText(place);
    await expect(given(page)).toHaveCount(0);
    await expect(table(page)).toBeVisible();
  });
}

test('the list of a real block is shown, compared and run from', async ({ page }) => {
  const real = block(14029313);
  test.skip('missing' in real, 'missing' in real ? real.missing : '');
  if ('missing' in real) return;
  await open(page, ISOLATED);
  await give(page, '14029313.json.gz', real.file);
  await expect(root(page)).toHaveAttribute('data-scenario', /14029313/, { timeout: 50_000 });
  await done(page, 50_000);
  await page.getByRole('tab', { name: 'Access list' }).click();
  await expect(table(page)).toBeVisible();
  // Only the visible rows exist.
  expect(await table(page).locator('tbody tr').count()).toBeLessThan(200);
  const file = await exported(page, 'RLP');
  await give(page, 'list.rlp', file);
  await expect(given(page)).toHaveAttribute('data-differences', '0');
  await page.getByRole('button', { name: 'Run from it' }).click();
  await expect(root(page)).toHaveAttribute('data-given-list', /^0x/, { timeout: 30_000 });
  await done(page, 50_000);
});
