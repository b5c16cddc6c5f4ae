// What every browser test starts from: the two addresses, and a page whose errors are counted.

import { readFileSync } from 'node:fs';
import { test as base, expect, type Page } from '@playwright/test';

function address(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by ./x test --browser`);
  return value;
}

/** Served with the headers that give the page threads. */
export const ISOLATED = address('EVM_LANES_ISOLATED');
/** Served as most static hosts do. */
export const PLAIN = address('EVM_LANES_PLAIN');
/** Isolated, but the script of the pool's workers is missing. */
export const NO_POOL = address('EVM_LANES_NO_POOL');

type Options = {
  /** Console errors that a test brings about itself. */
  expectedErrors: RegExp[];
};

export const test = base.extend<Options & { noErrors: void }>({
  expectedErrors: [[], { option: true }],
  noErrors: [
    async ({ context, expectedErrors }, use) => {
      const errors: string[] = [];
      const note = (text: string) => {
        if (!expectedErrors.some((expected) => expected.test(text))) errors.push(text);
      };
      context.on('console', (message) => {
        if (message.type() === 'error') note(`${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (error) => note(String(error.error())));
      await use();
      expect(errors, 'errors on the console').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export const root = (page: Page) => page.locator('html');

/** Waits until a run is complete and equal to sequential execution. */
export async function done(page: Page, timeout = 30_000): Promise<void> {
  await expect(root(page)).toHaveAttribute('data-phase', 'done', { timeout });
  await expect(root(page)).toHaveAttribute('data-equal', 'true');
}

/** Opens an address and waits for the run that the page makes by itself. */
export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await done(page);
}

/** A root attribute's value. */
export const attribute = (page: Page, name: string) => root(page).getAttribute(name);

/** The inspector's text, once the engine has told everything about the selected transaction. */
export async function inspected(page: Page, tx?: number): Promise<string> {
  const inspector = page.locator('aside.inspector');
  if (tx !== undefined) await expect(inspector).toHaveAttribute('data-tx', String(tx));
  await expect(inspector).toHaveAttribute('aria-busy', 'false');
  return inspector.innerText();
}

/** The transaction that is selected. */
export async function selected(page: Page): Promise<number> {
  const inspector = page.locator('aside.inspector');
  await expect(inspector).toHaveAttribute('data-tx', /^\d+$/);
  return Number(await inspector.getAttribute('data-tx'));
}

/** Waits until the run under way does what these words say. Looked at with each picture that the page makes: what
 * is done in less than a second would be over before the next look of an assertion. */
export const doing = (page: Page, words: RegExp) =>
  page.waitForFunction(
    (words) => words.test(document.querySelector('[aria-label="What the run says"]')?.textContent ?? ''),
    words,
    { polling: 'raf' },
  );

/** Gives the page a file, as its button does. */
export async function give(page: Page, name: string, contents: string | Buffer): Promise<void> {
  const buffer = typeof contents === 'string' ? Buffer.from(contents) : contents;
  await page
    .locator('input[type=file][data-open]')
    .setInputFiles({ name, mimeType: name.endsWith('.gz') ? 'application/gzip' : 'application/json', buffer });
}

/** How many different colours a canvas shows. A blank one shows one. */
export async function colours(page: Page, selector: string): Promise<number> {
  return page.locator(selector).first().evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const context = canvas.getContext('2d');
    if (!context || canvas.width === 0 || canvas.height === 0) return 0;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set<number>();
    for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return seen.size;
  });
}

/** A real block's file, or the reason why there is none. */
export function block(number: number): { file: Buffer } | { missing: string } {
  const folder = process.env.EVM_LANES_DATA;
  const path = `${folder}/blocks/${number}.json.gz`;
  try {
    return { file: readFileSync(path) };
  } catch {
    return { missing: `${path} is missing: set EVM_LANES_DATA to a folder with blocks/${number}.json.gz` };
  }
}

/** The text of a scenario. */
export function scenario(fields: Record<string, unknown>): string {
  return JSON.stringify({ format: 'evm-lanes/1', title: 'A test', ...fields });
}

/** A contract that has this code: its creation code copies it out of itself. */
export function contract(code: string): { bytecode: string; abi: unknown[] } {
  const length = (code.length / 2).toString(16).padStart(6, '0');
  // PUSH3 length, PUSH1 16, PUSH1 0, CODECOPY, PUSH3 length, PUSH1 0, RETURN
  return { bytecode: `0x62${length}601060003962${length}6000f3${code}`, abi: [] };
}
