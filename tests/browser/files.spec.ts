// Files are judged by what they are. One that cannot be used is named, and changes nothing.

import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { ISOLATED, attribute, done, expect, give, open, root, scenario, test } from './page';

const text = (title: string) =>
  scenario({ title, accounts: { alice: {}, bob: {} }, transactions: [{ from: 'alice', to: 'bob', value: '1 gwei' }] });

const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();

test('a scenario opens whatever program wrote the file', async ({ page }) => {
  await open(page, ISOLATED);
  for (const [title, file] of [
    ['With a mark', Buffer.from(`\ufeff${text('With a mark')}`)],
    ['UTF-16', utf16(`\ufeff${text('UTF-16')}`)],
    ['UTF-16 without a mark', utf16(text('UTF-16 without a mark'))],
    ['UTF-16 the other way', swapped(`\ufeff${text('UTF-16 the other way')}`)],
    ['In Markdown', Buffer.from(`# A block\r\n\r\n\`\`\`json\r\n${text('In Markdown')}\r\n\`\`\`\r\n`)],
    ['Packed with a mark', gzipSync(Buffer.from(`\ufeff${text('Packed with a mark')}`))],
    ['Speaks of evm-block-case/1', Buffer.from(text('Speaks of evm-block-case/1'))],
  ] as const) {
    await give(page, file[0] === 0x1f ? 'block.json.gz' : 'block.json', file);
    await expect(root(page)).toHaveAttribute('data-scenario', title);
    await done(page);
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
});

test('what cannot be used is named, and what a person has stays', async ({ page }) => {
  await open(page, ISOLATED);
  await give(page, 'mine.json', text('Mine'));
  await expect(root(page)).toHaveAttribute('data-scenario', 'Mine');
  await done(page);
  const hash = await attribute(page, 'data-trace-hash');
  await page.getByRole('tab', { name: /scenario/i }).click();
  const editor = page.locator('textarea').first();
  const before = await editor.inputValue();
  for (const [name, file, words] of [
    ['Counter.json', '{"abi":[],"bytecode":{"object":"0x60"},"methodIdentifiers":{}}', /a Foundry artefact.*"contracts"/],
    ['Lock.json', '{"_format":"hh-sol-artifact-1","contractName":"Lock","abi":[]}', /a Hardhat artefact of the contract Lock/],
    ['genesis.json', '{"config":{"chainId":1},"alloc":{}}', /a genesis file/],
    ['scenario.json', '{"accounts":{},"transactions":[{"timestamp":1,"record":{}}]}', /a scenario of Remix/],
    ['batch.json', '{"version":"1.0","chainId":"1","meta":{},"transactions":[]}', /a Safe transaction batch/],
    ['transfers.csv', 'from,to,value\n0x1,0x2,3\n', /a table \(CSV\)/],
    ['page.html', '<!doctype html><title>x</title>', /a web page \(HTML\)/],
    ['latin.json', Buffer.from('{"title":"B\xf6"}', 'latin1'), /not UTF-8.*Save it as UTF-8/],
    ['twice.gz', gzipSync(gzipSync('{}')), /gzip.*Unpack it first/],
    ['newer.json', '{"format":"evm-lanes/2"}', /a later version/],
    ['empty.json', '', /the file is empty/],
    ['picture.png', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /a picture/],
  ] as const) {
    await give(page, name, typeof file === 'string' ? file : file);
    const alert = page.getByRole('alert').first();
    await expect(alert).toContainText(words);
    await expect(alert).toContainText(`${name}: expected`);
    await expect(alert).toContainText('Nothing was changed.');
    expect(await attribute(page, 'data-trace-hash')).toBe(hash);
    await expect(editor).toHaveValue(before);
    await alert.getByRole('button', { name: 'Close' }).click();
  }
});

/** Makes the page's clock one that goes in steps of so many milliseconds. */
async function coarsen(page: Page, step: number) {
  // Workers have a clock of their own: it is made coarse in their script.
  const coarse = `{ const now = performance.now.bind(performance); performance.now = () => Math.floor(now() / ${step}) * ${step}; }\n`;
  await page.route(/engine\/(worker|pool-worker)\.js/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}\n${coarse}` });
  });
  await page.addInitScript(coarse);
}

const CLOCKS = [0.1, 1, 100];
for (const step of CLOCKS) {
  test(`a block below the steps of a clock of ${step} ms has no speed`, async ({ page }) => {
    await coarsen(page, step);
    await open(page, `${ISOLATED}?clock=measured&lanes=1`);
    for (const transactions of [
      [{ from: 'alice', to: 'bob', value: 1 }],
      [],
      [{ from: 'alice', to: 'bob', value: '1000000 ether' }],
    ]) {
      const title = `${transactions.length} and ${JSON.stringify(transactions).length}`;
      await give(page, 'short.json', scenario({ title, accounts: { alice: {}, bob: {} }, transactions }));
      await expect(root(page)).toHaveAttribute('data-scenario', title);
      await done(page);
      for (const tab of ['Transactions', 'Locations', 'Time', 'Compare']) {
        await page.getByRole('tab', { name: tab }).click();
        const body = await page.locator('body').innerText();
        expect(body).not.toMatch(/NaN|Infinity|undefined|\b0 ns\b|\d{5,}×|slower|faster than/);
        expect(await page.locator('body').innerHTML()).not.toMatch(/NaN|Infinity|undefined/);
      }
      if (transactions.length === 0) continue;
      await expect(page.locator('h1')).toContainText('too short to measure');
      await page.getByRole('tab', { name: 'Transactions' }).click();
      await page.locator('#tab-panel tbody tr').first().click();
      await expect(page.locator('aside.inspector')).toHaveAttribute('data-tx', '0');
    }
    await page.getByRole('button', { name: 'Run on simulated lanes' }).click();
    await done(page);
    await expect(page.locator('h1')).not.toContainText('too short');
  });
}

test('a block that is too short to measure can be repeated', async ({ page }) => {
  await coarsen(page, 100);
  await open(page, `${ISOLATED}?clock=measured&lanes=1`);
  await give(page, 'short.json', text('Short'));
  await expect(root(page)).toHaveAttribute('data-scenario', 'Short');
  await done(page);
  await expect(page.locator('[data-too-short]')).toContainText(/clock of this page/);
  await page.getByRole('button', { name: 'Repeat the block' }).click();
  await expect(root(page)).toHaveAttribute('data-transactions', '100');
  await done(page);
});
