// Signing in from end to end: a person at a browser, and a program with the token of the mail.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { draw, launch } from './browser.ts';
import { linkTo, type RunningWorker, signIn, startWorker } from './worker.ts';

let worker: RunningWorker;
let browser: Browser;

beforeAll(async () => {
  [worker, browser] = await Promise.all([startWorker(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await worker?.stop();
});

const complaints: string[] = [];
afterEach(() => {
  expect(complaints.splice(0)).toEqual([]);
});

/** A page of a person of their own, which fails the test on any error in its console. */
async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: worker.url, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return page;
}

/** What was refused on purpose stands in the console, just once. */
async function expectRefusal(status: number): Promise<void> {
  const refusal = expect.stringContaining(`status of ${status}`);
  await vi.waitFor(() => expect(complaints).toEqual([refusal]));
  complaints.length = 0;
}

async function askForLink(page: Page, email: string): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
}

const cookiesOf = async (page: Page) =>
  (await page.context().cookies()).map(({ name, httpOnly, secure, sameSite }) => ({
    name,
    httpOnly,
    secure,
    sameSite,
  }));

const SESSION = { name: '__Host-session', httpOnly: true, secure: true, sameSite: 'Lax' };

describe('a person', () => {
  it('signs in by the link of the mail, is known, and signs out', async () => {
    const page = await openPage();
    await askForLink(page, 'Ada@Example.com');
    await page.getByRole('link', { name: '/dev/mail' }).click();
    await page.getByRole('link', { name: '/auth/verify' }).first().click();
    expect(await page.textContent('main')).toContain('Copy this token and paste in CLI');
    await page.getByRole('button', { name: 'Sign in with this browser' }).click();
    await page.getByRole('heading', { name: 'Learning' }).waitFor();
    const databases = () => page.evaluate(async () => (await indexedDB.databases()).length);
    await expect.poll(databases).toBeGreaterThan(0); // The records, kept in the browser.

    await page.goto('/login');
    expect(await page.textContent('main')).toContain('signed in as ada@example.com');
    expect(await cookiesOf(page)).toEqual([SESSION]);
    const seen = await page.evaluate(async () => (await fetch('/plans')).json());
    expect(seen).toEqual([]);

    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await cookiesOf(page)).toEqual([]);
    expect(await databases()).toBe(0);
    expect(await page.evaluate(async () => (await fetch('/plans')).status)).toBe(401);
    await expectRefusal(401);
  });

  it('may open the link as often as they like, and use it once', async () => {
    const page = await openPage();
    await askForLink(page, 'grace@example.com');
    const link = await linkTo(worker.url, 'grace@example.com');
    await page.goto(link);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in with this browser' }).click();
    await page.goto(link);
    expect(await page.getByRole('alert').textContent()).toBe('Invalid or expired token');
    await expectRefusal(401);
  });

  it('who signs out everywhere is signed out of every browser', async () => {
    const [laptop, phone] = [await openPage(), await openPage()];
    for (const page of [laptop, phone]) {
      await askForLink(page, 'alan@example.com');
      await page.goto(await linkTo(worker.url, 'alan@example.com'));
      await page.getByRole('button', { name: 'Sign in with this browser' }).click();
      await page.goto('/login');
      await page.getByRole('heading', { name: 'Signed in' }).waitFor();
    }
    await laptop.getByRole('button', { name: 'Sign out on all devices' }).click();
    await phone.goto('/login');
    await phone.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    expect(await cookiesOf(phone)).toEqual([]);
  });

  it('needs no more than a keyboard', async () => {
    const page = await openPage();
    await page.goto('/login');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('email');
    await page.keyboard.type('edsger@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').waitFor();
    await page.goto(await linkTo(worker.url, 'edsger@example.com'));
    const names = [];
    for (let presses = 0; presses < 3; presses += 1) {
      await page.keyboard.press('Tab');
      names.push(await page.evaluate(() => document.activeElement?.textContent?.trim()));
    }
    expect(names).toEqual(['Skip to content', 'Samedi', 'Sign in with this browser']);
  });

  it('is told at once, and by the server, what is no address', async () => {
    const page = await openPage();
    await page.goto('/login');
    await page.getByLabel('E-mail address').fill('nobody');
    await page.getByRole('button').click();
    expect(await page.locator('input:invalid').count()).toBe(1);
    await page.getByLabel('E-mail address').fill('you@example');
    await page.getByRole('button').click();
    expect(await page.getByRole('alert').textContent()).toContain('Give an e-mail address');
    expect(await page.getByLabel('E-mail address').inputValue()).toBe('you@example');
    await expectRefusal(400);
  });
});

describe.each([
  { name: 'a phone', width: 375, colorScheme: 'light' as const },
  { name: 'a phone at night', width: 375, colorScheme: 'dark' as const },
  { name: 'a desk', width: 1280, colorScheme: 'light' as const },
])('on $name', ({ name, width, colorScheme }) => {
  it('no page is wider than the screen, and nothing is refused by its policy', async () => {
    const page = await openPage({ viewport: { width, height: 740 }, colorScheme });
    const email = `a-rather-long-name-for-a-person-${width}-${colorScheme}@subdomain.example.com`;
    const check = async (step: string) => {
      const over = 'document.documentElement.scrollWidth - window.innerWidth';
      expect([step, await page.evaluate(over)]).toEqual([step, 0]);
      await draw(page, `${name}, ${step}`);
    };
    await page.goto('/login');
    await check('1 login');
    await askForLink(page, email);
    await check('2 sent');
    await page.goto('/dev/mail');
    await check('3 mail');
    await page.goto(await linkTo(worker.url, email));
    await check('4 link');
    await page.getByRole('button', { name: 'Sign in with this browser' }).click();
    await page.goto('/login');
    await check('5 signed in');
    await page.goto('/auth/verify?token=used');
    await check('6 problem');
    await expectRefusal(401);
  });
});

describe('a program', () => {
  it('gets a token by the secret of the mail, and uses it', async () => {
    const jwt = await signIn(worker.url, 'kurt@example.com');
    const headers = { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' };
    const body = JSON.stringify({
      cursor: null,
      plans: [{ action: 'create', id: 'p', data: { title: 'T', status: 's' }, updated_at: 1 }],
    });
    const synced = await fetch(`${worker.url}/sync`, { method: 'POST', body, headers });
    expect(synced.status).toBe(200);
    const listed = await fetch(`${worker.url}/plans`, { headers });
    expect(await listed.json()).toMatchObject([{ id: 'p', title: 'T' }]);
  });

  it('is the same user as by a token of npm run token', async () => {
    const [, payload = ''] = (await signIn(worker.url, 'demo@example.com')).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { user_id: string };
    expect(claims.user_id).toBe('u7462108984f629db2ced1aeb');
  });
});
