// One account on four devices, offline and live: two homes of the command line, the client in
// Chromium and the client in Node. Requests are lost, doubled and late, sockets break, the runtime
// is killed. In the end all four and the server hold the same, and no edit is lost.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SyncClient } from '../../client/index.ts';
import { sqliteStore } from '../../client/stores/sqlite.ts';
import { BadNetwork, randomOf } from './bad_network.ts';
import { launch } from './browser.ts';
import { Samedi } from './samedi.ts';
import { type RunningWorker, signIn, startWorker } from './worker.ts';

const EMAIL = 'converge@example.com';
const SEED = 20_261_121;
const ROUNDS = 6;
const KILLS = 2;
const CHAOS = {
  lostRequest: 0.08,
  lostAnswer: 0.12,
  doubled: 0.12,
  delayed: 0.3,
  brokenSocket: 0.5,
};

const COLLECTIONS = [
  'plans',
  { name: 'sessions', parent: { column: 'plan_id', collection: 'plans' } },
  { name: 'cards', parent: { column: 'plan_id', collection: 'plans' } },
] as const;

interface Samples {
  plans: { title: string; status: string };
  sessions: object;
  cards: { plan_id: string; question: string; answer: string; next_review: number };
}

let worker: RunningWorker;
let network: BadNetwork;
let browser: Browser;
const store = join(tmpdir(), `converge-${process.pid}.db`);
const homes = [new Samedi(), new Samedi()] as const;

beforeAll(async () => {
  worker = await startWorker();
  network = await BadNetwork.start(worker.url, SEED);
  browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await network?.stop();
  await worker?.stop();
  for (const home of homes) home.remove();
  rmSync(store, { force: true });
});

/** The client in a page of the Worker's own origin, with a token of its own. */
async function openPage(token: string): Promise<Page> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { SyncClient, indexedDbStore } from './client/browser.ts';
        const store = indexedDbStore('converge');
        globalThis.openClient = (options) =>
          SyncClient.open({ ...options, url: location.origin, store });`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    write: false,
    format: 'iife',
    tsconfigRaw: {},
  });
  // The client comes from the test, where the page's policy would not let a script in.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${network.url}/login`);
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
  await page.evaluate(
    async ([token, collections]) => {
      const scope = globalThis as unknown as {
        openClient(options: unknown): Promise<unknown>;
        client: unknown;
      };
      scope.client = await scope.openClient({ token, collections, timeout: 5000 });
    },
    [token, COLLECTIONS] as const,
  );
  return page;
}

type Scope = { client: SyncClient<Samples> };

const putInPage = (page: Page, id: string, title: string) =>
  page.evaluate(
    async ([id, title]) => {
      const { client } = globalThis as unknown as Scope;
      await client.collection('plans').put(id, { title, status: 'active' });
    },
    [id, title] as const,
  );

const plansOfPage = (page: Page) =>
  page.evaluate(() =>
    (globalThis as unknown as Scope).client
      .collection('plans')
      .list()
      .map(({ id, data }) => [id, data.title] as [string, string]),
  );

const plansOfHome = async (home: Samedi) => {
  const text = await home.ok('export', '--format', 'json');
  const { plans } = JSON.parse(text) as { plans: { id: string; title: string }[] };
  return plans.map(({ id, title }): [string, string] => [id, title]);
};

/** Syncs until it succeeds: the network is bad, or was. */
async function syncHome(home: Samedi, attempts: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { code, stdout, stderr } = await home.run('sync');
    if (code === 0) return;
    if (attempt === attempts) throw new Error(`sync: ${code} ${stdout}${stderr}`);
  }
}

const sorted = (plans: [string, string][]) => [...plans].sort(([a], [b]) => (a < b ? -1 : 1));

it('four devices converge through a bad network and a runtime that dies', async () => {
  for (const home of homes) await home.login(network.url, EMAIL);
  const node = await SyncClient.open<Samples>({
    url: network.url,
    token: await signIn(network.url, EMAIL),
    collections: [...COLLECTIONS],
    store: sqliteStore(store),
    timeout: 5000,
  });
  const page = await openPage(await signIn(network.url, EMAIL));
  network.set(CHAOS);
  const random = randomOf(SEED);
  const made = new Set<string>();

  for (let round = 0; round < ROUNDS; round++) {
    const contested = `plan-${Math.floor(random() * 3)}`;
    made.add(contested);
    const name = (device: string) => `${contested} by ${device} in round ${round}`;
    await node.collection('plans').put(contested, { title: name('node'), status: 'active' });
    await putInPage(page, contested, name('page'));
    for (const [index, home] of homes.entries()) {
      const own = `round-${round}-home-${index}`;
      await home.ok('plan', 'add', `Of home ${index}`, '--id', own);
      made.add(own);
    }
    await putInPage(page, `round-${round}-page`, 'Of the page');
    await node.collection('plans').put(`round-${round}-node`, { title: 'Of Node', status: 'new' });
    made.add(`round-${round}-page`).add(`round-${round}-node`);
    if (round < KILLS) worker.kill();
    await Promise.all(homes.map((home) => home.run('sync')));
  }

  network.calm();
  await worker.untilHealthy();
  await node.sync();
  await page.evaluate(() => (globalThis as unknown as Scope).client.sync());
  for (const home of [...homes, ...homes]) await syncHome(home, 5);
  await node.sync();
  await page.evaluate(() => (globalThis as unknown as Scope).client.sync());

  const expected = sorted(
    node
      .collection('plans')
      .list()
      .map(({ id, data }): [string, string] => [id, data.title]),
  );
  expect(expected.map(([id]) => id)).toEqual([...made].sort());
  expect(sorted(await plansOfPage(page))).toEqual(expected);
  for (const home of homes) expect(sorted(await plansOfHome(home))).toEqual(expected);

  // And live: what one changes now, the others have without asking.
  await node.collection('plans').put('last', { title: 'Live', status: 'active' });
  await expect.poll(async () => new Map(await plansOfPage(page)).get('last')).toBe('Live');

  const { counts } = network;
  expect(counts.lostAnswer + counts.lostRequest + counts.doubled).toBeGreaterThan(3);
  await node.close();
}, 240_000);
