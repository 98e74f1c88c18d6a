// Event logs for the end-to-end tests of /viewer: writers that speak the protocol, and people who
// look at their logs in a browser.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { framesOf } from '../../client/events/chunks.ts';
import { packEntry } from '../../client/events/entry.ts';
import { EntryIds, idBytes } from '../../client/events/entry_id.ts';
import { exportIdentity, generateIdentity, type Identity } from '../../client/events/identity.ts';
import { pack, packPayload } from '../../client/events/msgpack.ts';
import { parseMessage, type ServerMessage } from '../../client/events/protocol.ts';
import { launch } from './browser.ts';
import { type RunningWorker, startWorker } from './worker.ts';

const WAIT_MS = 20_000;
const BATCH = 1_000;

export interface TestEvent {
  event: string;
  payload: unknown;
  primaryKey?: string;
}

/** A log and who writes it. */
export interface TestLog {
  tenant: string;
  identity: Identity;
}

/** A Worker and a browser for the tests of a file, whose pages may not complain of anything. */
export function useViewer(vars: Record<string, string> = {}): Viewer {
  const viewer = new Viewer(vars);
  beforeAll(() => viewer.start());
  afterAll(() => viewer.stop());
  afterEach(async () => {
    await viewer.leave();
    expect(viewer.complaints.splice(0)).toEqual([]);
  });
  return viewer;
}

export class Viewer {
  /** Errors of scripts, and what a page's policy refused. */
  readonly complaints: string[] = [];
  readonly #vars: Record<string, string>;
  readonly #writers = new Map<string, Writer>();
  #worker: RunningWorker | undefined;
  #browser: Browser | undefined;
  #logs = 0;

  constructor(vars: Record<string, string>) {
    this.#vars = vars;
  }

  async start(): Promise<void> {
    [this.#worker, this.#browser] = await Promise.all([startWorker(this.#vars), launch()]);
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#worker?.stop();
  }

  /** Closes what was opened. */
  async leave(): Promise<void> {
    for (const context of this.#browser?.contexts() ?? []) await context.close();
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
  }

  get url(): string {
    return this.#worker?.url ?? '';
  }

  /** Kills the runtime; resolves once another one answers. */
  async crash(): Promise<void> {
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
    this.#worker?.kill();
    await this.#worker?.untilHealthy();
  }

  /** A log that no other test has. */
  newLog(tenant = ''): TestLog {
    this.#logs += 1;
    return { tenant: tenant || `team-${this.#logs}`, identity: generateIdentity() };
  }

  /** Resolves once the server has them. */
  async write({ tenant, identity }: TestLog, events: TestEvent[]): Promise<void> {
    const token = this.#vars.SYNC_AUTH_TOKEN;
    const key = `${tenant} ${identity.publicKey}`;
    const address = `${this.url.replace('http', 'ws')}/eventlog/${tenant}`;
    const writer = this.#writers.get(key) ?? new Writer(address, token);
    this.#writers.set(key, writer);
    for (let at = 0; at < events.length; at += BATCH) {
      await writer.write(identity, events.slice(at, at + BATCH));
    }
  }

  async newPage(options: BrowserContextOptions = {}): Promise<Page> {
    if (this.#browser === undefined) throw new Error('there is no browser');
    const context = await this.#browser.newContext({ baseURL: this.url, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS); // Shorter than a test's, so that it says what was awaited.
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy/.test(text)) this.complaints.push(text);
    });
    return page;
  }

  /** A page with a log before it, by a link. */
  async open(
    { tenant, identity }: TestLog,
    { access, ...options }: BrowserContextOptions & { access?: string } = {},
  ): Promise<Page> {
    const page = await this.newPage(options);
    const right = access === undefined ? '' : `&access=${access}`;
    await page.goto(`/viewer?tenant=${tenant}#key=${exportIdentity(identity)}${right}`);
    await connected(page);
    return page;
  }
}

export async function connected(page: Page): Promise<void> {
  await page.locator('#status', { hasText: /^Connected$/ }).waitFor();
}

/** One connection that writes, under one public key, a batch after the other. */
class Writer {
  readonly #ids = new EntryIds((bytes) => crypto.getRandomValues(bytes));
  readonly #socket: WebSocket;
  readonly #hello: Promise<void>;
  #told: (message: ServerMessage) => void = () => {};
  #failed: (error: Error) => void = () => {};
  #writes = 0;

  constructor(address: string, token: string | undefined) {
    this.#socket = new WebSocket(
      address,
      token === undefined ? [] : ['tidemark', `bearer.${token}`],
    );
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }) => this.#told(parseMessage(new Uint8Array(data)));
    this.#socket.onclose = ({ code, reason }) =>
      this.#failed(new Error(`the writer was closed: ${code} ${reason}`));
    this.#hello = this.#until('Hello');
  }

  /** All of them under one iv, as Effect's client sends a batch. */
  async write({ publicKey, privateKey }: Identity, events: TestEvent[]): Promise<void> {
    await this.#hello;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const key = await crypto.subtle.importKey('raw', privateKey, 'AES-GCM', false, ['encrypt']);
    const sealed = events.map(async ({ event, payload, primaryKey = '' }) => {
      const id = this.#ids.next(Date.now());
      const text = packEntry({ id, event, primaryKey, payload: packPayload(payload) });
      const encrypted = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text);
      return { entryId: idBytes(id), encryptedEntry: new Uint8Array(encrypted) };
    });
    const id = this.#writes;
    this.#writes += 1;
    const encryptedEntries = await Promise.all(sealed);
    const acknowledged = this.#until('Ack');
    const message = pack({ publicKey, id, iv, encryptedEntries, _tag: 'WriteEntries' });
    for (const frame of framesOf(id, message)) this.#socket.send(frame);
    await acknowledged;
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #until(tag: ServerMessage['tag']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#told = (message) => message.tag === tag && resolve();
      this.#failed = reject;
    });
  }
}

export const message = (content: string): TestEvent => ({
  event: 'chat.message',
  payload: { session: 's1', id: content, role: 'user', content, at: 1 },
});
export const numbered = (count: number): TestEvent[] =>
  Array.from({ length: count }, (_, at) => message(`Message ${at + 1}`));

export const row = (page: Page, text: string) =>
  page.getByRole('article').filter({ hasText: text });
export const rows = (page: Page) => page.getByRole('article').count();
export const kind = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

export const scrollTo = (page: Page, top: number) =>
  page.locator('#log').evaluate((log, to) => {
    log.scrollTop = to;
  }, top);
export const distanceToEnd = (page: Page) =>
  page.locator('#log').evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop);
