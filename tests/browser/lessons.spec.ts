import AxeBuilder from '@axe-core/playwright';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLAIN, attribute, done, expect, give, open, root, test } from './page';

const steps: { id: string; steps: string[] }[] = JSON.parse(
  readFileSync(join(__dirname, '../../www/lessons/index.json'), 'utf8'),
);

test('a question comes before its run, and all of a lesson is done by keyboard', async ({ page }) => {
  await page.goto(`${PLAIN}?lesson=two-lanes`);
  await expect(root(page)).toHaveAttribute('data-lesson', 'two-lanes');
  await expect(root(page)).toHaveAttribute('data-step', '1');
  await expect(root(page)).toHaveAttribute('data-phase', 'idle');
  const lesson = page.getByRole('region', { name: 'Lesson', exact: true });
  await expect(page.getByText('The lanes appear once you have answered.')).toBeVisible();
  await lesson.getByRole('button', { name: 'A little less than twice as fast.' }).focus();
  await page.keyboard.press('Enter');
  await done(page);
  await expect(lesson.getByText('Right.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Explanation' })).toContainText('speed-up');

  await lesson.getByRole('button', { name: 'Next', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(root(page)).toHaveAttribute('data-goal', 'open');
  await expect(page.getByRole('heading', { name: 'Four times as fast?' })).toBeFocused();
  await done(page);
  await page.getByRole('spinbutton', { name: 'Lanes', exact: true }).fill('3');
  await page.keyboard.press('Enter');
  await expect(lesson.getByText(/On three lanes two of them run three payments/)).toBeVisible();
  await page.getByRole('spinbutton', { name: 'Lanes', exact: true }).fill('4');
  await page.keyboard.press('Enter');
  await expect(root(page)).toHaveAttribute('data-goal', 'met');
  await expect(page).toHaveURL(/\?lesson=two-lanes&step=2&lanes=4$/);
  await page.reload();
  await expect(root(page)).toHaveAttribute('data-goal', 'met');
});

test('lessons are listed, and progress is kept', async ({ page }) => {
  await open(page, PLAIN);
  await page.getByRole('button', { name: 'Lessons' }).click();
  const list = page.getByRole('dialog', { name: 'Lessons' });
  await expect(list.getByRole('listitem')).toHaveCount(steps.length);
  await list.getByRole('button', { name: 'Critical path and Amdahl', exact: true }).click();
  await expect(root(page)).toHaveAttribute('data-lesson', 'critical-path');
  await page.getByRole('button', { name: 'Show me' }).click();
  await done(page);
  await page.getByRole('button', { name: 'All lessons' }).click();
  await expect(list.getByText('5 minutes, 1 step done')).toBeVisible();
});

test('without storage a lesson is done all the same, and nothing is kept', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new DOMException('Access is denied', 'SecurityError');
      },
    });
  });
  await page.goto(`${PLAIN}?lesson=one-lane`);
  await page.getByRole('button', { name: 'Show me' }).click();
  await done(page);
  await page.getByRole('button', { name: 'All lessons' }).click();
  const list = page.getByRole('dialog', { name: 'Lessons' });
  await expect(list.getByText('3 minutes, 1 step done')).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: 'All lessons' }).click();
  await expect(list.getByText('3 minutes', { exact: true }).first()).toBeVisible();
});

test('a lesson opens from a file, and one with a mistake is told of', async ({ page }) => {
  await open(page, PLAIN);
  const template = readFileSync(join(__dirname, '../../core/document/lessons/template.json'), 'utf8');
  await give(page, 'my-lesson.json', template);
  await expect(root(page)).toHaveAttribute('data-lesson', 'my-lesson');
  // Somebody who writes one opens it again and again.
  await give(page, 'my-lesson.json', template.replace('Ask before you show', 'Ask first'));
  await expect(page.getByRole('heading', { name: 'Ask first' })).toBeVisible();
  await give(page, 'my-lesson.json', template.replace('"minutes"', '"minute"'));
  await expect(page.getByText(/line 1: expected "minutes".*Nothing was changed/)).toBeVisible();
  expect(await attribute(page, 'data-lesson')).toBe('my-lesson');
});

for (const colour of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ]) {
    test(`axe finds nothing in a lesson at ${width}×${height}, ${colour}`, async ({ browser }) => {
      // Without transitions: between two colours axe would see neither.
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: colour, reducedMotion: 'reduce' });
      const page = await context.newPage();
      const check = async (where: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
      };
      await page.goto(`${PLAIN}?lesson=two-lanes&step=3`);
      await expect(page.getByText('The lanes appear once you have answered.')).toBeVisible();
      await expect(root(page)).toHaveAttribute('data-phase', 'idle');
      await check('a question');
      await page.getByRole('button', { name: 'They have nothing to do.' }).click();
      await done(page);
      await page.getByRole('button', { name: 'Hint', exact: true }).click();
      await check('a goal that is open');
      await page.getByRole('button', { name: 'Show one answer' }).click();
      await expect(root(page)).toHaveAttribute('data-goal', 'met');
      await check('a goal that is met');
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, 'nothing is wider than the screen').toBeLessThanOrEqual(0);
      await context.close();
    });
  }
}
