// Proves that documents come back: writes one by many patches, keeps its text at each moment, loses
// it, restores it, and compares byte for byte. Exits 1 on any difference.
//
// Without --url it starts a Worker of its own, with storage that is deleted at the end, where it
// can also run the crons and delete the Durable Objects, and does it all with a sharded document
// too. With --url it works on an app of a Worker
// that is deployed, and leaves that app's document as it was before the run; where there is a
// document that it did not write itself it does nothing, but with --force. That document is in a
// file until it is back.
//
// SIGINT and SIGTERM end it early, and as clean: what it started and stored is gone, what was there
// is back.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const MARK = 'written_by_verify_backup';
const SECRET = 'a secret of the Worker that verify-backup starts for itself';
const PUBLISHED_MAX_MS = 20_000;
const RETRIES_MAX = 20; // of one request
const SIGNALS = { SIGINT: 130, SIGTERM: 143 }; // and the exit codes that say so

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    app: { type: 'string', default: 'verify-backup' },
    force: { type: 'boolean', default: false },
  },
});

const say = (text) => console.log(text);
const digest = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);

class Different extends Error {}

function compare(what, is, was) {
  if (is !== was) {
    throw new Different(
      `${what}: ${is.length} characters (${digest(is)}), not ${was.length} (${digest(was)})`,
    );
  }
  say(`  equal   ${what}: ${Buffer.byteLength(is)} bytes, sha256 ${digest(is)}`);
}

/** The document of an app of a Worker, as a program uses it. */
class Document {
  /** Once `stop` is aborted it begins no more requests; one that is under way ends. */
  constructor(url, app, token, stop) {
    this.url = url;
    this.app = app;
    this.path = `/apps/${app}/db.json`;
    this.token = token;
    this.stop = stop;
    this.moments = []; // [version, text], in the order of time
  }

  async ask(method, path, { body, type, headers = {}, allowed = [200, 201] } = {}) {
    for (let tries = 0; ; tries += 1) {
      this.stop?.throwIfAborted();
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(type && { 'content-type': type }),
          ...headers,
        },
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      const { status } = response;
      if (allowed.includes(status)) return { status, etag: response.headers.get('etag'), text };
      const again_s = Number(response.headers.get('retry-after'));
      if ((status !== 429 && status !== 503) || !(again_s > 0) || tries === RETRIES_MAX) {
        throw new Error(`${method} ${path} answered ${status}: ${text.slice(0, 300)}`);
      }
      await sleep(again_s * 1_000, undefined, { signal: this.stop });
    }
  }

  view() {
    return this.ask('GET', `${this.path}?view=full`, { allowed: [200, 404] });
  }

  async condition() {
    const { etag } = await this.view();
    return etag === null ? { 'if-none-match': '*' } : { 'if-match': etag };
  }

  /** Writes, and keeps what the document is then. */
  async write(method, type, body, query = '') {
    const condition = query === '' ? await this.condition() : { 'if-match': '*' };
    const headers = { ...condition, 'x-allow-empty-write': 'true' };
    await this.ask(method, this.path + query, { body: JSON.stringify(body), type, headers });
    const { etag, text } = await this.view();
    this.moments.push([etag.slice(1, -1), text]);
  }

  async writeMany(round) {
    const operations = (from, count, verb) =>
      Array.from({ length: count }, (_, i) => {
        const id = `user-${(from + i) % 40}`;
        const record = {
          id,
          name: `Ünïcode ${round}.${i} 日本 \u{1f600}`,
          n: from * i,
          at: [round],
        };
        const named = { op: verb, collection: 'users', id };
        return verb === 'upsert' ? { ...named, record } : named;
      });
    for (let i = 0; i < 12; i += 1) {
      const verb = i % 4 === 3 ? 'delete' : 'upsert';
      await this.write('PATCH', 'application/json', operations(i * 7 + round, 1 + i, verb));
    }
    await this.write('PATCH', 'application/merge-patch+json', {
      settings: { theme: `t${round}`, size: 1e3 },
    });
    await this.write('PATCH', 'application/json-patch+json', [
      { op: 'move', from: '/users/0', path: '/users/2' },
      { op: 'add', path: '/notes', value: [{ id: `n${round}` }] },
    ]);
  }

  restore(at) {
    const query = new URLSearchParams({ app: this.app, at });
    return this.ask('POST', `/restore?${query}`);
  }

  restoreDay(day) {
    const query = new URLSearchParams({ app: this.app });
    return this.ask('POST', `/snapshots/${day}/restore?${query}`);
  }

  async snapshots() {
    const query = new URLSearchParams({ app: this.app });
    return JSON.parse((await this.ask('GET', `/snapshots?${query}`)).text);
  }

  async replace(body) {
    const headers = {
      ...(await this.condition()),
      'x-allow-empty-write': 'true',
      'x-allow-large-delete': 'true',
    };
    await this.ask('PUT', this.path, { body, type: 'application/json', headers });
  }

  async wipe() {
    await this.replace('{}');
    compare('the document, wiped', (await this.view()).text, '{}');
  }

  /** Until readers have what its owner has, and R2 its journal. */
  async untilPublished() {
    const { etag } = await this.view();
    for (const until = Date.now() + PUBLISHED_MAX_MS; Date.now() < until; await sleep(200)) {
      if ((await this.ask('HEAD', this.path, { allowed: [200, 404] })).etag === etag) return;
    }
    throw new Error('the document was not published in time');
  }

  async compareMoments(moments) {
    for (const [version, text] of moments) {
      await this.restore(version);
      compare(`the moment ${version}`, (await this.view()).text, text);
    }
  }
}

