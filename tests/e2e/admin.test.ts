// The page of documents from end to end: people who edit the same document at once, without a
// network, and by keyboard; what they are asked, and what becomes of texts that look like scripts.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  ADA,
  edit,
  GRACE,
  openRecord,
  press,
  rowOf,
  saveFields,
  settled,
  useAdmin,
  users,
  writesOf,
} from './admin.ts';
import { draw } from './browser.ts';

const admin = useAdmin();

const focused = (page: Page) => page.evaluate(() => document.activeElement?.id);

describe('an editor', () => {
  it('finds the collections with their counts, and the records that have a word', async () => {
    const page = await admin.open(
      await admin.newApp({ users: users(), posts: [], title: 'T' }),
      ADA,
    );
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
    const app = await admin.newApp({ users: users() });
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

  it('begins a document', async () => {
    const app = await admin.newApp();
    const page = await admin.open(app, ADA);
    await page.getByText('Add a collection to begin with.').waitFor();
    await press(page, 'New collection');
    await page.getByLabel('Collection', { exact: true }).fill('users');
    await page.getByLabel('New field').fill('visits');
    await page.getByLabel('Kind').selectOption('Number');
    await press(page, 'Add field');
    await saveFields(page, { visits: '12' });
    await expect
      .poll(() => admin.document(app).catch(() => null))
      .toEqual({ users: [{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), visits: 12 }] });
  });

  it('makes a collection by its first record, and is told what is no JSON', async () => {
    const app = await admin.newApp({ users: users() });
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

  it('may undo a deletion, and is asked before leaving what is not saved', async () => {
    const app = await admin.newApp({ users: users() });
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
    const app = await admin.newApp({ users: users().slice(0, 1), title: 'T' });
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
    const app = await admin.newApp({
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
    const app = await admin.newApp({ users: users() });
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
    const app = await admin.newApp({ users: users() });
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
    const app = await admin.newApp({ users: users() });
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

  it('who each delete one of the last two records are asked about the last one', async () => {
    const app = await admin.newApp({ users: users() });
    const page = await admin.open(app, ADA);
    await page.context().setOffline(true);
    await openRecord(page, 'u1');
    await press(page, 'Delete');
    await admin.patch(app, { op: 'delete', collection: 'users', id: 'u2' });
    await page.context().setOffline(false);
    const refused = page.locator('#cases li', { hasText: 'users / u1: delete' });
    await refused.getByText('The server keeps the last record').waitFor();
    const question = page.getByRole('alertdialog', { name: 'Delete all the same?' });
    await press(page, 'Try again');
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect(await refused.count()).toBe(1);
    expect((await admin.document(app)).users).toEqual([users()[0]]);
    await press(page, 'Try again');
    await question.getByRole('button', { name: 'Delete' }).click();
    await refused.waitFor({ state: 'hidden' });
    await expect.poll(() => admin.document(app)).toEqual({ users: [] });
  });

  it('of whom one has the record open is told of the other one’s change', async () => {
    const app = await admin.newApp({ users: users() });
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
    const app = await admin.newApp({ users: users() });
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
