// Keys on any keyboard, and the focus, which stays in its place when a control is replaced.

import { type ElementHandle, type Locator, type Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, contract, done, expect, give, open, root, scenario, selected, test } from './page';

type Key = { key: string; code: string; ctrlKey?: boolean; altKey?: boolean; shiftKey?: boolean; metaKey?: boolean };

/** Types a key as a keyboard of another layout reports it. */
const type = (page: Page, key: Key) =>
  page.evaluate((key) => {
    (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { ...key, bubbles: true, cancelable: true }));
  }, key);

/** How much of the run the lanes show, from the window in their overview: left and width. */
const view = (page: Page) =>
  page.locator('.lanes .window').evaluateAll((windows) => {
    const [window] = windows as HTMLElement[];
    return window ? [window.offsetLeft, window.offsetWidth] : null;
  });

test('the place of W zooms in whatever letter it types', async ({ page }) => {
  await open(page, ISOLATED);
  for (const key of ['w', 'W', 'ц', 'Ц', 'ω', 'ς', 'z']) {
    expect(await view(page)).toBeNull();
    await type(page, { key, code: 'KeyW' });
    await expect.poll(() => view(page), key).not.toBeNull();
    await page.getByRole('button', { name: 'Whole run' }).click();
    await expect.poll(() => view(page)).toBeNull();
  }
});

test('arrows, plus and minus stand in for letters', async ({ page }) => {
  await open(page, `${ISOLATED}?tx=3`);
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  const [left, width] = (await view(page))!;
  await page.keyboard.press('ArrowRight');
  await expect.poll(async () => (await view(page))![0]).toBeGreaterThan(left);
  await page.keyboard.press('ArrowLeft');
  await expect.poll(async () => (await view(page))![0]).toBe(left);
  await page.keyboard.press('-');
  await expect.poll(async () => (await view(page))![1]).toBeGreaterThan(width);
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => selected(page)).toBe(4);
  await page.keyboard.press('ArrowUp');
  await expect.poll(() => selected(page)).toBe(3);
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => selected(page)).not.toBe(3);
  await page.keyboard.press('Shift+ArrowLeft');
  await expect.poll(() => selected(page)).toBe(3);
});

test('brackets are typed with AltGr or Option, too, and letters with Caps Lock', async ({ page }) => {
  await open(page, ISOLATED);
  // A transaction with a cause: the second of those that read from another.
  await page.keyboard.press('[');
  let from = await selected(page);
  for (let tx = 0; tx < 12; tx += 1) {
    await open(page, `${ISOLATED}?tx=${tx}`);
    from = await selected(page);
    await page.keyboard.press('[');
    if ((await selected(page)) !== from) break;
  }
  const cause = await selected(page);
  expect(cause).not.toBe(from);
  const german: [string, Key, Key][] = [
    ['Windows', { key: '[', code: 'Digit8', ctrlKey: true, altKey: true }, { key: 'j', code: 'KeyJ' }],
    ['Linux', { key: '[', code: 'Digit8' }, { key: 'j', code: 'KeyJ' }],
    ['macOS', { key: '[', code: 'Digit5', altKey: true }, { key: 'j', code: 'KeyJ' }],
  ];
  for (const [system, bracket] of german) {
    await open(page, `${ISOLATED}?tx=${from}`);
    await type(page, bracket);
    await expect.poll(() => selected(page), system).toBe(cause);
  }
  await open(page, `${ISOLATED}?tx=3`);
  await type(page, { key: 'J', code: 'KeyJ' });
  await expect.poll(() => selected(page)).toBe(4);
  await type(page, { key: 'K', code: 'KeyK' });
  await expect.poll(() => selected(page)).toBe(3);
});

test('keys that belong to the browser or to a field are left alone', async ({ page }) => {
  await open(page, `${ISOLATED}?tx=3`);
  const taken = (key: Key) =>
    page.evaluate((key) => {
      const event = new KeyboardEvent('keydown', { ...key, bubbles: true, cancelable: true });
      (document.activeElement ?? document.body).dispatchEvent(event);
      return event.defaultPrevented;
    }, key);
  for (const key of [
    { key: 'w', code: 'KeyW', ctrlKey: true },
    { key: 'f', code: 'KeyF', ctrlKey: true },
    { key: 'c', code: 'KeyC', metaKey: true },
    { key: 'd', code: 'KeyD', altKey: true },
    { key: 'ArrowLeft', code: 'ArrowLeft', altKey: true },
  ]) {
    expect(await taken(key), JSON.stringify(key)).toBe(false);
  }
  await page.locator('#find').focus();
  expect(await taken({ key: 'ц', code: 'KeyW' })).toBe(false);
  expect(await view(page)).toBeNull();
  // Switched off, single characters do nothing.
  await page.getByRole('button', { name: /help/i }).click();
  await page.getByRole('checkbox', { name: /single letters/i }).uncheck();
  await page.keyboard.press('Escape');
  for (const key of [{ key: 'ц', code: 'KeyW' }, { key: '+', code: 'NumpadAdd' }, { key: '[', code: 'Digit8', ctrlKey: true, altKey: true }]) {
    expect(await taken(key)).toBe(false);
  }
});

