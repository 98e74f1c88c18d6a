// Kills the runtime under clients that push records, patch documents and write events, again and
// again, and counts what was acknowledged and is gone: nothing may be.
//   node tests/kill/kill.mjs [--kills N] [--clients N] [--documents N] [--events N]

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from './client.mjs';
import { DocumentClient } from './document_client.mjs';
import { EventClient } from './event_client.mjs';
import { Server } from './server.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '3' },
    clients: { type: 'string', default: '8' },
    documents: { type: 'string', default: '4' },
    events: { type: 'string', default: '4' },
  },
});
const kills = Number(values.kills);
const CLIENTS_OF_A_USER = 2;
const WRITERS_OF_A_DOCUMENT = 2;
const WRITERS_OF_A_LOG = 2;
const ROUND_MS = 600;

const roundOf = (title) => Number(title.split(' ').at(-1));

/** How many acknowledged deltas are not stored as they were acknowledged, or newer. */
async function countLost(clients) {
  let [acknowledged, lost] = [0, 0];
  for (const client of clients) {
    const expected = new Map(client.acknowledged); // as of now: it goes on meanwhile
    const stored = await client.pull();
    acknowledged += expected.size;
    for (const [id, title] of expected) {
      const found = stored.get(id);
      if (found !== undefined && roundOf(found) >= roundOf(title)) continue;
      lost += 1;
      console.error(`kill: lost ${id}: acknowledged "${title}", stored "${found}"`);
    }
  }
  return { acknowledged, lost };
}

/** How many acknowledged changes of documents readers do not see, and how many writes /activity
 * does not have. */
async function countUnseen(writers) {
  let unseen = 0;
  for (const writer of writers) {
    const published = await writer.published();
    for (const [id, title] of writer.acknowledged) {
      if (published.get(id) === title) continue;
      unseen += 1;
      console.error(`kill: ${id} is published as "${published.get(id)}", and not as "${title}"`);
    }
    const noted = await writer.noted();
    if (noted < writer.writes) console.error(`kill: ${noted} of ${writer.writes} writes noted`);
    unseen += Math.max(0, writer.writes - noted);
  }
  const writes = writers.reduce((total, writer) => total + writer.writes, 0);
  console.log(`documents: ${writes} writes acknowledged, ${unseen} not published or not noted`);
  return unseen;
}

const makeWriters = (server, secret) =>
  Promise.all(
    Array.from({ length: Number(values.documents) }, (_, index) =>
      DocumentClient.make(
        server.url,
        secret,
        `kill-${Math.floor(index / WRITERS_OF_A_DOCUMENT)}`,
        `writer-${index}`,
      ),
    ),
  );

/** Of an event log two clients share a key, so that each one's entries lie among the other's. */
const makeEventClients = (server) =>
  Array.from({ length: Number(values.events) }, (_, index) => {
    const log = Math.floor(index / WRITERS_OF_A_LOG);
    return EventClient.make(server.url, `kill-${log}`, `key-${log}`);
  });

/** How many acknowledged entries of event logs are missing or moved, or stored twice. */
async function countEvents(clients) {
  let [acknowledged, missing, twice] = [0, 0, 0];
  for (const client of clients) {
    const counted = await client.count();
    acknowledged += client.acknowledged.size;
    missing += counted.missing;
    twice += counted.twice;
  }
  console.log(
    `events: ${acknowledged} entries acknowledged, ${missing} missing, ${twice} twice or apart`,
  );
  return missing + twice;
}

async function run(server, secret) {
  const writers = await makeWriters(server, secret);
  const clients = await Promise.all(
    Array.from({ length: Number(values.clients) }, (_, index) =>
      Client.make(
        server.url,
        secret,
        `kill-${Math.floor(index / CLIENTS_OF_A_USER)}`,
        `device-${index}`,
      ),
    ),
  );
  clients.push(...writers);
  const loggers = makeEventClients(server);
  let stopping = false;
  const running = Promise.all([...clients, ...loggers].map((client) => client.run(() => stopping)));
  running.catch(() => {}); // It is awaited below; until then the loop tells.
  let lost = 0;
  for (let round = 1; round <= kills; round += 1) {
    await sleep(ROUND_MS + 37 * round);
    server.kill();
    await server.untilHealthy();
    const counted = await countLost(clients);
    console.log(
      `kill ${round} of ${kills}: ${counted.acknowledged} acknowledged, ${counted.lost} lost`,
    );
    lost += counted.lost;
  }
  await sleep(ROUND_MS / 2);
  stopping = true;
  await running;
  const last = await countLost(clients);
  const retries = [...clients, ...loggers].reduce((total, client) => total + client.retries, 0);
  lost += last.lost;
  console.log(
    `${kills} kills: ${last.acknowledged} acknowledged, ${lost} lost, ${retries} retries`,
  );
  lost += await countUnseen(writers);
  lost += await countEvents(loggers);
  return lost === 0 && last.acknowledged > 0 && (kills === 0 || retries > 0);
}

const secret = randomBytes(32).toString('hex');
const server = new Server();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.stop();
    process.exit(130);
  });
}
let passed = false;
try {
  await server.start(secret, { REQUESTS_PER_MINUTE: '1000000' });
  passed = await run(server, secret);
} catch (error) {
  console.error(`kill: ${error.stack}`);
} finally {
  await server.stop();
}
process.exit(passed ? 0 : 1);
