import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { PLAIN, attribute, done, expect, give, open, root, test } from './page';

const LESSON = `${PLAIN}?lesson=two-lanes&present=1`;

/** The size of the smallest text that is seen, in pixels. */
const smallest = (page: Page) =>
  page.evaluate(() => {
    const sizes: number[] = [];
    const walker = document.createTreeWalker(document.querySelector('.presenter') as Node, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!parent || !node.textContent?.trim() || parent.closest('.hidden, option, [hidden]')) continue;
      const { width, height } = parent.getBoundingClientRect();
      if (width > 1 && height > 1) sizes.push(parseFloat(getComputedStyle(parent).fontSize));
    }
    return Math.min(...sizes);
  });

test('a question is frozen until its answer is revealed, and one key walks the steps', async ({ page }) => {
  await page.goto(LESSON);
  await expect(root(page)).toHaveAttribute('data-present', 'frozen');
  await expect(root(page)).toHaveAttribute('data-engine', /./);
  await expect(page.getByText('The lanes come with the answer.')).toBeVisible();
  // Votes and runs show nothing.
  await page.keyboard.press('1');
  await expect(page.getByRole('button', { name: /Exactly twice as fast.*the room’s answer/ })).toBeVisible();
  await page.keyboard.press('Control+Enter');
  expect(await attribute(page, 'data-parallel-time')).toBeNull();
  await expect(page.locator('canvas')).toHaveCount(0);
  await expect(page.getByText('✓ right')).toHaveCount(0);

  await page.keyboard.press('Enter');
  await done(page);
  await expect(root(page)).toHaveAttribute('data-present', 'shown');
  await expect(page.getByRole('button', { name: /A little less than twice as fast.*right/ })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Explanation' })).toContainText('speed-up');

  // A clicker, an arrow, and Space do the same.
  await page.keyboard.press('PageDown');
  await expect(root(page)).toHaveAttribute('data-step', '2');
  await page.keyboard.press('ArrowRight');
  await expect(root(page)).toHaveAttribute('data-step', '3');
  await expect(root(page)).toHaveAttribute('data-present', 'frozen');
  await page.keyboard.press('Space');
  await expect(root(page)).toHaveAttribute('data-present', 'shown');
  await page.keyboard.press('PageUp');
  await page.keyboard.press('ArrowLeft');
  await expect(root(page)).toHaveAttribute('data-step', '1');
  await expect(root(page)).toHaveAttribute('data-present', 'frozen');
  await expect(page).toHaveURL(/\?lesson=two-lanes&step=1&present=1$/);

  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\?lesson=two-lanes&step=1$/);
  expect(await attribute(page, 'data-present')).toBeNull();
  await expect(page.getByRole('button', { name: 'Present', exact: true })).toBeFocused();
  await page.goBack();
  await expect(root(page)).toHaveAttribute('data-present', 'frozen');
});

test('it is reached from the page, the list of lessons and a key', async ({ page }) => {
  await open(page, PLAIN);
  await page.keyboard.press('p');
  await expect(root(page)).toHaveAttribute('data-present', 'shown');
  await expect(page.getByRole('region', { name: 'What the run says' })).toContainText('24 transactions');
  await page.keyboard.press('p');
  expect(await attribute(page, 'data-present')).toBeNull();
  await expect(page.getByRole('button', { name: 'Lessons' })).toBeFocused();
  await page.getByRole('button', { name: 'Lessons' }).click();
  await page.getByRole('button', { name: 'what is on the page now' }).click();
  await expect(root(page)).toHaveAttribute('data-present', 'shown');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Lessons' }).click();
  await page.getByRole('button', { name: 'Present Read after write' }).click();
  await expect(root(page)).toHaveAttribute('data-lesson', 'read-after-write');
  await expect(root(page)).toHaveAttribute('data-present', 'frozen');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('button', { name: 'Present', exact: true }).click();
  await expect(root(page)).toHaveAttribute('data-present', 'frozen');
});

