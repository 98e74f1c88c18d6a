// Two devices of one user against the running Worker. Device A pushes all of WordNet, device B
// pulls it; then both edit the same cards at once, offline and with clocks up to an hour wrong, and
// delete some; they sync until idle. After each part both must hold the same, byte for byte.

import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { compare, Device, SyncError } from './device.mjs';
import { cardRecord, planRecords, readSynsets, thin } from './wordnet.mjs';

const hour_ms = 3_600_000;
const rounds = 3;
const usage =
  'usage: npm run demo -- [--limit N] [--edits N] [--user EMAIL] [--seed N] [--url URL]';

function fail(message) {
  console.error(`demo: ${message}`);
  process.exit(1);
}

function readOptions() {
  const text = { type: 'string' };
  try {
    const { values } = parseArgs({
      options: { limit: text, edits: text, user: text, seed: text, url: text },
    });
    const count = (name, fallback) => {
      if (values[name] === undefined) return fallback;
      const number = Number(values[name]);
      if (!Number.isSafeInteger(number) || number < 1)
        throw new Error(`--${name} is a whole number`);
      return number;
    };
    const seed = count('seed', randomInt(1, 2 ** 31));
    return {
      limit: count('limit', Number.POSITIVE_INFINITY),
      edits: count('edits', 2_000),
      user: values.user ?? `demo-${Date.now().toString(36)}@example.com`,
      seed,
      url: values.url ?? `http://127.0.0.1:${process.env.PORT || 8787}`,
    };
  } catch (error) {
    return fail(`${error.message}\n${usage}`);
  }
}

async function requireWorker(url) {
  try {
    const { status } = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
    if (status < 500) return;
  } catch {
    // Said below.
  }
  fail(
    `nothing answers at ${url}. Start Tidemark in another terminal and run this again:\n` +
      '  npm start                  # PORT=8788 npm start, if 8787 is taken\n' +
      '  npm run demo               # PORT=8788 npm run demo, then',
  );
}

const signToken = (email) =>
  execFileSync(process.execPath, ['scripts/token.mjs', email], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const whole = (number) => Math.round(number).toLocaleString('en-US');
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** A bar on a terminal; elsewhere a line every tenth. */
function progressOf(label, total) {
  let shown = -1;
  return (done) => {
    const part = Math.min(done / total, 1);
    if (process.stdout.isTTY) {
      const bar = '█'.repeat(Math.floor(part * 30)).padEnd(30, '░');
      process.stdout.write(`\r${label} ${bar} ${whole(done)}${part === 1 ? '\n' : ''}`);
    } else if (Math.floor(part * 10) > shown) {
      shown = Math.floor(part * 10);
      console.log(`${label} ${whole(done)} of ${whole(total)}`);
    }
  };
}

async function timed(device, label, counter, total) {
  const show = progressOf(label, total);
  const from = { ...device.stats };
  const started = performance.now();
  device.progress = (stats) => show(stats[counter] - from[counter]);
  await device.sync();
  const seconds = (performance.now() - started) / 1000;
  device.progress = () => {};
  const passed = (name) => device.stats[name] - from[name];
  console.log(
    `${label} ${whole(passed(counter))} records in ${seconds.toFixed(1)} s: ` +
      `${whole(passed(counter) / seconds)} a second, ${whole(passed('requests'))} requests, ` +
      `${megabytes(passed('sent_bytes'))} sent, ${megabytes(passed('received_bytes'))} received` +
      `${passed('retries') ? `, ${passed('retries')} sent again` : ''}`,
  );
}

function requireEqual(a, b) {
  const { equal, hashes } = compare(a, b);
  const [problem] = [...a.rejected, ...b.rejected];
  if (problem) fail(`a change was refused: ${JSON.stringify(problem)}`);
  if (!equal) fail(`the devices differ: SHA-256 ${hashes.join(' and ')}`);
  console.log(`equal: ${whole(a.records.size)} records, SHA-256 ${hashes[0]}\n`);
}

/** Edits, and deletions one time in twenty, on cards that the other device edits as well. */
function editOffline(device, ids, count, random) {
  let deleted = 0;
  for (let i = 0; i < count; i++) {
    const id = ids[Math.floor(random() * ids.length)];
    const card = device.records.get(`cards/${id}`);
    if (card.data === null) continue;
    if (random() < 0.05) {
      device.put('cards', id, null);
      deleted += 1;
      continue;
    }
    const { repetitions, interval_days, ease_factor } = card.data;
    device.put('cards', id, {
      ...card.data,
      repetitions: repetitions + 1,
      interval_days: Math.min(interval_days * 2, 365),
      ease_factor: Math.max(1.3, Math.round((ease_factor + random() * 0.2 - 0.1) * 100) / 100),
      last_review: device.clock(),
    });
  }
  return deleted;
}

async function syncUntilIdle(devices) {
  for (let passes = 1; ; passes++) {
    const results = await Promise.all(devices.map((device) => device.sync()));
    if (results.every(({ pushed, pulled }) => pushed + pulled === 0)) return passes;
  }
}

async function editAtOnce(devices, ids, edits, random) {
  for (let round = 1; round <= rounds; round++) {
    const skews = devices.map(() => Math.round((random() * 2 - 1) * hour_ms));
    let deleted = 0;
    for (const [i, device] of devices.entries()) {
      device.clock = () => Date.now() + skews[i];
      deleted += editOffline(device, ids, edits, random);
    }
    const waiting = devices.map((device) => whole(device.outbox.size));
    const passes = await syncUntilIdle(devices);
    const minutes = skews.map((ms) => `${ms < 0 ? '-' : '+'}${Math.abs(ms / 60_000).toFixed(0)}`);
    console.log(
      `round ${round}: clocks ${minutes.join(' and ')} min, ${waiting.join(' and ')} records ` +
        `changed at once, ${whole(deleted)} of them deletions; idle after ${passes} syncs`,
    );
  }
}

async function main() {
  const { limit, edits, user, seed, url } = readOptions();
  await requireWorker(url);
  const token = signToken(user);
  const [a, b] = ['laptop', 'phone'].map((id) => new Device({ url, token, id }));
  console.log(`${user} at ${url}, seed ${seed}\n`);

  const now_ms = Date.now();
  const synsets = thin(readSynsets(), limit);
  for (const [id, data] of planRecords(now_ms)) a.put('plans', id, data);
  for (const [index, synset] of synsets.entries()) {
    a.put('cards', ...cardRecord(synset, index, now_ms));
  }
  await timed(a, 'laptop pushed', 'pushed', a.outbox.size);
  await timed(b, 'phone pulled ', 'pulled', a.records.size);
  requireEqual(a, b);

  const random = randomFrom(seed);
  const ids = thin(synsets, edits * 2).map(({ id }) => id);
  await editAtOnce([a, b], ids, edits, random);
  const lost = (a.conflicts.lost ?? 0) + (b.conflicts.lost ?? 0);
  const ahead = (a.conflicts.clock_ahead ?? 0) + (b.conflicts.clock_ahead ?? 0);
  console.log(
    `${whole(lost)} older versions lost to newer ones and are in the history; ` +
      `${whole(ahead)} stamps ahead of the server were set to its time`,
  );
  requireEqual(a, b);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SyncError)) throw error;
  fail(error.message);
}
