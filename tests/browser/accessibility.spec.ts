import AxeBuilder from '@axe-core/playwright';
import { ISOLATED, expect, inspected, open, selected, test } from './page';

for (const colour of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ]) {
    test(`axe finds nothing at ${width}×${height}, ${colour}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: colour });
      const page = await context.newPage();
      await open(page, ISOLATED);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => n.html).join('\n  ')}`);
      expect(found).toEqual([]);
      await context.close();
    });
  }
}

test('axe finds nothing in the tabs and dialogs', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await open(page, ISOLATED);
  const check = async (where: string) => {
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
  };
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    await check(`tab ${await tab.innerText()}`);
  }
  for (const name of [/help/i, 'Share']) {
    await page.getByRole('button', { name }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await check(`dialog ${name}`);
    await page.keyboard.press('Escape');
  }
  await context.close();
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
]) {
  test(`whatever is pressed is large enough, ${width}×${height}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page, `${ISOLATED}?s=token-rush&clock=simulated`);
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      const { violations } = await new AxeBuilder({ page }).withRules(['target-size']).analyze();
      expect(violations.flatMap((v) => v.nodes.map((n) => `${n.html} ${n.any[0]?.message}`))).toEqual([]);
    }
  });
}

test('everything can be reached by keyboard: next transaction, its cause, the table', async ({ page }) => {
  const before = 3;
  await open(page, `${ISOLATED}?tx=${before}`);
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press('j');
  const first = await inspected(page, before + 1);
  await page.keyboard.press('j');
  const second = await inspected(page, before + 2);
  expect(second).not.toBe(first);
  await page.keyboard.press('k');
  expect(await inspected(page, before + 1)).toBe(first);
  // Each step is one sentence in a polite live region.
  await expect(page.locator('[role=status][aria-live=polite]').first()).not.toBeEmpty();
});

test('selecting in the table selects in the inspector', async ({ page }) => {
  await open(page, ISOLATED);
  await page.getByRole('tab', { name: /transactions/i }).click();
  const before = await selected(page);
  const tx = before === 3 ? 4 : 3;
  await page.locator('#tab-panel').getByRole('row').nth(tx + 1).getByRole('button').first().click();
  expect(await inspected(page, tx)).toContain(String(tx));
});
