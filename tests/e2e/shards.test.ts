// /admin/shards in a browser: what an admin sees of the shards, with a real coordinator and, where
// something is under way or down, with answers as they would be then.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { draw, launch } from './browser.ts';
import { linkTo, type RunningWorker, signIn, startWorker } from './worker.ts';

const ADMIN = 'root@example.com';
const USER = 'ada@example.com';
const PHONE = { viewport: { width: 375, height: 720 } };
const WAIT_MS = 20_000;
const COUNTS = { 'db-east': 1542, 'db-west': 1028, 'db-central': 0 };

let worker: RunningWorker;
let browser: Browser;
const complaints: string[] = [];

beforeAll(async () => {
  [worker, browser] = await Promise.all([startWorker({ ADMINS: ADMIN }), launch()]);
  const headers = { authorization: `Bearer ${await signIn(worker.url, ADMIN)}` };
  const post = async (path: string, body: object) => {
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${worker.url}/admin/coordinator${path}`, init);
    expect(response.status).toBe(200);
  };
  for (const [shard, count] of Object.entries(COUNTS)) {
    await post('/shards', { shard });
    await post('/stats', { shard, count });
  }
});
afterAll(async () => {
  await browser?.close();
  await worker?.stop();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  expect(complaints.splice(0)).toEqual([]);
});

async function signedIn(email: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: worker.url, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  await page.goto('/admin/shards');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
  await page.goto(await linkTo(worker.url, email));
  await page.getByRole('button', { name: 'Sign in with this browser' }).click();
  await page.waitForURL('**/admin/shards');
  return page;
}

/** Answers of the coordinator about moves, in the place of its own. */
async function answerMoves(
  page: Page,
  answer: (sent: unknown) => { status: number; json: object },
) {
  await page.route('**/admin/coordinator/moves', (route) =>
    route.fulfill(answer(route.request().postDataJSON())),
  );
}

const noMoves = () => ({ status: 200, json: { moves: [] } });

const loaded = (page: Page) => page.locator('#parts dd').first().waitFor();
const textOf = (page: Page, id: string) => page.locator(`#${id}`).textContent();

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

const MOVES = [
  {
    id: 'm1',
    from: 'db-east',
    to: 'db-west',
    slots: 90,
    moved: 90,
    state: 'cleaned',
    copied: 500,
    rows: 500,
    startedAt: 1_795_000_000_000,
    updatedAt: 1_795_000_060_000,
  },
  {
    id: 'm2',
    from: 'db-east',
    to: 'db-central',
    slots: 0,
    key: 'user-7',
    state: 'failed',
    copied: 10,
    rows: null,
    startedAt: 1_795_000_000_000,
    updatedAt: 1_795_000_060_000,
    error: 'table orders has triggers <b>',
  },
  {
    id: 'm3',
    from: 'db-west',
    to: 'db-central',
    slots: 1365,
    moved: 400,
    gathers: true,
    state: 'catching_up',
    copied: 5000,
    rows: 5000,
    stayed: 3,
    startedAt: 1_795_000_000_000,
    updatedAt: 1_795_000_060_000,
  },
];

describe('an admin', () => {
  it.each([
    ['phone', PHONE],
    ['desk', {}],
    ['dark', { colorScheme: 'dark', ...PHONE }],
  ] as const)('sees the shards on a %s, each bar in words', async (name, options) => {
    const page = await signedIn(ADMIN, options);
    await answerMoves(page, () => ({ status: 200, json: { moves: MOVES } }));
    await page.reload();
    await loaded(page);
    expect(await textOf(page, 'distribution')).toBe(
      '2,570 keys on 3 shards; the largest has 1,542 times the smallest: not balanced.',
    );
    const bars = await page.locator('#bars > li').allInnerTexts();
    expect(bars.map((text) => text.split('\n')[0])).toEqual([
      'db-east',
      'db-west',
      'db-central',
      'db-europe',
    ]);
    expect(bars[0]).toMatch(/1,542 keys, 60 % · [\d.]+ kB\s+answers; \d+ requests?, 0 failed/);
    expect(bars[3]).toMatch(/db-europe\s+[\d.]+ kB/);
    expect(await page.locator('#bars progress').count()).toBe(3);
    expect(await page.locator('#warnings').textContent()).toContain('Shard imbalance detected:');
    expect(await textOf(page, 'parts')).toMatch(/KVanswers.+Coordinatoranswers/);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await page.locator('#problem').isHidden()).toBe(true);
    await draw(page, `shards-${name}`);
  });

  it('sees the moves, the newest first, and follows those under way', async () => {
    const page = await signedIn(ADMIN);
    let asked = 0;
    await answerMoves(page, () => {
      asked += 1;
      const moves = asked === 1 ? MOVES : MOVES.map((move) => ({ ...move, state: 'cleaned' }));
      return { status: 200, json: { moves } };
    });
    await page.reload();
    const items = page.locator('#moves > li');
    await items.first().waitFor();
    const [newest, failed, oldest] = await items.allInnerTexts();
    expect(newest).toContain('db-west → db-central');
    expect(newest).toContain(
      '1,365 slots · gathers rows that lay elsewhere · catching up · 400 moved · ' +
        '5,000 rows copied · 3 rows without a key left behind',
    );
    expect(failed).toContain('the key user-7 · failed · 10 rows copied');
    expect(failed).toContain('table orders has triggers <b>');
    expect(oldest).toContain('90 slots · done · 500 rows copied');
    expect(await page.locator('#moves progress').count()).toBe(1);
    await expect.poll(() => items.first().textContent(), { timeout: 15_000 }).toContain('done');
    expect(asked).toBe(2);
  });

  it('asks for the plan of a rebalance by keyboard, and nothing moves', async () => {
    const page = await signedIn(ADMIN, PHONE);
    const sent: unknown[] = [];
    await answerMoves(page, (body) => {
      if (body === null) return noMoves();
      sent.push(body);
      return { status: 200, json: { moves: [{ from: 'db-east', to: 'db-central', slots: 700 }] } };
    });
    await page.reload();
    await loaded(page);
    await page.getByRole('button', { name: 'Show the plan' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('1 move; nothing was moved.').waitFor();
    expect(await textOf(page, 'plan-list')).toContain('db-east → db-central');
    expect(await textOf(page, 'plan-list')).toContain('700 slots');
    expect(sent).toEqual([{ kind: 'rebalance', dryRun: true }]);
    await draw(page, 'shards-plan');
  });

  it('is told where nothing can be moved, and where there is nothing to move', async () => {
    const page = await signedIn(ADMIN);
    const json = { error: 'Nothing is at this path', code: 'not_found' };
    await answerMoves(page, () => ({ status: 404, json }));
    await page.reload();
    await loaded(page);
    const sentence = 'This coordinator has no table of slots: nothing can be moved.';
    expect(await textOf(page, 'moves-note')).toBe(sentence);
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.locator('#plan-note', { hasText: sentence }).waitFor();
    await page.unroute('**/admin/coordinator/moves');
    await answerMoves(page, noMoves);
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByText('There is nothing to move: the shards are even.').waitFor();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('Nothing moves, and nothing has.').waitFor();
  });

  it('is told what is down, in words', async () => {
    const page = await signedIn(ADMIN);
    await answerMoves(page, noMoves);
    const checks = { kv: 'healthy', coordinator: 'unhealthy', 'db-west': 'unhealthy' };
    const json = { status: 'ok', time: 1, overall: 'unhealthy', checks };
    await page.route('**/health', (route) => route.fulfill({ status: 503, json }));
    const gone = { error: 'unavailable', message: 'The coordinator does not answer' };
    await page.route('**/monitor', (route) => route.fulfill({ status: 503, json: gone }));
    await page.reload();
    await loaded(page);
    expect(await textOf(page, 'summary')).toBe(
      'The whole is unhealthy: coordinator is unhealthy, db-west is unhealthy.',
    );
    expect(await textOf(page, 'distribution')).toBe('How keys are spread is not known.');
    expect(await textOf(page, 'problem')).toBe('The coordinator does not answer');
    await draw(page, 'shards-down');
  });
});

it('who is no admin is told so', async () => {
  const page = await signedIn(USER);
  await page.getByText('Only admins may do this').waitFor();
  expect(await page.locator('#bars').count()).toBe(0);
});
