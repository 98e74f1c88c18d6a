// People at /admin for end-to-end tests: each in a browser of their own, and a program that reads
// and writes the same documents.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { linkTo, type RunningWorker, signIn } from './worker.ts';

export type Document = { [member: string]: unknown };

const WAIT_MS = 20_000;

export class Admin {
  readonly worker: RunningWorker;
  readonly #browser: Browser;
  readonly #token: string;
  /** Errors of scripts, and what a page's policy refused. */
  readonly complaints: string[] = [];

  private constructor(worker: RunningWorker, browser: Browser, token: string) {
    this.worker = worker;
    this.#browser = browser;
    this.#token = token;
  }

  /** `editor` may write. */
  static async start(worker: RunningWorker, browser: Browser, editor: string): Promise<Admin> {
    return new Admin(worker, browser, await signIn(worker.url, editor));
  }

  /** A page of a person of their own, signed in, with a document before them. */
  async open(app: string, email: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({ baseURL: this.worker.url, ...options });
    const page = this.watch(await context.newPage());
    await page.goto(`/admin?app=${app}`);
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Send the link' }).click();
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
    await page.goto(await linkTo(this.worker.url, email));
    await page.getByRole('button', { name: 'Sign in with this browser' }).click();
    await page.waitForURL(`**/admin?app=${app}`);
    await settled(page);
    return page;
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

  addressOf(app: string): string {
    return `${this.worker.url}/apps/${app}/db.json`;
  }

  async #ask(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      ...init.headers,
    };
    return fetch(url, { ...init, headers });
  }

  async put(app: string, document: Document): Promise<void> {
    const body = JSON.stringify(document);
    const headers = { 'if-none-match': '*' };
    const response = await this.#ask(this.addressOf(app), { method: 'PUT', headers, body });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  }

  /** One record operation, or several. */
  async patch(app: string, operations: unknown): Promise<void> {
    const body = JSON.stringify(operations);
    const response = await this.#ask(this.addressOf(app), { method: 'PATCH', body });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  }

  /** As its owner has it now. */
  async document(app: string): Promise<Document> {
    const response = await this.#ask(`${this.addressOf(app)}?view=full`);
    return (await response.json()) as Document;
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
