// A static site on an origin of its own that reads and writes a document: its pages import the SDK
// from the Worker, and are told where the document is by `window.__CEDB`.

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { BadNetwork } from './bad_network.ts';
import { launch } from './browser.ts';
import { type RunningWorker, signIn, startWorker } from './worker.ts';

const EMAIL = 'ada@example.com';
const SEED = 7_021;
const CHAOS = { lostRequest: 0.1, lostAnswer: 0.15, doubled: 0.15, delayed: 0.3 };
const EDITS = 25;
const WAIT_MS = 30_000;

interface Note {
  id: string;
  text: string;
  [field: string]: unknown;
}

/** What a page gives the tests. */
interface Site {
  error?: string;
  notes(): Note[];
  put(note: Note): Promise<void>;
  update(id: string, fields: Record<string, unknown>): Promise<void>;
  remove(id: string): Promise<void>;
  flush(): Promise<void>;
  conflicts(): number;
}
declare const site: Site;

let worker: RunningWorker;
let browser: Browser;
let server: http.Server;
let token: string;
let apps = 0;

/** The page as its author wrote it: nothing but where the document is, and the SDK. */
function pageOf(source: string, config: object): string {
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script>window.__CEDB = ${JSON.stringify(config)};</script>
<script type="module">
  try {
    const { DB, HttpAdapter } = await import('${source}/coreenginedb/client.js');
    const { token } = sessionStorage;
    const headers = token && (() => ({ authorization: 'Bearer ' + token }));
    const adapter = HttpAdapter.fromWindow(headers ? { headers } : {});
    const db = await DB.open({ adapter, view: headers ? 'owner' : 'published', pollInterval: 300 });
    const notes = db.collection('notes');
    window.site = {
      notes: () => notes.list(),
      put: (note) => notes.upsert(note),
      update: (id, fields) => notes.update(id, fields),
      remove: (id) => notes.delete(id),
      // It goes on by itself after these.
      flush: async () => {
        for (;;) {
          try {
            return await db.flush();
          } catch (error) {
            if (!['contended', 'offline'].includes(error.code)) throw error;
            await new Promise((done) => setTimeout(done, 50));
          }
        }
      },
      conflicts: () => db.queue.conflicts.length,
    };
  } catch (error) {
    window.site = { error: String(error) };
  }
</script>`;
}

const pages = new Map<string, string>();
const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const text = pages.get(request.url ?? '');
    response.writeHead(text ? 200 : 404, { 'content-type': 'text/html' }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const vars = { CORS_ORIGINS: `https://other.example,${origin()}`, EDITORS: EMAIL };
  [worker, browser] = await Promise.all([startWorker(vars), launch()]);
  token = await signIn(worker.url, EMAIL);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await worker?.stop();
  server?.close();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

interface Opened {
  /** Who may write has a token in the session, and never in the page. */
  writes: boolean;
  behind?: string;
}

async function open(app: string, { writes, behind = worker.url }: Opened): Promise<Page> {
  const url = `${behind}/apps/${app}/db.json`;
  pages.set(`/${app}`, pageOf(worker.url, { snapshotUrl: url, ...(writes && { writeUrl: url }) }));
  const context = await browser.newContext();
  if (writes) await context.addInitScript(`sessionStorage.token = ${JSON.stringify(token)}`);
  const page = await context.newPage();
  await page.goto(`${origin()}/${app}`);
  await page.waitForFunction(() => 'site' in globalThis);
  expect(await page.evaluate(() => site.error)).toBeUndefined();
  return page;
}

function newApp(): string {
  apps += 1;
  return `site-${apps}`;
}

const put = (page: Page, note: Note) => page.evaluate((each) => site.put(each), note);
const flush = (page: Page) => page.evaluate(() => site.flush());
const notesOf = (page: Page) => page.evaluate(() => site.notes());
const textsOf = async (page: Page) =>
  Object.fromEntries((await notesOf(page)).map(({ id, text }) => [id, text]));

async function owned(app: string): Promise<Note[]> {
  const response = await fetch(`${worker.url}/apps/${app}/db.json?view=full`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await response.json()) as { notes: Note[] }).notes;
}

