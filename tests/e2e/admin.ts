// People at /admin for end-to-end tests: each in a browser of their own, and a program that reads
// and writes the same documents.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launch } from './browser.ts';
import { linkTo, type RunningWorker, signIn, startWorker } from './worker.ts';

export const ADA = 'ada@example.com';
export const GRACE = 'grace@example.com';
/** May not write. */
export const READER = 'reader@example.com';

export type Document = { [member: string]: unknown };

const WAIT_MS = 20_000;

/** A Worker and a browser for the tests of a file, whose pages may not complain of anything. */
export function useAdmin(): Admin {
  const admin = new Admin();
  beforeAll(() => admin.start());
  afterAll(() => admin.stop());
  afterEach(async () => {
    await admin.leave();
    expect(admin.complaints.splice(0)).toEqual([]);
  });
  return admin;
}

export class Admin {
  /** Errors of scripts, and what a page's policy refused. */
  readonly complaints: string[] = [];
  #worker: RunningWorker | undefined;
  #browser: Browser | undefined;
  #token = '';
  #apps = 0;

  async start(): Promise<void> {
    const started = [startWorker({ EDITORS: `${ADA},${GRACE}` }), launch()] as const;
    [this.#worker, this.#browser] = await Promise.all(started);
    this.#token = await signIn(this.url, ADA);
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#worker?.stop();
  }

  /** Closes what was opened. */
  async leave(): Promise<void> {
    for (const context of this.#browser?.contexts() ?? []) await context.close();
  }

  get url(): string {
    return this.#worker?.url ?? '';
  }

  /** A page of a person of their own, signed in, with a document before them. */
  async open(app: string, email: string, options: BrowserContextOptions = {}): Promise<Page> {
    if (this.#browser === undefined) throw new Error('there is no browser');
    const context = await this.#browser.newContext({ baseURL: this.url, ...options });
    const page = this.watch(await context.newPage());
    await page.goto(`/admin?app=${app}`);
    await this.signIn(page, email);
    await page.waitForURL(`**/admin?app=${app}`);
    await settled(page);
    return page;
  }

  /** On the page of the sign-in. */
  async signIn(page: Page, email: string): Promise<void> {
    await page.getByLabel('E-mail address').fill(email);
    await press(page, 'Send the link');
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
    await page.goto(await linkTo(this.url, email));
    await press(page, 'Sign in with this browser');
  }

  watch(page: Page): Page {
    page.setDefaultTimeout(WAIT_MS); // Shorter than a test's, so that it says what was awaited.
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy/.test(text)) this.complaints.push(text);
    });
    return page;
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      ...init.headers,
    };
    const response = await fetch(`${this.url}${path}`, { ...init, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status}: ${await response.text()}`);
    return response;
  }

  /** An app that no other test has, with a document or without one. */
  async newApp(document?: Document): Promise<string> {
    this.#apps += 1;
    const app = `app-${this.#apps}`;
    if (document === undefined) return app;
    const init = { method: 'PUT', headers: { 'if-none-match': '*' } };
    await this.#ask(`/apps/${app}/db.json`, { ...init, body: JSON.stringify(document) });
    return app;
  }

  /** One record operation, or several. */
  async patch(app: string, operations: unknown): Promise<void> {
    const body = JSON.stringify(operations);
    await this.#ask(`/apps/${app}/db.json`, { method: 'PATCH', body });
  }

  /** As its owner has it now. */
  async document(app: string): Promise<Document> {
    const response = await this.#ask(`/apps/${app}/db.json?view=full`);
    return (await response.json()) as Document;
  }

  /** The snapshots of a document, once what a cron does was done. */
  async snapshotsAfter(cron: string, app: string): Promise<unknown[]> {
    await this.#ask(`/cdn-cgi/local/scheduled?${new URLSearchParams({ cron })}`);
    return (await (await this.#ask(`/snapshots?app=${app}`)).json()) as unknown[];
  }
}

/** Until the page says that nothing waits. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#status', { hasText: /^(All changes are saved|Saved)/ }).waitFor();
}

export const rowOf = (page: Page, id: string) =>
  page
    .locator('#records-table')
    .getByRole('row')
    .filter({
      has: page.getByRole('button', { name: id, exact: true }),
    });

export const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();

export async function openRecord(page: Page, id: string): Promise<void> {
  await press(page, id);
  await page.locator('#editor[open]').waitFor();
}

/** Fills fields of the record that is open, and saves it. */
export async function saveFields(page: Page, fields: Record<string, string>): Promise<void> {
  const editor = page.locator('#editor');
  for (const [name, value] of Object.entries(fields)) {
    await editor.getByLabel(name, { exact: true }).fill(value);
  }
  await editor.getByRole('button', { name: 'Save' }).click();
  await editor.waitFor({ state: 'hidden' });
}

export async function edit(page: Page, id: string, fields: Record<string, string>) {
  await openRecord(page, id);
  await saveFields(page, fields);
}

export const users = () => [
  { id: 'u1', name: 'Ada', city: 'London' },
  { id: 'u2', name: 'Grace', city: 'New York' },
];

/** What a page sends that may change something, as long as the test runs. */
export function writesOf(page: Page): string[] {
  const writes: string[] = [];
  page.on('request', (request) => {
    if (!['GET', 'HEAD'].includes(request.method())) writes.push(request.method());
  });
  return writes;
}
