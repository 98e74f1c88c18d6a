// What surrounds the records at /admin, from end to end: who may write, the sign-in that ends,
// activity and snapshots; and that all of it fits a phone.

import { describe, expect, it } from 'vitest';
import {
  ADA,
  edit,
  openRecord,
  press,
  READER,
  rowOf,
  settled,
  useAdmin,
  users,
  writesOf,
} from './admin.ts';
import { draw } from './browser.ts';

const SNAPSHOT_CRON = '10 0 * * *';
const REFRESH_MS = 4_000; // Of the list of activity.

const admin = useAdmin();

it('who may not write is told so, and may discard what they wrote', async () => {
  const app = await admin.newApp({ users: users() });
  const page = await admin.open(app, READER);
  await edit(page, 'u1', { name: 'Augusta' });
  const refused = page.locator('#cases li', { hasText: 'You may look at this document' });
  await refused.getByText('Augusta', { exact: true }).waitFor();
  expect((await admin.document(app)).users).toEqual(users());
  await refused.getByRole('button', { name: 'Discard' }).click();
  await refused.waitFor({ state: 'hidden' });
  await rowOf(page, 'u1').getByText('Ada', { exact: true }).waitFor();
});

it('what was written after a sign-in ended is kept, and sent after the next one', async () => {
  const app = await admin.newApp({ users: users() });
  const page = await admin.open(app, ADA);
  await page.context().clearCookies(); // As when the cookie's time is up.
  await edit(page, 'u1', { name: 'Augusta' });
  await page.locator('#status', { hasText: 'You are signed out: 1 change kept here' }).waitFor();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await admin.signIn(page, ADA);
  await page.waitForURL(`**/admin?app=${app}`);
  await settled(page);
  await expect
    .poll(async () => (await admin.document(app)).users)
    .toMatchObject([{ name: 'Augusta' }, {}]);
});

it.each(['Blog', '..', 'a-user-b'])('%j is no name of an app, and is told so', async (app) => {
  const page = await admin.open(await admin.newApp(), READER);
  await page.goto(`/admin?app=${encodeURIComponent(app)}`);
  await page
    .locator('#problem, #status-error', { hasText: /\bapp\b/ })
    .first()
    .waitFor();
});

it('follows the activity of the server that is written to', async () => {
  const app = await admin.newApp({ users: users() });
  const page = await admin.open(app, ADA);
  const asked: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/activity') asked.push(url.origin);
  });
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 1_000); // From here on, only runFor() makes it later.
  await page.getByRole('link', { name: 'Activity' }).click();
  await expect.poll(() => asked, { timeout: 10_000 }).toEqual([admin.url]);
  await admin.patch(app, { op: 'delete', collection: 'users', id: 'u2' });
  expect(asked).toHaveLength(1);
  const written = page.locator('#activity-table tbody tr', { hasText: 'PATCH' });
  const later = async () => {
    await page.clock.runFor(REFRESH_MS);
    return written.count();
  };
  await expect.poll(later, { timeout: 10_000, interval: 500 }).toBe(1);
  expect(await written.textContent()).toMatch(/PATCH \/apps\/app-\d+\/db\.json.* bytes.*200$/);
  expect(new Set(asked)).toEqual(new Set([admin.url]));

  await page.waitForLoadState('networkidle');
  const before = asked.length;
  await page.clock.runFor(REFRESH_MS);
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(before + 1);
  await page.getByRole('link', { name: 'Records' }).click();
  await page.clock.runFor(3 * REFRESH_MS);
  expect(asked.length).toBe(before + 1);
});

it('restores the snapshot of a day, once that was confirmed', async () => {
  const app = await admin.newApp({ users: users() });
  // The crons know a document a moment after its first write.
  await expect
    .poll(() => admin.snapshotsAfter(SNAPSHOT_CRON, app), { timeout: 10_000, interval: 500 })
    .toHaveLength(1);
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
    const app = await admin.newApp({
      users: users().map((user) => ({ ...user, note: long, tags: [long] })),
      [long]: [{ id: long, [long]: long }],
      title: long,
    });
    const page = await admin.open(app, ADA, { viewport: { width, height: 740 }, colorScheme });
    const check = async (step: string) => {
      const over = 'document.documentElement.scrollWidth - window.innerWidth';
      const dialogs = '[...document.querySelectorAll("dialog")]';
      const inDialog = `Math.max(...${dialogs}.map((d) => d.scrollWidth - d.clientWidth))`;
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