test('the help says how keys work', async ({ page }) => {
  await open(page, ISOLATED);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText(/Caps Lock/);
  await expect(page.getByRole('dialog')).toContainText(/AltGr/);
});

/** Presses a control by keyboard. */
async function press(control: Locator): Promise<void> {
  await control.focus();
  await expect(control).toBeFocused();
  await control.press('Enter');
}

const focus = (page: Page) =>
  page.evaluate(() => {
    const active = document.activeElement!;
    return active === document.body ? 'nothing' : active.getAttribute('aria-label') ?? active.textContent ?? active.id;
  });

const minutes = scenario({
  title: 'Minutes',
  block: { fork: 'cancun' },
  accounts: { payer: { count: 16, balance: '1000 ether' } },
  // KECCAK256 of a megabyte for ever.
  contracts: { greedy: { ...contract('5b620f424060002050600056'), from: 'payer[0]' } },
  transactions: [{ repeat: 900, from: { pick: 'payer', by: 'round-robin' }, to: 'greedy', gas: 100_000_000 }],
});

for (const [engine, url] of [
  ['threads', ISOLATED],
  ['single', PLAIN],
]) {
  test(`the focus stays at the button that runs and cancels, ${engine}`, async ({ page }) => {
    test.setTimeout(120_000);
    await open(page, url);
    await give(page, 'minutes.json', minutes);
    await expect(root(page)).toHaveAttribute('data-phase', 'running');
    const cancel = page.getByRole('banner').getByRole('button', { name: 'Cancel' });
    await press(cancel);
    await expect(root(page)).not.toHaveAttribute('data-phase', 'running', { timeout: 10_000 });
    const run = page.getByRole('banner').getByRole('button', { name: /^Run/ }).first();
    await expect(run).toBeEnabled({ timeout: 20_000 });
    await expect(run).toBeFocused();
    // And from there on, by keys only: run, cancel, run.
    await page.keyboard.press('Enter');
    await expect(cancel).toBeFocused();
    await expect(root(page)).toHaveAttribute('data-phase', 'running');
    await page.keyboard.press('Enter');
    await expect(root(page)).not.toHaveAttribute('data-phase', 'running', { timeout: 10_000 });
    await expect(run).toBeFocused();
  });
}

