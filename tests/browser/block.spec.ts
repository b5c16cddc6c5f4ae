import { ISOLATED, PLAIN, attribute, block, colours, done, expect, give, open, root, test } from './page';

for (const [name, url] of [
  ['with threads', ISOLATED],
  ['without threads', PLAIN],
]) {
  test(`a real block is equal to sequential execution and to its header, ${name}`, async ({ page }) => {
    test.setTimeout(180_000);
    const found = block(14029313);
    test.skip('missing' in found, 'missing' in found ? found.missing : '');
    if ('missing' in found) return;

    await open(page, url);
    await give(page, '14029313.json.gz', found.file);
    await expect(root(page)).toHaveAttribute('data-transactions', '724', { timeout: 120_000 });
    await done(page, 120_000);
    expect(await attribute(page, 'data-scenario')).toContain('14029313');
    // On the person's own cores, where the page has them.
    expect(await attribute(page, 'data-clock')).toBe(url === ISOLATED ? 'measured' : 'simulated');
    expect(await colours(page, '#lanes canvas')).toBeGreaterThan(3);

    const check = page.locator('[data-header-check]');
    for (const figure of ['gas used', 'receipts root', 'logs bloom']) {
      await expect(check.getByText(figure, { exact: false }).first()).toBeVisible();
    }
    await expect(page.getByRole('alert')).toHaveCount(0);
    await page.screenshot({ path: `artefacts/block-14029313-${name.replaceAll(' ', '-')}.png` });
  });
}

test('a file that is dropped is opened like one that is chosen', async ({ page }) => {
  await open(page, ISOLATED);
  const text = JSON.stringify({
    format: 'evm-lanes/1',
    title: 'Dropped',
    accounts: { alice: {}, bob: {} },
    transactions: [{ from: 'alice', to: 'bob', value: '1 ether' }],
  });
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'dropped.json', { type: 'application/json' }));
    return data;
  }, text);
  await page.locator('body').dispatchEvent('dragover', { dataTransfer: transfer });
  await page.locator('body').dispatchEvent('drop', { dataTransfer: transfer });
  await expect(root(page)).toHaveAttribute('data-scenario', 'Dropped');
  await done(page);
});
