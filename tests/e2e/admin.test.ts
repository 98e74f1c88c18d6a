// The page of documents from end to end: people who edit the same document at once, without a
// network, and by keyboard; what they are asked, and what becomes of texts that look like scripts.

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Admin, edit, openRecord, press, rowOf, saveFields, settled } from './admin.ts';
import { draw, launch } from './browser.ts';
import { type RunningWorker, startWorker } from './worker.ts';

const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';
const READER = 'reader@example.com';
const SNAPSHOT_CRON = '10 0 * * *';
const REFRESH_MS = 4_000; // Of the list of activity.

let worker: RunningWorker;
let browser: Browser;
let admin: Admin;

beforeAll(async () => {
  [worker, browser] = await Promise.all([startWorker({ EDITORS: `${ADA},${GRACE}` }), launch()]);
  admin = await Admin.start(worker, browser, ADA);
});
afterAll(async () => {
  await browser?.close();
  await worker?.stop();
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  expect(admin.complaints.splice(0)).toEqual([]);
});

let apps = 0;

/** A document of an app that no other test has. */
async function newApp(document: { [member: string]: unknown }): Promise<string> {
  apps += 1;
  await admin.put(`app-${apps}`, document);
  return `app-${apps}`;
}

const users = () => [
  { id: 'u1', name: 'Ada', city: 'London' },
  { id: 'u2', name: 'Grace', city: 'New York' },
];

/** What a page sends that may change something, as long as the test runs. */
function writesOf(page: Page): string[] {
  const writes: string[] = [];
  page.on('request', (request) => {
    if (!['GET', 'HEAD'].includes(request.method())) writes.push(request.method());
  });
  return writes;
}

const focused = (page: Page) => page.evaluate(() => document.activeElement?.id);

