// The list of entries at /viewer: page after page of history, ten thousand entries, the end of the
// log, and no more than a keyboard.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { exportIdentity } from '../../client/events/identity.ts';
import { draw } from './browser.ts';
import { distanceToEnd, kind, message, numbered, row, scrollTo, useViewer } from './viewer.ts';

const viewer = useViewer();

const scrollTop = (page: Page) => page.locator('#log').evaluate((log) => log.scrollTop);
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-posinset') ?? null);

/** Page after page of history. */
async function olderUntilAll(page: Page, count: number): Promise<void> {
  const older = page.getByRole('button', { name: 'Older entries' });
  for (let had = 1_000; had < count; had += 1_000) {
    await kind(page, `Chat ${had.toLocaleString('en-US')}`).waitFor();
    await scrollTo(page, 0);
    await older.click();
  }
  await kind(page, `Chat ${count.toLocaleString('en-US')}`).waitFor();
  await older.waitFor({ state: 'hidden' });
}

describe('history', () => {
  it('comes a page at a time, before what is looked at, which stays where it is', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(2_500));
    const page = await viewer.open(log);
    await page.getByText('From entry 1501 on').waitFor();
    await kind(page, 'Chat 1,000').waitFor();
    await scrollTo(page, 0);
    const placeOf = async () => {
      const box = await row(page, 'Message 1502').boundingBox();
      return Math.round(box?.y ?? Number.NaN);
    };
    await row(page, 'Message 1502').waitFor();
    const place = await placeOf();
    await page.getByRole('button', { name: 'Older entries' }).click();
    await kind(page, 'Chat 2,000').waitFor();
    expect(Math.abs((await placeOf()) - place)).toBeLessThan(3);
    await scrollTo(page, 0);
    await row(page, 'Message 501').waitFor();
    await page.getByRole('button', { name: 'Older entries' }).click();
    await kind(page, 'Chat 2,500').waitFor();
    await scrollTo(page, 0);
    await page.getByText('The beginning of the log').waitFor();
    await page.getByRole('button', { name: 'Older entries' }).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'To the end' }).click();
    await row(page, 'Message 2500').waitFor();
    await viewer.write(log, [message('And live')]);
    await row(page, 'And live').waitFor();
  });
});

describe('ten thousand entries', () => {
  it('are scrolled without a long task, in at most 500 rows', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(10_000));
    const page = await viewer.newPage();
    await page.addInitScript(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: 'longtask', buffered: true });
    });
    await page.goto(`/viewer?tenant=${log.tenant}#key=${exportIdentity(log.identity)}`);
    await row(page, 'Message 10000').waitFor();
    await olderUntilAll(page, 10_000);
    await page.getByRole('button', { name: 'To the end' }).click();
    expect(await distanceToEnd(page)).toBeLessThan(2);
    // A machine with much to do makes any task long now and then, but not each time.
    let seen = await page.evaluate(scrollThrough);
    for (let again = 0; again < 4 && seen.longest >= 100; again += 1) {
      seen = await page.evaluate(scrollThrough);
    }
    expect(seen.rows).toBeGreaterThan(5);
    expect(seen.rows).toBeLessThanOrEqual(500);
    expect(seen.blank).toBe(0);
    expect(seen.longest).toBeLessThan(100);
    await scrollTo(page, 0);
    await row(page, 'Message 1').first().waitFor();
  }, 120_000);

  /** In the page: up and down by steps and leaps, a frame each. */
  async function scrollThrough() {
    const log = document.getElementById('log') as HTMLElement;
    const { tasks } = globalThis as unknown as { tasks: number[] };
    await new Promise((done) => setTimeout(done, 200));
    tasks.length = 0;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const seen = { rows: 0, blank: 0, longest: 0 };
    const look = async (top: number) => {
      log.scrollTop = top;
      await frame();
      await frame();
      const all = log.querySelectorAll('article');
      seen.rows = Math.max(seen.rows, all.length);
      const { top: upper, bottom } = log.getBoundingClientRect();
      const shown = [...all].filter((article) => {
        const box = article.getBoundingClientRect();
        return box.bottom > upper && box.top < bottom;
      });
      if (shown.length === 0) seen.blank += 1;
    };
    for (let step = 0; step < 60; step += 1) await look(log.scrollTop - 400);
    for (let at = 20; at >= 0; at -= 1) await look((log.scrollHeight * at) / 20);
    for (let step = 0; step < 60; step += 1) await look(log.scrollTop + 1_500);
    await new Promise((done) => setTimeout(done, 200));
    seen.longest = Math.max(0, ...tasks);
    return seen;
  }
});

describe('the end of the log', () => {
  it('is followed by who is there, and leaves alone who has scrolled back', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(60));
    const page = await viewer.open(log);
    await row(page, 'Message 60').waitFor();
    await viewer.write(log, [message('Followed')]);
    await row(page, 'Followed').waitFor();
    expect(await distanceToEnd(page)).toBeLessThan(2);

    await page.locator('#log').hover();
    await page.mouse.wheel(0, -900);
    await page.getByRole('button', { name: 'To the end' }).waitFor();
    await expect.poll(() => distanceToEnd(page)).toBeGreaterThan(500);
    await page.waitForTimeout(300); // A wheel goes on turning.
    const before = await scrollTop(page);
    await viewer.write(log, [message('One more'), message('And another')]);
    const newer = page.getByRole('button', { name: '2 new entries' });
    await newer.waitFor();
    expect(await scrollTop(page)).toBe(before);
    await draw(page, 'viewer, scrolled back');
    await newer.click();
    await row(page, 'And another').waitFor();
    expect(await distanceToEnd(page)).toBeLessThan(2);
    await newer.waitFor({ state: 'hidden' });
  });
});

describe('an entry that is opened', () => {
  it('comes into view, and stays there while the log grows', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(50));
    const page = await viewer.open(log);
    await page.getByRole('button', { name: 'Details of entry 50' }).click();
    const copy = page.getByRole('button', { name: 'Copy JSON' });
    await expect.poll(() => copy.evaluate(isWithinLog)).toBe(true);
    const place = await copy.boundingBox();
    await viewer.write(log, numbered(2));
    await page.getByRole('button', { name: '2 new entries' }).waitFor();
    expect(await copy.boundingBox()).toEqual(place);
    await page.getByRole('button', { name: 'Details of entry 50' }).click();
    await copy.waitFor({ state: 'detached' });
  });

  function isWithinLog(element: Element): boolean {
    const edge = document.getElementById('log')?.getBoundingClientRect().bottom ?? 0;
    return element.getBoundingClientRect().bottom <= edge;
  }
});

describe('a keyboard', () => {
  it('goes from entry to entry, opens one, and keeps the focus while the log grows', async () => {
    const log = viewer.newLog();
    await viewer.write(log, numbered(200));
    const page = await viewer.open(log);
    await row(page, 'Message 200').waitFor();
    for (let presses = 0; presses < 20; presses += 1) {
      if ((await page.evaluate(() => document.activeElement?.id)) === 'log') break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toBe('200');
    for (let at = 0; at < 30; at += 1) await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toBe('170');
    await viewer.write(log, numbered(3));
    await page.getByRole('button', { name: '3 new entries' }).waitFor();
    expect(await focused(page)).toBe('170');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('[aria-posinset="170"] .json').waitFor();
    await page.keyboard.press('Home');
    expect(await focused(page)).toBe('1');
    await page.keyboard.press('PageDown');
    expect(await focused(page)).toBe('11');
    await page.keyboard.press('End');
    expect(await focused(page)).toBe('203');
    expect(await distanceToEnd(page)).toBeLessThan(2);
  });
});
