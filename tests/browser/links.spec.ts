import { ISOLATED, attribute, done, expect, give, open, root, scenario, test } from './page';

test('the link in the address bar reproduces scenario, strategy and selection elsewhere', async ({ page, browser }) => {
  await open(page, ISOLATED);
  await give(
    page,
    'mine.json',
    scenario({
      title: 'Shared by link',
      accounts: { alice: {}, friend: { count: 12 } },
      transactions: [{ repeat: 40, from: { pick: 'friend', by: 'round-robin' }, to: 'alice', value: '1 gwei' }],
      seed: 7,
    }),
  );
  await expect(root(page)).toHaveAttribute('data-scenario', 'Shared by link');
  await done(page);
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  // The address follows a moment later, because browsers refuse a page that writes it too often.
  await expect.poll(() => page.url()).toContain('#1.');
  await page.waitForTimeout(600);

  const link = page.url();
  const selected = await page.locator('aside.inspector').innerText();
  const elsewhere = await browser.newContext();
  const copy = await elsewhere.newPage();
  await open(copy, link);
  for (const name of ['data-scenario', 'data-strategy', 'data-lanes', 'data-transactions']) {
    expect(await attribute(copy, name), name).toBe(await attribute(page, name));
  }
  const heading = selected.split('\n')[0];
  await expect(copy.locator('aside.inspector')).toContainText(heading);
  await elsewhere.close();
});

test('a link that asks for more lanes than there are says so and keeps what it asks for', async ({ page }) => {
  await open(page, `${ISOLATED}?lanes=200`);
  await expect(page.getByText(/asks for 200 lanes/)).toBeVisible();
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press('j');
  await expect.poll(() => page.url()).toContain('tx=');
  expect(page.url()).toContain('lanes=200');
});

test('the button copies the address', async ({ browser }) => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await open(page, ISOLATED);
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: /copy/i }).first().click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.startsWith(new URL(ISOLATED).origin)).toBe(true);
  await context.close();
});

for (const [name, damage] of [
  ['cut', (link: string) => link.slice(0, -9)],
  ['changed', (link: string) => link.slice(0, -12) + (link.at(-12) === 'A' ? 'B' : 'A') + link.slice(-11)],
  ['of a newer version', (link: string) => link.replace('#1.', '#9.')],
  ['not of this page', (link: string) => link.replace(/#.*/, '#1.%%%%')],
] as const) {
  test(`a link that is ${name} is named as such and leaves the page usable`, async ({ page, browser }) => {
    await open(page, ISOLATED);
    await give(page, 'mine.json', scenario({ accounts: { a: {}, b: {} }, transactions: [{ from: 'a', to: 'b', value: 1 }] }));
    await expect(root(page)).toHaveAttribute('data-scenario', 'A test');
    await expect.poll(() => page.url()).toContain('#1.');

    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(damage(page.url()));
    await expect(other.getByRole('alert').first()).toContainText(/link/i);
    await done(other);
    await context.close();
  });
}
