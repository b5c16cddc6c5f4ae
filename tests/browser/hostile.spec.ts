// Input that means harm: a clear message or a finished run, a page that answers, and nothing lost.

import { ISOLATED, PLAIN, attribute, contract, done, expect, give, open, root, scenario, test } from './page';

const people = { alice: {}, bob: {} };

for (const [name, contents, message] of [
  ['no JSON', 'hello', /line|column|JSON|expected/i],
  ['empty', '', /./],
  ['nothing but brackets', '['.repeat(200_000), /expected a block access list/i],
  ['nested 200,000 deep', `{"format":"evm-lanes/1","title":"x","transactions":${'['.repeat(200_000)}`, /deep|nest|levels/i],
  ['a newer version', JSON.stringify({ format: 'evm-lanes/2', title: 'x', transactions: [] }), /newer|version|evm-lanes/i],
  ['unknown fields', scenario({ accounts: people, transactionz: [] }), /transactions/],
  [
    'a million transactions',
    scenario({ accounts: people, transactions: [{ repeat: 1_000_000, from: 'alice', to: 'bob', value: 1 }] }),
    /100,?000/,
  ],
  [
    'huge numbers',
    scenario({ accounts: people, transactions: [{ from: 'alice', to: 'bob', value: '9'.repeat(100_000) }] }),
    /transactions\[0\]\.value/,
  ],
  ['33 MiB', scenario({ story: 'x'.repeat(33 * 1024 * 1024), accounts: people, transactions: [] }), /32 ?MiB/],
  ['gzip that is none', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), /./],
  ['a gzip bomb', 'bomb', /32 ?MiB|too large|larger/i],
] as const) {
  test(`a file is refused in words: ${name}`, async ({ page }) => {
    await open(page, ISOLATED);
    const title = await attribute(page, 'data-scenario');
    const hash = await attribute(page, 'data-trace-hash');
    let file: string | Buffer = contents as string | Buffer;
    if (file === 'bomb') {
      const { gzipSync } = await import('node:zlib');
      file = gzipSync(Buffer.alloc(400 * 1024 * 1024, 0x20));
    }
    await give(page, typeof file === 'string' ? 'bad.json' : 'bad.json.gz', file);
    await expect(page.getByRole('alert').first()).toContainText(message);
    // The run that was there is still there, and the page answers.
    expect(await attribute(page, 'data-scenario')).toBe(title);
    expect(await attribute(page, 'data-trace-hash')).toBe(hash);
    await page.getByRole('button', { name: /help/i }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
  });
}

// JUMPDEST, PUSH1 0, JUMP
const LOOP = contract('5b600056');
// JUMPDEST, MSIZE, PUSH1 0, SWAP1, MSTORE, PUSH1 0, JUMP
const MEMORY = contract('5b5960009052600056');
// Five times PUSH1 0, ADDRESS, GAS, CALL: calls itself with all the gas it has
const DEPTH = contract(`${'6000'.repeat(5)}305af1`);

for (const [engine, url] of [
  ['threads', ISOLATED],
  ['single', PLAIN],
]) {
  for (const [name, code] of [
    ['that loops for ever', LOOP],
    ['that takes all memory', MEMORY],
    ['that calls itself', DEPTH],
  ] as const) {
    test(`a contract ${name} ends by its gas, ${engine}`, async ({ page }) => {
      await open(page, url);
      const text = scenario({
        title: 'Hostile contract',
        accounts: people,
        contracts: { trap: { ...code, from: 'alice' } },
        transactions: [
          { from: 'alice', to: 'trap' },
          { from: 'bob', to: 'trap' },
          { from: 'bob', to: 'alice', value: 1 },
        ],
      });
      await give(page, 'hostile.json', text);
      await expect(root(page)).toHaveAttribute('data-scenario', 'Hostile contract', { timeout: 50_000 });
      await done(page, 50_000);
    });
  }
}