describe('an editor', () => {
  it('finds the collections with their counts, and the records that have a word', async () => {
    const page = await admin.open(await newApp({ users: users(), posts: [], title: 'T' }), ADA);
    const collections = page.getByRole('navigation', { name: 'Collections' });
    expect(await collections.getByRole('link').allTextContents()).toEqual(['users 2', 'posts 0']);
    expect(await rowOf(page, 'u1').textContent()).toContain('London');
    await page.getByLabel('Search these records').fill('new york');
    await rowOf(page, 'u1').waitFor({ state: 'hidden' });
    expect(await rowOf(page, 'u2').count()).toBe(1);
    await collections.getByRole('link', { name: 'posts' }).click();
    await page.getByText('This collection is empty.').waitFor();
  });

  it('adds a record with no more than a keyboard', async () => {
    const app = await newApp({ users: users() });
    const page = await admin.open(app, ADA);
    for (let presses = 0; (await focused(page)) !== 'add'; presses += 1) {
      expect(presses).toBeLessThan(20);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('record-id');
    await page.keyboard.type('u3');
    await page.keyboard.press('Tab'); // The kind of form.
    await page.keyboard.press('Tab'); // A button that takes the field away.
    await page.keyboard.press('Tab');
    await page.keyboard.type('Alan');
    await page.keyboard.press('Enter');
    await page.locator('#editor').waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe('add');
    await rowOf(page, 'u3').waitFor();
    await expect
      .poll(() => admin.document(app))
      .toEqual({ users: [...users(), { id: 'u3', name: 'Alan' }] });
  });

  it('makes a collection by its first record, and is told what is no JSON', async () => {
    const app = await newApp({ users: users() });
    const page = await admin.open(app, ADA);
    await press(page, 'New collection');
    await page.getByLabel('Collection', { exact: true }).fill('posts');
    await page.getByLabel('JSON', { exact: true }).check();
    const json = page.getByLabel('Record as JSON');
    for (const [typed, problem] of [
      ['{"id": "p1", "n": 1,}', 'Not JSON'],
      ['["p1"]', 'A record is a JSON object'],
      ['{"id": "p1", "n": 12345678901234567890}', 'too large to be kept exactly'],
      [`{"id": "${'p'.repeat(257)}"}`, '256 bytes'],
    ] as const) {
      await json.fill(typed);
      await press(page, 'Save');
      await page.locator('#editor-problem', { hasText: problem }).waitFor();
    }
    await json.fill('{"id": "p1", "tags": ["a", {"b": null}], "draft": true}');
    await press(page, 'Save');
    await page.getByRole('heading', { name: 'posts' }).waitFor();
    await expect
      .poll(async () => (await admin.document(app)).posts)
      .toEqual([{ id: 'p1', tags: ['a', { b: null }], draft: true }]);
  });

  it('who deletes a record may undo it, and is asked before leaving what is not saved', async () => {
    const app = await newApp({ users: users() });
    const page = await admin.open(app, ADA);
    await openRecord(page, 'u2');
    await page.locator('#editor').getByLabel('name', { exact: true }).fill('Nobody');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
    await page.keyboard.press('Escape');
    await press(page, 'Delete');
    await expect.poll(async () => (await admin.document(app)).users).toEqual([users()[0]]);
    await press(page, 'Undo');
    await expect.poll(async () => (await admin.document(app)).users).toEqual(users());
  });

  it('is asked before the last record goes; cancelled, nothing is sent', async () => {
    const app = await newApp({ users: users().slice(0, 1), title: 'T' });
    const page = await admin.open(app, ADA);
    const writes = writesOf(page);
    await openRecord(page, 'u1');
    await press(page, 'Delete');
    const question = page.getByRole('alertdialog', { name: 'Delete the last record?' });
    await question.waitFor();
    expect(await focused(page)).toBe('confirm-no');
    await page.keyboard.press('Enter');
    await question.waitFor({ state: 'hidden' });
    await page.keyboard.press('Escape');
    await settled(page);
    expect(writes).toEqual([]);
    expect((await admin.document(app)).users).toHaveLength(1);

    await openRecord(page, 'u1');
    await press(page, 'Delete');
    await press(page, 'Delete it');
    await expect.poll(() => admin.document(app)).toEqual({ users: [], title: 'T' });
    expect(writes).toEqual(['PATCH']);
  });

  it('takes texts that look like scripts for texts', async () => {
    const script = '<img src=x onerror="document.title=`hacked`"><script>hacked()</script>';
    const key = `"'><svg onload=hacked()>`;
    const app = await newApp({
      [key]: [{ id: script, [key]: script, href: 'javascript:hacked()' }],
      other: script,
    });
    const page = await admin.open(app, ADA);
    await page.getByRole('heading', { name: key }).waitFor();
    await page.locator('#records-table').getByText(script).first().waitFor();
    await openRecord(page, script);
    expect(await page.locator('#editor').getByLabel(key, { exact: true }).inputValue()).toBe(
      script,
    );
    await page.context().setOffline(true);
    await saveFields(page, { [key]: `${script}!` });
    await admin.patch(app, {
      op: 'upsert',
      collection: key,
      id: script,
      record: { id: script, [key]: `${script}?` },
    });
    await page.context().setOffline(false);
    await press(page, 'Reload');
    await page.locator('#cases').getByText(`${script}?`).waitFor();
    expect(await page.locator('main :is(img, svg, script:not([src]))').count()).toBe(0);
    expect(await page.title()).not.toBe('hacked');
  });
});

describe('two editors', () => {
  /** Both edit without a network, and are back one after the other. */
  async function apart(ada: Page, grace: Page, work: () => Promise<void>): Promise<void> {
    for (const page of [ada, grace]) await page.context().setOffline(true);
    await work();
    for (const page of [ada, grace]) {
      await page.context().setOffline(false);
      await press(page, 'Reload');
      await settled(page);
    }
  }

  it('lose nothing of different records, or of different fields of one', async () => {
    const app = await newApp({ users: users() });
    const [ada, grace] = [await admin.open(app, ADA), await admin.open(app, GRACE)];
    await apart(ada, grace, async () => {
      await edit(ada, 'u1', { name: 'Augusta' });
      await edit(grace, 'u2', { name: 'Grace H.' });
      await edit(grace, 'u1', { city: 'Ockham' });
    });
    const both = [
      { id: 'u1', name: 'Augusta', city: 'Ockham' },
      { id: 'u2', name: 'Grace H.', city: 'New York' },
    ];
    expect((await admin.document(app)).users).toEqual(both);
    await rowOf(ada, 'u2').getByText('Grace H.').waitFor(); // By itself, within seconds.
    expect(await ada.locator('#trouble').isHidden()).toBe(true);
  });

  it('of the same field are told, with both values, and may take either', async () => {
    const app = await newApp({ users: users() });
    const [ada, grace] = [await admin.open(app, ADA), await admin.open(app, GRACE)];
    await apart(ada, grace, async () => {
      await edit(ada, 'u1', { name: 'Augusta' });
      await edit(grace, 'u1', { name: 'Countess' });
    });
    const conflict = grace.locator('#cases li', { hasText: 'users / u1: name' });
    for (const value of ['Countess', 'Augusta', 'Ada']) {
      expect(await conflict.getByText(value, { exact: true }).count()).toBe(1);
    }
    await draw(grace, 'admin, conflict');
    await press(grace, 'Take theirs');
    await expect
      .poll(async () => (await admin.document(app)).users)
      .toMatchObject([{ name: 'Augusta' }, {}]);
    await grace.locator('#trouble').waitFor({ state: 'hidden' });
  });

  it('of whom one deletes what the other changes lose nothing before they decide', async () => {
    const app = await newApp({ users: users() });
    const [ada, grace] = [await admin.open(app, ADA), await admin.open(app, GRACE)];
    await apart(ada, grace, async () => {
      await edit(ada, 'u1', { name: 'Augusta' });
      await openRecord(grace, 'u1');
      await press(grace, 'Delete');
    });
    expect((await admin.document(app)).users).toMatchObject([{ name: 'Augusta' }, {}]);
    await press(grace, 'Delete it');
    await expect.poll(async () => (await admin.document(app)).users).toEqual([users()[1]]);
  });

  it('of whom one has the record open is told of the other one’s change', async () => {
    const app = await newApp({ users: users() });
    const page = await admin.open(app, ADA);
    await openRecord(page, 'u1');
    const record = { ...users()[0], city: 'Ockham' };
    await admin.patch(app, { op: 'upsert', collection: 'users', id: 'u1', record });
    await page.locator('#editor-note', { hasText: 'Somebody changed this record' }).waitFor();
    await saveFields(page, { name: 'Augusta' });
    await expect
      .poll(async () => (await admin.document(app)).users)
      .toMatchObject([{ name: 'Augusta', city: 'Ockham' }, {}]);
  });
});

describe('two tabs of one editor', () => {
  it('have one queue, which outlives the tab that filled it', async () => {
    const app = await newApp({ users: users() });
    const first = await admin.open(app, ADA);
    const second = admin.watch(await first.context().newPage());
    await second.goto(`/admin?app=${app}`);
    await settled(second);
    await first.context().setOffline(true);
    await edit(first, 'u1', { name: 'Augusta' });
    await first.locator('#status', { hasText: 'Offline: 1 change kept here' }).waitFor();
    await rowOf(first, 'u1').getByText('not saved yet').waitFor();
    await rowOf(second, 'u1').getByText('Augusta').waitFor();
    await first.close();
    await edit(second, 'u2', { name: 'Grace H.' });
    await second.context().setOffline(false);
    await press(second, 'Reload');
    await expect
      .poll(async () => (await admin.document(app)).users, { timeout: 20_000 })
      .toMatchObject([{ name: 'Augusta' }, { name: 'Grace H.' }]);
    await settled(second);
  });
});

it('who may not write is told so, and may discard what they wrote', async () => {
  const app = await newApp({ users: users() });
  const page = await admin.open(app, READER);
  await edit(page, 'u1', { name: 'Augusta' });
  const refused = page.locator('#cases li', { hasText: 'You may look at this document' });
  await refused.getByText('Augusta', { exact: true }).waitFor();
  expect((await admin.document(app)).users).toEqual(users());
  await refused.getByRole('button', { name: 'Discard' }).click();
  await refused.waitFor({ state: 'hidden' });
  await rowOf(page, 'u1').getByText('Ada', { exact: true }).waitFor();
});

it('follows the activity of the server that is written to', async () => {
  const app = await newApp({ users: users() });
  const page = await admin.open(app, ADA);
  const asked: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/activity') asked.push(url.origin);
  });
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 1_000); // From here on, only runFor() makes it later.
  await page.getByRole('link', { name: 'Activity' }).click();
  await expect.poll(() => asked).toEqual([worker.url]);
  await admin.patch(app, { op: 'delete', collection: 'users', id: 'u2' });
  expect(asked).toHaveLength(1);
  const written = page.locator('#activity-table tbody tr', { hasText: 'PATCH' });
  const later = async () => {
    await page.clock.runFor(REFRESH_MS);
    return written.count();
  };
  await expect.poll(later, { timeout: 10_000, interval: 500 }).toBe(1);
  expect(await written.textContent()).toMatch(/PATCH \/apps\/app-\d+\/db\.json.* bytes.*200$/);
  expect(new Set(asked)).toEqual(new Set([worker.url]));

  await page.waitForLoadState('networkidle');
  const before = asked.length;
  await page.clock.runFor(REFRESH_MS);
  await expect.poll(() => asked.length).toBe(before + 1);
  await page.getByRole('link', { name: 'Records' }).click();
  await page.clock.runFor(3 * REFRESH_MS);
  expect(asked.length).toBe(before + 1);
});