test('the code is that of the link for the audience, and says so where it does not fit', async ({ page }) => {
  await page.goto(`${LESSON}&step=2`);
  await done(page);
  const code = page.getByRole('button', { name: 'QR code of the link, large' });
  const before = await code.boundingBox();
  expect(before?.width).toBeGreaterThan(100);
  await page.keyboard.press('q');
  await expect(code).toHaveAttribute('aria-pressed', 'true');
  const after = await code.boundingBox();
  expect(after?.width).toBeGreaterThan(600);
  await expect(page.locator('figcaption')).toHaveText(/\?lesson=two-lanes&step=2$/);
  await page.keyboard.press('q');
  await expect(page.locator('figcaption')).toHaveCount(0);

  const { noise } = await page.evaluate(() => ({ noise: Array.from(crypto.getRandomValues(new Uint8Array(1500))).map((n) => n.toString(36)).join('') }));
  const lesson = {
    format: 'evm-lanes-lesson/1', id: 'long', title: 'Long', aims: ['Be long'], minutes: 1,
    steps: [{ title: 'Long', text: `x ${noise}`, scenario: 'payments' }],
  };
  await page.keyboard.press('Escape');
  await give(page, 'long.json', JSON.stringify(lesson));
  await expect(root(page)).toHaveAttribute('data-lesson', 'long');
  await page.keyboard.press('p');
  await expect(page.locator('figcaption')).toContainText('Phones read codes of at most 1,000');
});

test('the timer counts, pauses, counts down, and is not read out each second', async ({ page }) => {
  await page.goto(LESSON);
  const timer = page.getByRole('timer');
  await expect(timer).toHaveText('0:02');
  await page.keyboard.press('t');
  const paused = await timer.textContent();
  await page.waitForTimeout(1_500);
  await expect(timer).toHaveText(paused ?? '');
  await page.getByRole('spinbutton', { name: /Minutes to count down/ }).fill('12');
  await page.keyboard.press('Enter');
  await expect(timer).toHaveText(/^11:5\d$/);
  await page.getByRole('button', { name: 'Restart' }).click();
  await expect(timer).toHaveText('12:00');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(timer).toHaveText('11:58');
  await expect(timer).toHaveAttribute('aria-live', 'off');
  await expect(page.locator('[aria-live=polite]')).not.toContainText('11:5');
});

