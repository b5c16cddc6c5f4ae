// Blocks that ask for as much as the limits allow: each ends in a finished run or in words, the page answers all the
// while, and what the person had is still there.

import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, contract, done, expect, give, open, root, scenario, test } from './page';

const ENGINES = [
  ['threads', ISOLATED],
  ['single', PLAIN],
] as const;

/** PUSH of the shortest length. */
const push = (number: number) => {
  const hex = number.toString(16);
  const bytes = hex.length % 2 ? `0${hex}` : hex;
  return (0x5f + bytes.length / 2).toString(16) + bytes;
};
const STOP = '00';
const SUB = '03';
const KECCAK = '20';
const ADDRESS = '30';
const POP = '50';
const MLOAD = '51';
const MSTORE = '52';
const JUMP = '56';
const GAS = '5a';
const JUMPDEST = '5b';
const PUSH0 = '6000'; // PUSH1 0, which every fork has
const LOG0 = 'a0';
const CALL = 'f1';
const STATICCALL = 'fa';
/** `body` for ever, that is: until the gas is used up. */
const forever = (body: string) => `${JUMPDEST}${body}${PUSH0}${JUMP}`;

const store = (word: string, at: number) => `${word}${push(at)}${MSTORE}`;

/** The generator of bn254's second group: x and y, imaginary part first. */
const G2 = [
  '198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2',
  '1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed',
  '090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b',
  '12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
];

const people = { payer: { count: 16, balance: '1000 ether' } };

/** `count` calls of one contract, each from a payer of its own, with all the gas that they may have. */
const calls = (title: string, code: string, count: number, gas: number, fork = 'osaka') =>
  scenario({
    title,
    block: { fork },
    accounts: people,
    contracts: { greedy: { ...contract(code), from: 'payer[0]' } },
    transactions: [
      { label: 'greedy', repeat: count, from: { pick: 'payer', by: 'round-robin' }, to: 'greedy', gas },
      { label: 'pay', from: 'payer[1]', to: 'payer[2]', value: 1 },
    ],
  });

/** The most that one transaction may have from Osaka on (EIP-7825). */
const MOST = 2 ** 24;
/** The most that the page allows it before. */
const MOST_BEFORE_OSAKA = 100_000_000;

/** The gas that the first transaction used, from the table. */
async function gasOfFirst(page: Page): Promise<number> {
  await page.getByRole('tab', { name: /transactions/i }).click();
  const text = await page.locator('#tab-panel tbody tr').first().locator('td').nth(4).innerText();
  return Number(text.replaceAll(/\D/g, ''));
}

