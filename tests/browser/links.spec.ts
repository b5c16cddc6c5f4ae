import { ISOLATED, attribute, done, expect, give, inspected, open, root, scenario, selected, test } from './page';

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
  // Two steps, to where there is room for them.
  const before = await selected(page);
  const forward = before < 20;
  const tx = before + (forward ? 2 : -2);
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press(forward ? 'j' : 'k');
  await page.keyboard.press(forward ? 'j' : 'k');
  const told = await inspected(page, tx);
  // The address follows a moment later, because browsers refuse a page that writes it too often.
  await expect.poll(() => page.url()).toMatch(new RegExp(`[?&]tx=${tx}\\b.*#1\\.`));

  const elsewhere = await browser.newContext();
  const copy = await elsewhere.newPage();
  await open(copy, page.url());
  for (const name of ['data-scenario', 'data-strategy', 'data-lanes', 'data-transactions']) {
    expect(await attribute(copy, name), name).toBe(await attribute(page, name));
  }
  const title = (text: string) => text.split('\n').slice(0, 2);
  expect(title(await inspected(copy, tx))).toEqual(title(told));
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

test('the dialog copies each form and shows a code', async ({ browser }) => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await open(page, `${ISOLATED}?s=payments&clock=simulated&lanes=4`);
  await page.getByRole('button', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('img', { name: 'QR code of the link' })).toBeVisible();
  for (const [form, begins] of [
    ['Markdown', '[Payments that never meet](http'],
    ['HTML link', '<a href="http'],
    ['HTML frame', '<iframe src="http'],
    ['Image in Markdown', '[![Lanes of Payments that never meet](http'],
    ['Image in HTML', '<figure>'],
  ] as const) {
    await dialog.getByRole('button', { name: `Copy ${form}` }).click();
    await expect(dialog.getByRole('status')).toHaveText(`${form} copied.`);
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.startsWith(begins), copied).toBe(true);
    expect(copied).toContain('s=payments');
    // The site has a picture of that run.
    const image = /http[^")]*\.svg/.exec(copied)?.[0];
    if (image) expect((await page.request.get(image)).headers()['content-type']).toContain('image/svg+xml');
    expect(Boolean(image)).toBe(form.startsWith('Image'));
  }
  // Of another one it has none: the dialog leads to where a picture is saved.
  await expect(dialog.getByRole('button', { name: 'Picture…' })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'More lanes' }).click();
  await done(page);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(dialog.getByRole('textbox', { name: 'Image in HTML' })).toHaveValue(/src="lanes\.svg".*5 simulated lanes/s);
  await dialog.getByRole('button', { name: 'Picture…' }).click();
  await expect(page.getByRole('dialog', { name: 'The lanes as a picture' })).toBeVisible();
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
    // It stays until it was read, also when the page has run by itself meanwhile.
    await expect(other.getByRole('alert').first()).toContainText(/link/i);
    await other.getByRole('alert').first().getByRole('button', { name: 'Close' }).click();
    await expect(other.getByRole('alert')).toHaveCount(0);
    await context.close();
  });
}

const payer = `0x${'a1'.repeat(20)}`;
const payee = `0x${'b2'.repeat(20)}`;

/** A block of one payment, with all that its execution needs and must give. */
const block = JSON.stringify({
  format: 'evm-block-case/1',
  chainId: '0x1',
  fork: 'Cancun',
  header: { number: '0x7', miner: `0x${'c3'.repeat(20)}`, timestamp: '0x1', gasLimit: '0x1c9c380', baseFeePerGas: '0x7', excessBlobGas: '0x0' },
  transactions: [
    { type: '0x2', from: payer, to: payee, nonce: '0x0', value: '0x1', input: '0x', gas: '0x5208', chainId: '0x1', maxFeePerGas: '0x7', maxPriorityFeePerGas: '0x0' },
  ],
  preState: { [payer]: { balance: '0xde0b6b3a7640000', nonce: '0x0', codeHash: null } },
  codes: {},
  expected: {
    gasUsed: '0x5208',
    logsBloom: `0x${'00'.repeat(256)}`,
    receipts: [{ type: '0x2', status: '0x1', gasUsed: '0x5208', cumulativeGasUsed: '0x5208', logs: [], contractAddress: null }],
    postState: { [payer]: { balance: `0x${(10n ** 18n - 1n - 7n * 21000n).toString(16)}`, nonce: '0x1' }, [payee]: { balance: '0x1', nonce: '0x0' } },
  },
});

test('a small block travels in the link, with what it must come to', async ({ page }) => {
  await open(page, `${ISOLATED}?clock=simulated`);
  await give(page, 'payment.json', block);
  await expect(root(page)).toHaveAttribute('data-scenario', 'Block 7');
  await done(page);
  await expect.poll(() => page.url()).toContain('#1.');
  const link = page.url();
  const context = await page.context().browser()!.newContext();
  const other = await context.newPage();
  await open(other, link);
  expect(await attribute(other, 'data-scenario')).toBe('Block 7');
  await expect(other.locator('[data-header-check]')).toContainText('✓ equal');
  await expect(other.locator('[data-header-check]')).not.toContainText('✗');
  await context.close();
});