test('a wall of 1920 × 1080 has no text below 28 pixels', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const page = await context.newPage();
  for (const step of [1, 2, 3]) {
    await page.goto(`${LESSON}&step=${step}`);
    await expect(root(page)).toHaveAttribute('data-engine', /./);
    expect(await smallest(page), `step ${step}`).toBeGreaterThanOrEqual(28);
    await page.keyboard.press('Enter');
    await done(page);
    expect(await smallest(page), `step ${step}, revealed`).toBeGreaterThanOrEqual(28);
    const { wide, high } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - innerWidth,
      high: document.documentElement.scrollHeight - innerHeight,
    }));
    expect([wide <= 0, high <= 0], 'nothing is off the wall').toEqual([true, true]);
  }
  await context.close();
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
]) {
  for (const colour of ['light', 'dark'] as const) {
    test(`axe finds nothing while presenting at ${width}×${height}, ${colour}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: colour, reducedMotion: 'reduce' });
      const page = await context.newPage();
      const check = async (where: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wider, `${where}: nothing is wider than the screen`).toBeLessThanOrEqual(0);
      };
      await page.goto(`${LESSON}&step=3`);
      await expect(root(page)).toHaveAttribute('data-engine', /./);
      await check('a frozen question');
      await page.keyboard.press('2');
      await page.keyboard.press('ArrowRight');
      await done(page);
      await check('a revealed question');
      await page.keyboard.press('q');
      await check('a large code');
      await page.goto(`${PLAIN}?present=1`);
      await done(page);
      await check('a run');
      await context.close();
    });
  }
}

test('a number in a text is dragged, clicked and changed by keys, and the lanes follow', async ({ page }) => {
  await page.goto(`${PLAIN}?lesson=two-lanes&step=2`);
  await done(page);
  const lanes = page.getByRole('region', { name: 'Lesson', exact: true }).getByRole('spinbutton', { name: 'lanes' });
  await expect(lanes).toHaveAttribute('aria-valuenow', '2');
  await expect(lanes).toHaveAttribute('aria-valuetext', '2 lanes');
  await lanes.focus();
  await page.keyboard.press('ArrowRight');
  await expect(root(page)).toHaveAttribute('data-lanes', '3');
  await page.keyboard.press('Home');
  await expect(lanes).toHaveAttribute('aria-valuetext', '1 lane');
  await page.keyboard.press('End');
  await expect(root(page)).toHaveAttribute('data-lanes', '16');
  await expect(lanes).toBeFocused();

  const box = await lanes.boundingBox();
  if (!box) throw new Error('the number is not there');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  // A way for each of fifteen steps is 320 / 15 pixels.
  for (let moved = 0; moved <= 12 * (320 / 15); moved += 8) await page.mouse.move(x - moved, y);
  await page.mouse.up();
  await expect(root(page)).toHaveAttribute('data-lanes', '4');
  await expect(root(page)).toHaveAttribute('data-goal', 'met');
  await expect(page).toHaveURL(/\?lesson=two-lanes&step=2&lanes=4$/);
  const now = await lanes.boundingBox();
  await page.mouse.click((now?.x ?? 0) + 3, y);
  await expect(root(page)).toHaveAttribute('data-lanes', '3');
  await page.mouse.click((now?.x ?? 0) + (now?.width ?? 0) - 3, y);
  await expect(root(page)).toHaveAttribute('data-lanes', '4');

  // A value of the scenario, in an explanation that stays in place while its figures change.
  await page.goto(`${PLAIN}?lesson=critical-path&step=1`);
  await page.getByRole('button', { name: 'Show me' }).click();
  await done(page);
  const mints = page.getByRole('spinbutton', { name: 'mints' });
  const explanation = page.getByRole('region', { name: 'Explanation' });
  const before = await explanation.textContent();
  await mints.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(root(page)).toHaveAttribute('data-transactions', '23');
  await expect(mints).toBeFocused();
  expect(await explanation.textContent()).not.toBe(before);
  await page.keyboard.press('Control+z');
  await expect(mints).toHaveAttribute('aria-valuenow', '8');
});

test('while a question waits, a number of its step is text', async ({ page }) => {
  await page.goto(`${PLAIN}?lesson=two-lanes&step=3`);
  const lesson = page.getByRole('region', { name: 'Lesson', exact: true });
  await expect(lesson).toContainText('but 16 lanes.');
  await expect(lesson.getByRole('spinbutton')).toHaveCount(0);
  await page.getByRole('button', { name: 'They have nothing to do.' }).click();
  await done(page);
  await expect(lesson.getByRole('spinbutton', { name: 'lanes' })).toHaveAttribute('aria-valuenow', '16');
});

test('a lesson of one’s own, changed, is the same after it is loaded again', async ({ page }) => {
  await open(page, PLAIN);
  const lesson = {
    format: 'evm-lanes-lesson/1', id: 'own', title: 'Own', aims: ['Try'], minutes: 1,
    steps: [
      { title: 'One', text: 'Look.', scenario: 'payments' },
      { title: 'Two', text: '[40 payments](set:/transactions/0/repeat "5..80 by 5") on [4 lanes](set:lanes "1..16").' },
    ],
  };
  await give(page, 'own.json', JSON.stringify(lesson));
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await done(page);
  const payments = page.getByRole('spinbutton', { name: 'payments' });
  await payments.focus();
  await page.keyboard.press('ArrowRight');
  await expect(root(page)).toHaveAttribute('data-transactions', '45');
  await page.getByRole('region', { name: 'Lesson', exact: true }).getByRole('spinbutton', { name: 'lanes' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(root(page)).toHaveAttribute('data-lanes', '3');
  const hash = await attribute(page, 'data-trace-hash');
  await expect(page).toHaveURL(/\?step=2&lanes=3#1\./);
  await page.reload();
  await done(page);
  for (const [name, value] of [
    ['data-lesson', 'own'],
    ['data-step', '2'],
    ['data-transactions', '45'],
    ['data-lanes', '3'],
    ['data-trace-hash', hash ?? ''],
  ])
    await expect(root(page)).toHaveAttribute(name, value);
});

test('what is printed of a lesson is its step as it is now; runs side by side are printed as a table and as lanes', async ({ page }) => {
  const print = async () => {
    await page.emulateMedia({ media: 'screen' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
  };
  const printed = page.locator('.printed');
  await page.goto(`${PLAIN}?lesson=critical-path&step=1`);
  await expect(root(page)).toHaveAttribute('data-engine', /./);
  await print();
  await expect(printed.getByRole('heading', { includeHidden: true })).toHaveText('Critical path and Amdahl, step 1 of 3: The longest chain');
  await expect(printed.locator('.picture'), 'nothing that answers the question').toHaveCount(0);
  await expect(printed.locator('.source svg')).toBeVisible();
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('button', { name: 'Show me' }).click();
  await done(page);
  await page.getByRole('spinbutton', { name: 'mints' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(root(page)).toHaveAttribute('data-transactions', '23');
  await print();
  await expect(printed).toContainText('with 7 mints and 16 payments the speed-up is at most');
  await expect(printed.locator('.picture svg')).toBeVisible();
  // Names in the headline's story are buttons on the screen and words on paper.
  await expect(page.locator('.head .story .link').first()).toBeVisible();

  await page.emulateMedia({ media: 'screen' });
  await open(page, PLAIN);
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByRole('button', { name: 'Run every strategy' }).click();
  await expect(page.locator('.runs tbody tr')).toHaveCount(5);
  await done(page);
  await print();
  await expect(printed.locator('tbody tr')).toHaveCount(5);
  await expect(printed.locator('.picture svg')).toHaveCount(5);
});
