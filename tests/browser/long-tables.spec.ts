// Tables of which only the rows in sight exist: the wheel, keys and the focus treat them as if all of them did.

import { type Page } from '@playwright/test';
import { ISOLATED, expect, open, test } from './page';

const panel = (page: Page) => page.locator('#tab-panel');
const top = (page: Page) => panel(page).evaluate((panel) => panel.scrollTop);

/** Opens a tab of a block with 2,000 transactions. */
async function table(page: Page, tab: string): Promise<number> {
  await open(page, `${ISOLATED}?s=transfers-2000&clock=simulated`);
  await page.getByRole('tab', { name: tab }).click();
  const table = panel(page).locator('table[aria-rowcount]');
  await expect(table).toBeVisible();
  const rows = Number(await table.getAttribute('aria-rowcount')) - 1;
  expect(rows).toBeGreaterThanOrEqual(2_000);
  // Only some of them exist.
  expect(await table.locator('tbody tr').count()).toBeLessThan(200);
  await panel(page).evaluate((panel) => panel.scrollIntoView({ block: 'center' }));
  return rows;
}

/** The position of the row that has the focus, from 0; and whether all of it is in sight below the heading. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const row = document.activeElement?.closest('tr[aria-rowindex]');
    if (!row) return { at: -1, seen: false };
    const [rect, panel] = [row, document.getElementById('tab-panel')!].map((e) => e.getBoundingClientRect());
    const head = row.closest('table')!.tHead!.getBoundingClientRect();
    const seen = rect.top >= head.bottom - 1 && rect.bottom <= panel.bottom + 1 && rect.bottom <= innerHeight + 1;
    return { at: Number(row.getAttribute('aria-rowindex')) - 2, seen };
  });

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
]) {
  for (const tab of ['Transactions', 'Access list']) {
    test(`a table goes as far as the wheel turns: ${tab}, ${width}×${height}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await table(page, tab);
      const box = (await panel(page).boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      const tops = [];
      for (let turn = 0; turn < 6; turn += 1) {
        await page.mouse.wheel(0, 100);
        await page.waitForTimeout(250);
        tops.push(await top(page));
      }
      expect(tops).toEqual([100, 200, 300, 400, 500, 600]);
      // And far away: what is in sight is drawn, in its place.
      await panel(page).evaluate((panel) => panel.scrollTo(0, 20_000));
      await page.waitForTimeout(250);
      expect(await top(page)).toBe(20_000);
      const gap = await page.evaluate(() => {
        const panel = document.getElementById('tab-panel')!.getBoundingClientRect();
        const rows = [...document.querySelectorAll('#tab-panel tbody tr:not(.spacer)')].map((r) => r.getBoundingClientRect());
        return { above: rows[0].top - panel.top, below: panel.bottom - rows.at(-1)!.bottom };
      });
      expect(gap.above).toBeLessThanOrEqual(0);
      expect(gap.below).toBeLessThanOrEqual(0);
    });
  }
}

test('keys scroll a long table as they scroll a short one', async ({ page }) => {
  await table(page, 'Transactions');
  await panel(page).focus();
  const seen = await panel(page).evaluate((panel) => panel.clientHeight);
  const after = async (key: string) => {
    await page.keyboard.press(key);
    await page.waitForTimeout(400);
    return top(page);
  };
  for (let press = 1; press <= 5; press += 1) expect(await after('ArrowDown')).toBe(press * 40);
  let before = await top(page);
  for (let press = 1; press <= 4; press += 1) {
    const now = await after('PageDown');
    expect(now - before).toBeGreaterThan(seen / 2);
    expect(now - before).toBeLessThanOrEqual(seen);
    before = now;
  }
  expect(await after('PageUp')).toBeLessThan(before);
  expect(await after('End')).toBe(await panel(page).evaluate((panel) => panel.scrollHeight - panel.clientHeight));
  expect(await after('Home')).toBe(0);
});

for (const tab of ['Transactions', 'Access list']) {
  test(`the focus goes from row to row and reaches every row: ${tab}`, async ({ page }) => {
    const rows = await table(page, tab);
    await panel(page).locator('tbody button').first().focus();
    const first = (await focused(page)).at;
    for (let press = 1; press <= 60; press += 1) {
      await page.keyboard.press('ArrowDown');
      await expect.poll(() => focused(page)).toEqual({ at: first + press, seen: true });
    }
    await page.keyboard.press('PageDown');
    await expect.poll(async () => (await focused(page)).at).toBeGreaterThan(first + 62);
    await page.keyboard.press('End');
    await expect.poll(() => focused(page)).toEqual({ at: rows - 1, seen: true });
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => focused(page)).toEqual({ at: rows - 2, seen: true });
    await page.keyboard.press('Home');
    await expect.poll(() => focused(page)).toEqual({ at: 0, seen: true });

    // Tab goes through every row, too, and does not end at the last one that was drawn.
    let before = 0;
    for (let press = 0; press < 150; press += 1) {
      await page.keyboard.press('Tab');
      const { at } = await focused(page);
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(before + 2);
      before = at;
    }
    expect(before).toBeGreaterThan(50);

    // Escape leaves the table.
    await page.keyboard.press('Escape');
    await expect(page.getByRole('tab', { name: tab })).toBeFocused();
  });
}

test('who scrolls away from the row with the focus finds it again with the next key', async ({ page }) => {
  await table(page, 'Transactions');
  await panel(page).locator('tbody tr[aria-rowindex="5"] button').first().focus();
  await panel(page).evaluate((panel) => panel.scrollTo(0, 30_000));
  await page.waitForTimeout(200);
  await expect(panel(page)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => focused(page)).toEqual({ at: 4, seen: true });
});

test('the focus stays in its row when the block has run again', async ({ page }) => {
  await table(page, 'Transactions');
  const row = panel(page).locator('tbody tr[aria-rowindex="5"]');
  await row.getByRole('button').first().focus();
  await row.evaluate((row) => row.setAttribute('data-before', ''));
  await page.keyboard.press('Control+Enter');
  // Rows of another run are other rows.
  await expect(row).not.toHaveAttribute('data-before', /.*/, { timeout: 30_000 });
  await expect.poll(async () => (await focused(page)).at).toBe(3);
});

test('a table says how many rows it has and which ones are drawn', async ({ page }) => {
  const rows = await table(page, 'Transactions');
  await expect(panel(page).locator('thead tr')).toHaveAttribute('aria-rowindex', '1');
  await expect(panel(page).locator('tbody tr[aria-rowindex]').first()).toHaveAttribute('aria-rowindex', '2');
  await panel(page).evaluate((panel) => panel.scrollTo(0, panel.scrollHeight));
  await expect(panel(page).locator('tbody tr[aria-rowindex]').last()).toHaveAttribute('aria-rowindex', String(rows + 1));
});