/** One that lies in several objects: each patch is for one of them. */
class ShardedDocument extends Document {
  async writeMany(round) {
    for (let i = 0; i < 12; i += 1) {
      const collection = ['users', 'orders', 'notes'][i % 3];
      const id = `${collection}-${(i * 5) % 7}`;
      const record = { id, name: `Ünïcode ${round}.${i} 日本`, n: i };
      const named = { collection, id };
      await this.write('PATCH', 'application/json', [
        i % 5 === 4 ? { op: 'delete', ...named } : { op: 'upsert', ...named, record },
      ]);
    }
    const values = { settings: { theme: `t${round}` }, [`round${round}`]: 1e3 };
    await this.write('PATCH', 'application/merge-patch+json', values, '?shard=_root');
    const whole = JSON.parse((await this.view()).text);
    await this.write('PUT', 'application/json', { ...whole, orders: [{ id: `only-${round}` }] });
  }
}

async function verify(document, { runCron, loseObject }) {
  say('Writing: a PUT, then patches of every kind');
  await document.write('PUT', 'application/json', { users: [], [MARK]: true });
  await document.writeMany(1);
  let kept = [];
  if (runCron) {
    say('Backing up: the crons of the day and of the night');
    await document.untilPublished();
    await runCron('10 0 * * *');
    await runCron('30 2 * * *');
    kept = await document.snapshots();
    if (kept.length !== 1) throw new Different(`there are ${kept.length} snapshots, not 1`);
    say(`  snapshot ${kept[0].day}: ${kept[0].size} bytes, version ${kept[0].version}`);
  }
  await document.writeMany(2);
  const moments = [...document.moments];
  const [last, text] = moments.at(-1);

  say('Wiping: a PUT of {}, then restoring');
  await document.wipe();
  await document.restore(last);
  compare('the document, restored', (await document.view()).text, text);
  say(`Restoring every moment: ${moments.length}`);
  await document.compareMoments(moments);
  for (const { day, version } of kept) {
    say(`Restoring the snapshot of ${day}`);
    await document.restoreDay(day);
    const [, then] = moments.find(([moment]) => moment === version) ?? [];
    compare(`the snapshot of ${day}`, (await document.view()).text, then ?? '');
  }
  if (loseObject) {
    say('Losing the Durable Objects: their storage is deleted, KV, R2 and D1 are kept');
    await document.restore(last);
    await document.untilPublished();
    await loseObject();
    if ((await document.view()).status !== 404) throw new Different('the document is still there');
    await document.restore(last);
    compare('the document, restored', (await document.view()).text, text);
    await document.compareMoments(moments.slice(-5));
  }
  await document.restore(last);
  await document.untilPublished();
  compare('what is published', (await document.ask('GET', document.path)).text, text);
}

