// Small scenarios that once ended wrong, here or elsewhere (core/tests/cases), in both engines and by every strategy.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ISOLATED, PLAIN, done, expect, give, inspected, open, root, test } from './page';

const FOLDER = join(__dirname, '../../core/tests/cases');
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && !name.endsWith('.expect.json'));

/** What a document is called on the page. */
function title(text: string): string {
  const { title, header } = JSON.parse(text);
  return title ?? `Block ${Number(header.number)}`;
}

for (const [engine, address, clock] of [
  ['with threads', ISOLATED, 'measured'],
  ['without threads', PLAIN, 'simulated'],
]) {
  test(`every case ends as it does in order, by every strategy, in the engine ${engine}`, async ({ page }) => {
    test.setTimeout(240_000);
    await open(page, `${address}?clock=${clock}&lanes=4`);
    const strategy = page.getByRole('combobox', { name: 'Strategy' });
    const strategies = await strategy.locator('option').evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
    let runs = 0;
    for (const name of NAMES) {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      await give(page, name, text);
      await expect(root(page), name).toHaveAttribute('data-scenario', title(text), { timeout: 60_000 });
      for (const id of strategies.filter((id) => id !== 'automatic')) {
        await strategy.selectOption(id);
        await expect(root(page), name).toHaveAttribute('data-strategy', id, { timeout: 60_000 });
        await done(page, 60_000);
        runs += 1;
      }
      if (name.startsWith('predicted-nonce')) {
        await page.getByRole('tab', { name: 'Transactions' }).click();
        await page.locator('#tab-panel tbody tr').nth(2).click();
        expect(await inspected(page, 2)).toContain('nonce 2 too low, expected 3');
      }
    }
    expect(NAMES.length).toBeGreaterThanOrEqual(9);
    expect(runs).toBe(NAMES.length * (strategies.length - 1));
  });
}