it('what one page writes, a page that only reads shows some seconds later', async () => {
  const app = newApp();
  const writer = await open(app, { writes: true });
  await put(writer, { id: 'n1', text: 'first' });
  await flush(writer);
  const reader = await open(app, { writes: false });
  await expect.poll(() => textsOf(reader), { timeout: WAIT_MS }).toEqual({ n1: 'first' });
  await writer.evaluate(() => site.update('n1', { text: 'second' }));
  await put(writer, { id: 'n2', text: 'other' });
  await flush(writer);
  const began = Date.now();
  await expect
    .poll(() => textsOf(reader), { timeout: WAIT_MS })
    .toEqual({ n1: 'second', n2: 'other' });
  expect(Date.now() - began).toBeLessThan(6_000);
  const refused = await reader.evaluate(() => site.put({ id: 'x', text: 'x' }).catch(String));
  expect(refused).toContain('writeUrl');
});

it('two pages at once keep the edits of both', async () => {
  const app = newApp();
  const one = await open(app, { writes: true });
  await put(one, { id: 'shared', text: 'shared', left: 0, right: 0 });
  await flush(one);
  const two = await open(app, { writes: true });
  const edits = (page: Page, side: string) =>
    page.evaluate(
      async ({ side: mine, count }) => {
        for (let i = 1; i <= count; i += 1) {
          await site.put({ id: `${mine}-${i}`, text: `${i}` });
          await site.update('shared', { [mine]: i });
        }
        await site.flush();
      },
      { side, count: EDITS },
    );
  await Promise.all([edits(one, 'left'), edits(two, 'right')]);
  const notes = await owned(app);
  expect(notes).toHaveLength(1 + 2 * EDITS);
  expect(notes[0]).toEqual({ id: 'shared', text: 'shared', left: EDITS, right: EDITS });
  for (const page of [one, two]) {
    await expect.poll(() => notesOf(page), { timeout: WAIT_MS }).toEqual(notes);
    expect(await page.evaluate(() => site.conflicts())).toBe(0);
  }
});

it('by a bad network nothing is lost, and nothing comes twice', async () => {
  const app = newApp();
  const network = await BadNetwork.start(worker.url, SEED);
  try {
    const one = await open(app, { writes: true, behind: network.url });
    const two = await open(app, { writes: true, behind: network.url });
    network.set(CHAOS);
    const edits = (page: Page, side: string) =>
      page.evaluate(
        async ({ side: mine, count }) => {
          for (let i = 1; i <= count; i += 1) {
            await site.put({ id: `${mine}-${i}`, text: 'new' });
            await site.update(`${mine}-${i}`, { text: `${i}` });
            if (i % 5 === 0) await site.remove(`${mine}-${i}`);
            await new Promise((done) => setTimeout(done, 40));
          }
        },
        { side, count: EDITS },
      );
    await Promise.all([edits(one, 'left'), edits(two, 'right')]);
    let more = 0;
    while (network.counts.lostAnswer === 0 || network.counts.doubled === 0) {
      more += 1;
      await put(one, { id: 'left-1', text: `more ${more}` });
      await flush(one);
    }
    await put(one, { id: 'left-1', text: '1' });
    network.calm();
    await Promise.all([flush(one), flush(two)]);
    for (const page of [one, two]) expect(await page.evaluate(() => site.conflicts())).toBe(0);
    const expected = ['left', 'right'].flatMap((side) =>
      Array.from({ length: EDITS }, (_, i) => [`${side}-${i + 1}`, `${i + 1}`] as const).filter(
        ([, text]) => Number(text) % 5 !== 0,
      ),
    );
    const notes = await owned(app);
    expect(notes).toHaveLength(expected.length);
    expect(Object.fromEntries(notes.map(({ id, text }) => [id, text]))).toEqual(
      Object.fromEntries(expected),
    );
  } finally {
    await network.stop();
  }
}, 120_000);
