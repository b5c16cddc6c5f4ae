// Every third of the real blocks, in Chromium with threads: equal to sequential execution and to the header.

import { readdirSync } from 'node:fs';
import { ISOLATED, attribute, block, done, expect, give, open, root, test } from './page';

const LANES = [1, 2, 4];

/** The numbers of the folder's blocks; `null` if there is no folder. */
function numbers(): number[] | null {
  let files: string[];
  try {
    files = readdirSync(`${process.env.EVM_LANES_DATA}/blocks`);
  } catch {
    return null;
  }
  const found = files.map((file) => /^(\d+)\.json\.gz$/.exec(file)?.[1]).filter((name) => name !== undefined);
  return found.map(Number).sort((a, b) => a - b);
}

for (const lanes of LANES) {
  const on = lanes === 1 ? 'one lane' : `${lanes} lanes`;
  test(`a third of the real blocks is equal to sequential and to the headers, on ${on}`, async ({ page }) => {
    test.setTimeout(600_000);
    const all = numbers();
    test.skip(all === null, `no real blocks in ${process.env.EVM_LANES_DATA}`);
    if (!all) return;
    expect(all.length, 'blocks in the folder').toBeGreaterThan(0);

    // Also where there are fewer cores: lanes that share one are interrupted at any moment.
    await page.addInitScript((cores) => {
      Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => cores });
    }, Math.max(...LANES));
    await open(page, `${ISOLATED}?strategy=block-stm&lanes=${lanes}`);
    expect(await attribute(page, 'data-engine')).toBe('threads');

    let blocks = 0;
    let transactions = 0;
    for (const number of all.filter((_, i) => i % 3 === 0)) {
      const found = block(number);
      if ('missing' in found) throw new Error(found.missing);
      await give(page, `${number}.json.gz`, found.file);
      await expect(root(page), `${number}`).toHaveAttribute('data-scenario', `Block ${number}`, { timeout: 60_000 });
      // The table of this block, not of the one before.
      const heading = page.locator('[data-header-check] th').first();
      const shown = async () => (await heading.textContent())?.replace(/\D/g, '');
      await expect.poll(shown, { message: `${number}: its header`, timeout: 60_000 }).toBe(String(number));
      await done(page, 60_000);
      expect(await attribute(page, 'data-lanes'), `${number}`).toBe(String(lanes));
      const check = page.locator('[data-header-check] tbody');
      expect(await check.locator('.ok').count(), `${number}: figures compared`).toBeGreaterThan(1);
      await expect(check.locator('.wrong'), `${number}`).toHaveCount(0);
      await expect(page.getByRole('alert'), `${number}`).toHaveCount(0);
      blocks += 1;
      transactions += Number(await attribute(page, 'data-transactions'));
    }
    expect(blocks).toBeGreaterThan(0);
    console.log(`    ${blocks} of ${all.length} real blocks on ${on}, ${transactions} transactions`);
  });
}
