// A run as one file, opened from a disk.

import AxeBuilder from '@axe-core/playwright';
import { PLAIN, done, expect, open, test } from './page';

test('a run is saved as one file that shows every view without a network', async ({ page, browser }, info) => {
  await open(page, `${PLAIN}?s=one-pool&clock=simulated`);
  await page.getByRole('tab', { name: 'Curve' }).click();
  await page.getByRole('button', { name: 'Draw the curve' }).click();
  await expect(page.locator('svg.curve')).toBeVisible({ timeout: 40_000 });
  await done(page);
  await page.getByRole('button', { name: 'Picture' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as page' }).click();
  const path = info.outputPath('run.html');
  await (await saved).saveAs(path);

  for (const [width, colorScheme] of [
    [1440, 'light'],
    [1440, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, offline: true });
    const file = await context.newPage();
    const asked: string[] = [];
    file.on('request', (request) => asked.push(request.url()));
    await file.goto(`file://${path}`);
    const views = file.getByRole('navigation', { name: 'Views' }).getByRole('link');
    await expect(views).toHaveText(['Lanes', 'Figures', 'Dependencies', 'Transactions', 'Attempts', 'Locations', 'Time', 'Speed-up over lanes', 'For programs']);
    await expect(file.getByRole('img')).toHaveCount(3);
    await expect(file.getByRole('table', { name: 'Attempts by lane and time' }).getByRole('row')).toHaveCount(27);
    await expect(file.getByRole('table', { name: 'Speed-up by number of lanes' }).getByRole('row')).toHaveCount(18);
    const run = JSON.parse((await file.locator('script#run').textContent()) ?? '');
    expect(run.trace.attempts).toHaveLength(26);
    expect(asked).toEqual([`file://${path}`]);
    expect(await file.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    const { violations } = await new AxeBuilder({ page: file }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    await file.screenshot({ path: `artefacts/offline-${width}-${colorScheme}.png`, fullPage: true });
    await context.close();
  }
});