/** However this process ends, what it started ends with it, and what that stored goes. */
function sweepAtExit(server, descendants) {
  process.once('exit', () => {
    for (const { pid } of descendants(process.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    rmSync(server.state, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const [name, code] of Object.entries(SIGNALS)) process.once(name, () => process.exit(code));
}

/** On a Worker of its own. */
async function verifyHere() {
  const { Server } = await import('../tests/kill/server.mjs');
  const { descendants } = await import('../tests/kill/processes.mjs');
  const server = new Server();
  sweepAtExit(server, descendants);
  const token = execFileSync(
    process.execPath,
    ['scripts/token.mjs', 'verify-backup@example.com', '--role', 'admin'],
    { env: { ...process.env, JWT_SECRET: SECRET }, encoding: 'utf8' },
  ).trim();
  const sharded = `${values.app}-sharded`;
  const vars = { REQUESTS_PER_MINUTE: '1000000', SHARDS: `${sharded}=collection` };
  const start = () => server.start(SECRET, vars);
  try {
    say('Starting a Worker');
    await start();
    for (const document of [
      new Document(server.url, values.app, token),
      new ShardedDocument(server.url, sharded, token),
    ]) {
      document.url = server.url;
      say(`The document of the app ${document.app}`);
      await verify(document, {
        runCron: async (cron) => {
          const query = new URLSearchParams({ cron, format: 'json' });
          const path = `/cdn-cgi/handler/scheduled?${query}`;
          const answer = JSON.parse((await document.ask('GET', path)).text);
          if (answer.outcome !== 'ok') throw new Error(`the cron ${cron} ended ${answer.outcome}`);
        },
        loseObject: async () => {
          await server.halt();
          rmSync(join(server.state, 'v3/do/tidemark-DbShardDO'), { recursive: true });
          await start();
          document.url = server.url;
        },
      });
    }
  } finally {
    await server.stop();
  }
}

/** Where the restore does not give it back, its text does. */
async function putBack(document, { etag, text }) {
  try {
    await document.restore(etag.slice(1, -1));
    compare('the document of before', (await document.view()).text, text);
  } catch (error) {
    say(`The restore failed; writing the text of before: ${error.message}`);
    await document.replace(text);
    compare('the document of before', (await document.view()).text, text);
  }
}

/** What is there, in files for as long as it is not sure to come back. */
function keepAside({ etag, text }) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-verify-backup-'));
  writeFileSync(join(folder, 'db.json'), text, { mode: 0o600 });
  writeFileSync(join(folder, 'etag.txt'), `${etag}\n`, { mode: 0o600 });
  say(`The document of before is in ${join(folder, 'db.json')} until it is back`);
  return folder;
}

/** On one that is deployed: its crons run when they are due, and its objects stay. */
async function verifyThere(url) {
  const token = process.env.TIDEMARK_TOKEN;
  if (!token) throw new Error('TIDEMARK_TOKEN has no token of an admin or an editor');
  const stop = new AbortController();
  const where = [url.replace(/\/+$/, ''), values.app, token];
  const document = new Document(...where, stop.signal);
  const before = await document.view();
  const own = before.status === 404 || before.text === '{}' || MARK in JSON.parse(before.text);
  if (!own && !values.force) {
    throw new Error(`the app ${values.app} has a document; name another, or say --force`);
  }
  const aside = before.status === 200 ? keepAside(before) : undefined;
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      process.exitCode = code;
      stop.abort(new Error(`${name}: stopped early`));
    });
  }
  try {
    await verify(document, {});
  } finally {
    if (aside !== undefined) {
      await putBack(new Document(...where), before);
      rmSync(aside, { recursive: true });
    }
  }
}

try {
  if (values.url === undefined) await verifyHere();
  else await verifyThere(values.url);
  say('All of it came back.');
} catch (error) {
  console.error(error instanceof Different ? `DIFFERENT: ${error.message}` : error);
  process.exitCode ??= 1;
}