/** That the page's own thread is free: a dialog opens at once. */
async function answers(page: Page): Promise<void> {
  const start = Date.now();
  await page.getByRole('button', { name: /help/i }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  expect(Date.now() - start, 'milliseconds until a dialog has opened').toBeLessThan(3_000);
}

async function runs(page: Page, title: string, text: string): Promise<void> {
  await give(page, 'greedy.json', text);
  await expect(root(page)).toHaveAttribute('data-scenario', title, { timeout: 100_000 });
  await done(page, 100_000);
}

for (const [engine, url] of ENGINES) {
  test.describe(`the engine ${engine}`, () => {
    test.beforeEach(() => test.setTimeout(150_000));

    for (const [what, body] of [
      // KECCAK256 of 100 kB
      ['hashes', `${push(100_000)}${PUSH0}${KECCAK}${POP}`],
      // MODEXP of three numbers of 256 bytes: lengths, then the ends of base, exponent and modulus
      [
        'modular exponentiation',
        [0, 32, 64].map((at) => store(push(256), at)).join('') +
          [320, 352, 576, 608, 832].map((at) => store(`7f${'ff'.repeat(32)}`, at)).join('') +
          `${push(256)}${push(1024)}${push(864)}${PUSH0}${push(5)}${GAS}${STATICCALL}${POP}`,
      ],
      // Pairing of the generators of both groups
      [
        'pairings',
        [push(1), push(2), ...G2.map((word) => `7f${word}`)].map((word, i) => store(word, 32 * i)).join('') +
          `${push(32)}${push(1024)}${push(192)}${PUSH0}${push(8)}${GAS}${STATICCALL}${POP}`,
      ],
    ] as const) {
      test(`expensive code ends by its gas: ${what}`, async ({ page }) => {
        await open(page, url);
        await runs(page, what, calls(what, forever(body), 4, MOST));
        expect(await gasOfFirst(page)).toBe(MOST);
      });
    }

    test('a block that would take minutes can be cancelled in the middle of a transaction', async ({ page }) => {
      await open(page, url);
      const title = await attribute(page, 'data-scenario');
      const long = calls('Minutes', forever(`${push(1_000_000)}${PUSH0}${KECCAK}${POP}`), 900, MOST_BEFORE_OSAKA, 'cancun');
      await give(page, 'minutes.json', long);
      await expect(root(page)).toHaveAttribute('data-phase', 'running');
      // Until the engine is deep in it; nothing on the page tells one transaction from the next.
      await page.waitForTimeout(1_500);
      await answers(page);
      const start = Date.now();
      await page.getByRole('button', { name: /cancel/i }).first().click();
      await expect(root(page)).not.toHaveAttribute('data-phase', 'running', { timeout: 3_000 });
      expect(Date.now() - start, 'milliseconds until the run has ended').toBeLessThan(3_000);
      // The run that was there is still there, and so is what was opened.
      expect(await attribute(page, 'data-scenario')).toBe(title);
      await page.getByRole('tab', { name: /scenario/i }).click();
      await expect(page.locator('textarea').first()).toHaveValue(/"Minutes"/);
    });

    test('contracts at the size limit run, and one byte more is refused by name', async ({ page }) => {
      await open(page, url);
      const most = 24_576;
      const sized = (bytes: number) =>
        scenario({
          title: 'As large as can be',
          accounts: people,
          contracts: {
            // Every byte a jump destination: the most work for whoever analyses the code.
            big: { ...contract(JUMPDEST.repeat(bytes - 1) + STOP), count: 40, from: 'payer[0]' },
          },
          transactions: [
            { repeat: 200, from: { pick: 'payer', by: 'round-robin' }, to: { pick: 'big', by: 'round-robin' } },
          ],
        });
      await runs(page, 'As large as can be', sized(most));
      expect(await gasOfFirst(page)).toBe(21_000 + most - 1);

      await give(page, 'larger.json', sized(most + 1));
      await expect(page.getByRole('alert').first()).toContainText(/contracts\.big/);
      await answers(page);
    });

    test('memory as large as the gas allows, on all lanes at once', async ({ page }) => {
      await open(page, url);
      // 72 kB at each depth, then deeper with all gas but a 64th, again and again until all of it is used up.
      const deep = forever(`${push(72_000)}${MLOAD}${POP}${PUSH0.repeat(5)}${ADDRESS}${GAS}${CALL}${POP}`);
      await runs(page, 'Deep memory', calls('Deep memory', deep, 16, MOST));
      expect(await gasOfFirst(page)).toBe(MOST);
      // And in one piece: 90,000 words.
      const wide = `${push(90_000 * 32)}${MLOAD}${STOP}`;
      await runs(page, 'Wide memory', calls('Wide memory', wide, 16, MOST));
      expect(await gasOfFirst(page)).toBeGreaterThan(MOST * 0.9);
    });

    test('calls nest 1,024 deep', async ({ page }) => {
      await open(page, url);
      // Before EIP-150 a call may pass on all gas. Each one that is entered leaves a log of 375 gas.
      const nested = `${PUSH0}${PUSH0}${LOG0}${PUSH0.repeat(5)}${ADDRESS}${push(100)}${GAS}${SUB}${CALL}${STOP}`;
      await runs(page, 'Nested', calls('Nested', nested, 16, MOST_BEFORE_OSAKA, 'homestead'));
      const each = (await gasOfFirst(page)) - 21_000;
      // LOG0, eight pushes, ADDRESS, GAS, SUB, CALL at 40 gas.
      const level = 375 + 8 * 3 + 2 + 2 + 3 + 40;
      expect(each).toBe(1_025 * level);
    });

    test('memory that runs out ends in words and a fresh engine', async ({ page }) => {
      await open(page, url);
      // 2 MB of log for 16 million gas, five times a transaction: 2 GB of receipts.
      const logs = `${push(2_000_000)}${PUSH0}${LOG0}`.repeat(5) + STOP;
      await give(page, 'logs.json', calls('Logs', logs, 200, MOST_BEFORE_OSAKA, 'cancun'));
      await expect(page.getByText(/its memory of 1,024 MiB is full/i).first()).toBeVisible({ timeout: 100_000 });
      await answers(page);
      await page.getByRole('tab', { name: /scenario/i }).click();
      await expect(page.locator('textarea').first()).toHaveValue(/"Logs"/);
      // The fresh engine works.
      await runs(page, 'Small', calls('Small', STOP, 4, 100_000));
      expect(await attribute(page, 'data-engine')).toBe(engine);
    });
  });
}