test('the focus stays in its place when a control is replaced, removed or switched off', async ({ page }) => {
  await open(page, ISOLATED);
  const banner = page.getByRole('banner');

  await press(banner.getByRole('button', { name: 'Run', exact: true }));
  await done(page);
  await expect(banner.getByRole('button', { name: 'Run', exact: true })).toBeFocused();

  // The other clock: the button stays where it is and changes its words.
  await press(banner.getByRole('button', { name: /^Run on (your|one)/ }));
  await expect(root(page)).toHaveAttribute('data-clock', 'measured');
  await done(page);
  await expect(banner.getByRole('button', { name: 'Simulate' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(root(page)).toHaveAttribute('data-clock', 'simulated');
  await done(page);
  expect(await focus(page)).toMatch(/^Run on/);

  // The last step of a stepper.
  const fewer = page.getByRole('button', { name: 'Fewer lanes' });
  for (let lanes = 4; lanes > 1; lanes -= 1) {
    await press(fewer);
    await done(page);
  }
  await expect(fewer).toBeFocused();
  await expect(fewer).toBeDisabled();

  // Keep, and remove one after the other.
  await press(page.getByRole('button', { name: 'Keep' }));
  await expect(page.getByRole('button', { name: 'Keep' })).toBeFocused();
  await page.getByRole('combobox', { name: 'Strategy' }).selectOption('ordered-commit');
  await done(page);
  await expect(page.locator('.pinned')).toHaveCount(2);
  const away = page.locator('.pinned').getByRole('button', { name: /^Remove / });
  await press(away.first());
  await expect(page.locator('.pinned')).toHaveCount(1);
  await expect(away.first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('.pinned')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Keep' })).toBeFocused();

  // A view that is whole again.
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await press(page.getByRole('button', { name: 'Whole run' }));
  await expect(page.getByRole('button', { name: 'Whole run' })).toBeFocused();

  // The curve.
  await page.getByRole('tab', { name: 'Curve' }).click();
  await press(page.getByRole('button', { name: 'Draw the curve' }));
  await expect(page.getByRole('img', { name: /^Speed-up over lanes/ })).toBeVisible({ timeout: 40_000 });
  await expect(page.getByRole('button', { name: 'Draw the curve' })).toBeFocused();

  // Runs side by side.
  await page.getByRole('tab', { name: 'Compare' }).click();
  await press(page.getByRole('button', { name: 'Run every strategy' }));
  await expect(page.locator('table.runs tbody tr')).toHaveCount(5, { timeout: 40_000 });
  await done(page);
  await expect(page.getByRole('button', { name: 'Run every strategy' })).toBeFocused();
  await press(page.locator('#tab-panel .tools button').nth(1));
  await expect(page.locator('.pinned')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Run every strategy' })).toBeFocused();

  // A notice.
  await give(page, 'bad.json', 'no scenario');
  await press(page.getByRole('button', { name: 'Close' }));
  await expect(page.getByRole('button', { name: 'Close' })).toHaveCount(0);
  await expect.poll(() => focus(page)).toMatch(/^Help/);
});

test('a control that is pressed in the frame in which it gets the focus passes it on, too', async ({ page }) => {
  await open(page, ISOLATED);
  await give(page, 'bad.json', 'no scenario');
  await expect(page.getByRole('button', { name: 'Close' })).toBeVisible();
  const button = (name: string) => page.getByRole('button', { name, exact: true }).elementHandle() as Promise<ElementHandle<HTMLElement>>;
  const buttons = { run: await button('Run'), close: await button('Close') };
  await page.evaluate(({ run, close }) => {
    run.focus();
    requestAnimationFrame(() => {
      close.focus();
      close.click();
    });
  }, buttons);
  await expect(page.getByRole('button', { name: 'Close' })).toHaveCount(0);
  await expect.poll(() => focus(page)).toMatch(/^Help/);
});

test('removing a list from a file leaves the focus beside it', async ({ page }) => {
  await open(page, ISOLATED);
  await page.getByRole('tab', { name: 'Access list' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export JSON' }).click()]);
  await page.locator('input[type=file][data-list]').setInputFiles(await download.path());
  await expect(page.locator('[data-differences="0"]')).toBeVisible();
  await press(page.getByRole('button', { name: /^Run from/ }));
  await expect(root(page)).toHaveAttribute('data-given-list', /^0x/);
  await done(page);
  expect(await focus(page)).not.toBe('nothing');
  await press(page.locator('.tools.given').getByRole('button').last());
  await expect(page.locator('.tools.given')).toHaveCount(0);
  await expect.poll(() => focus(page)).toMatch(/^Compare with a file/);
});

test('a dialog gives the focus back', async ({ page }) => {
  await open(page, `${ISOLATED}?strategy=automatic&clock=simulated`);
  for (const opener of [
    page.getByRole('button', { name: /^Help/ }),
    page.getByRole('button', { name: 'Share' }),
    page.getByRole('button', { name: 'About the strategies' }),
    page.getByRole('button', { name: /^Model/ }),
    page.getByRole('button', { name: 'How it is chosen' }),
  ]) {
    for (const close of ['Escape', 'button']) {
      await press(opener);
      await expect(page.getByRole('dialog')).toBeVisible();
      if (close === 'Escape') await page.keyboard.press('Escape');
      else await press(page.getByRole('dialog').getByRole('button', { name: 'Close' }));
      await expect(page.getByRole('dialog')).toHaveCount(0);
      await expect(opener).toBeFocused();
    }
  }
  // By key, from the lanes.
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press('?');
  await page.keyboard.press('Escape');
  await expect(page.locator('#lanes-overlay')).toBeFocused();
  // Its opener is made anew while the dialog is open.
  await press(page.getByRole('button', { name: 'How it is chosen' }));
  await page.getByRole('dialog').getByRole('button', { name: 'Sequential', exact: true }).click();
  await press(page.getByRole('dialog').getByRole('button', { name: 'Run with Sequential' }));
  await done(page);
  expect(await attribute(page, 'data-strategy')).toBe('sequential');
  await expect.poll(() => focus(page)).not.toBe('nothing');
});

test('a stretch of time is measured without dragging', async ({ page }) => {
  await open(page, ISOLATED);
  const box = (await page.locator('#lanes-overlay').boundingBox())!;
  await page.mouse.click(box.x + 100, box.y + 10);
  await expect(page.locator('.lanes .range')).toHaveCount(0);
  await page.keyboard.down('Shift');
  await page.mouse.click(box.x + 300, box.y + 10);
  await page.keyboard.up('Shift');
  const range = (await page.locator('.lanes .range').boundingBox())!;
  expect(range.x).toBeCloseTo(box.x + 100, -1);
  expect(range.width).toBeCloseTo(200, -1);
  await expect(page.locator('[role=status][aria-live=polite]').first()).toContainText(/measured/);
});