it('restores the snapshot of a day, once that was confirmed', async () => {
  const app = await newApp({ users: users() });
  const cron = new URLSearchParams({ cron: SNAPSHOT_CRON });
  expect((await fetch(`${worker.url}/cdn-cgi/local/scheduled?${cron}`)).status).toBe(200);
  await admin.patch(app, { op: 'delete', collection: 'users', id: 'u2' });
  const page = await admin.open(app, ADA);
  const writes = writesOf(page);
  await page.getByRole('link', { name: 'Snapshots' }).click();
  const day = new Date().toISOString().slice(0, 10);
  await press(page, `Restore the snapshot of ${day}`);
  await page.keyboard.press('Escape');
  expect(writes).toEqual([]);
  await press(page, `Restore the snapshot of ${day}`);
  await press(page, 'Restore');
  await page.getByText(`The document is that of ${day} again.`).waitFor();
  expect((await admin.document(app)).users).toEqual(users());
  await page.getByRole('link', { name: 'Records' }).click();
  await rowOf(page, 'u2').waitFor();
});

describe.each([
  { name: 'a phone', width: 375, colorScheme: 'light' as const },
  { name: 'a phone at night', width: 375, colorScheme: 'dark' as const },
  { name: 'a desk', width: 1280, colorScheme: 'light' as const },
])('on $name', ({ name, width, colorScheme }) => {
  it('no view and no dialog is wider than the screen', async () => {
    const long = 'x'.repeat(200);
    const app = await newApp({
      users: users().map((user) => ({ ...user, note: long, tags: [long] })),
      [long]: [{ id: long, [long]: long }],
      title: long,
    });
    const page = await admin.open(app, ADA, { viewport: { width, height: 740 }, colorScheme });
    const check = async (step: string) => {
      const over = 'document.documentElement.scrollWidth - window.innerWidth';
      const inDialog =
        'Math.max(...[...document.querySelectorAll("dialog")].map((d) => d.scrollWidth - d.clientWidth))';
      expect([step, await page.evaluate(over), await page.evaluate(inDialog)]).toEqual([
        step,
        0,
        0,
      ]);
      await draw(page, `${name}, admin ${step}`);
    };
    await check('1 records');
    await openRecord(page, 'u1');
    await check('2 editor');
    await page.getByLabel('JSON', { exact: true }).check();
    await check('3 JSON');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: long }).click();
    await page.getByText('Other members').click();
    await check('4 long names');
    await openRecord(page, long);
    await check('5 long editor');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.locator('#activity-table tbody tr').first().waitFor();
    await check('6 activity');
    await page.getByRole('link', { name: 'Snapshots' }).click();
    await check('7 snapshots');
  });
});
