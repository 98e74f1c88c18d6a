// What a queue sends after a request that went badly: less, apart, or without what is refused.

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Change, Operation } from '../../client/documents/types.ts';
import type { WriteQueue } from '../../client/documents/write_queue.ts';
import { Documents } from './documents_harness.ts';
import type { Call } from './fake_documents.ts';
import { refusal } from './harness.ts';
import { Process } from './world.ts';

let d: Documents;
beforeEach(() => {
  d = new Documents();
  d.server.write('eve', ['users', 'u1', { n: 0 }], ['users', 'u2', { n: 0 }], ['keep', 'k', {}]);
});
afterEach(() => d.close());

const flush = (queue: WriteQueue) => d.world.until(queue.flush());
const operations = ({ body }: Pick<Call, 'body'>) => JSON.parse(body) as Operation[];
const sent = () => d.patches.map((call) => operations(call).map(({ id }) => id));
const sizes = () => sent().map((batch) => batch.length);
const addAll = (queue: WriteQueue, changes: Change[]) =>
  Promise.all(changes.map((one) => queue.add(one)));

const creation = (id: string, collection = 'users', more = {}): Change => ({
  collection,
  id,
  record: { id, ...more },
  version: d.server.tag,
});
const deletion = (id: string, n = 0): Change => ({
  ...creation(id),
  base: { id, n },
  record: null,
});
const creations = (count: number) => Array.from({ length: count }, (_, i) => creation(`r${i}`));

it.each([
  [413, 'view_too_large'],
  [400, 'bad_request'],
])('a %i %s of the owner sets aside what needs it, and the rest goes on', async (status, code) => {
  d.server.refuse = ({ method }) => (method === 'GET' ? refusal(status, code) : null);
  const queue = await d.queue();
  const blind = { collection: 'users', id: 'u1', record: { id: 'u1', n: 5 } };
  await addAll(queue, [blind, creation('r1')]);
  await d.world.pass(60_000);
  expect(queue.refused).toMatchObject([{ code, status, mutation: { id: 'u1', sent: false } }]);
  expect(queue.status).toMatchObject({ state: 'idle', queued: 0, lastError: null });
  expect(d.server.get('users', 'r1')).toEqual({ id: 'r1' });
  expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 0 });
});

it.each([401, 403, 503])('a %i of the owner sets nothing aside', async (status) => {
  d.server.refuse = ({ method }) => (method === 'GET' ? refusal(status, 'no') : null);
  const queue = await d.queue();
  await queue.add({ collection: 'users', id: 'u1', record: { id: 'u1', n: 5 } });
  await d.world.pass(60_000);
  expect([queue.mutations.length, queue.refused.length]).toEqual([1, 0]);
  expect(queue.status.lastError).toMatchObject({ status });
});

/** A way on which only so many characters come through in time. */
function narrow(charactersMax: number) {
  const process = new Process(d.world);
  const quick = d.fetchOf(process);
  const tried: number[] = [];
  const fetch = (to: string, init: RequestInit = {}) => {
    const body = String(init.body ?? '');
    if (init.method === 'PATCH') tried.push(operations({ body }).length);
    return body.length > charactersMax ? new Promise<Response>(() => {}) : quick(to, init);
  };
  return { process, tried, http: { fetch: fetch as typeof globalThis.fetch, timeout: 1_000 } };
}

it('a request that has no answer in time is followed by less, and then by more again', async () => {
  const { process, tried, http } = narrow(30_000);
  const queue = await d.queue({ http }, process);
  const text = 'x'.repeat(20_000);
  await addAll(queue, [
    ...['a', 'b', 'c', 'd', 'e'].map((id) => creation(id, 'users', { text })),
    ...creations(9),
  ]);
  await d.world.pass(300_000);
  expect(queue.status).toMatchObject({ state: 'idle', queued: 0, lastError: null });
  expect(tried.slice(0, 3)).toEqual([14, 2, 1]);
  expect(tried.at(-1)).toBeGreaterThan(1);
});

it('a 408 halves it too, down to one operation', async () => {
  const queue = await d.queue();
  d.server.refuse = (call) => (operations(call).length > 1 ? refusal(408, 'slow') : null);
  await addAll(queue, creations(4));
  await d.world.pass(60_000);
  expect(sizes()).toEqual([4, 2, 1, 2, 1, 2, 1, 1]);
  expect(queue.status).toMatchObject({ state: 'idle', queued: 0 });
});

it.each(['empty_write_denied', 'large_delete_denied'])(
  'a 409 %s sets all of its deletions aside, and sends the rest',
  async (code) => {
    d.server.refuse = (call) => {
      const deleted = operations(call).filter(({ op }) => op === 'delete');
      const isMeant = call.headers.has('x-allow-large-delete');
      return deleted.length > 1 && !isMeant ? refusal(409, code) : null;
    };
    const queue = await d.queue();
    await addAll(queue, [deletion('u1'), creation('r1'), deletion('u2')]);
    await flush(queue);
    expect(sent()).toEqual([['u1', 'r1', 'u2'], ['r1']]);
    expect(queue.refused).toMatchObject(
      ['u1', 'u2'].map((id) => ({ code, status: 409, mutation: { id, sent: false } })),
    );
    expect(d.server.document.users).toEqual([{ id: 'u1', n: 0 }, { id: 'u2', n: 0 }, { id: 'r1' }]);
    for (const { number } of queue.refused) await queue.retry(number, { allowLargeDelete: true });
    await flush(queue);
    expect(d.server.document.users).toEqual([{ id: 'r1' }]);
  },
);

it('deletions that were refused along with something else stay together', async () => {
  d.server.refuse = (call) => {
    const all = operations(call);
    if (all.some(({ id }) => id === 'bad')) return refusal(400, 'invalid_record');
    const deleted = all.filter(({ op }) => op === 'delete');
    return deleted.length > 1 ? refusal(409, 'large_delete_denied') : null;
  };
  const queue = await d.queue();
  await addAll(queue, [deletion('u1'), deletion('u2'), creation('bad'), creation('r1')]);
  await flush(queue);
  expect(sent()).toEqual([['u1', 'u2', 'bad', 'r1'], ['u1', 'u2'], ['bad'], ['r1']]);
  expect(queue.refused.map(({ mutation, code }) => [mutation.id, code])).toEqual([
    ['u1', 'large_delete_denied'],
    ['u2', 'large_delete_denied'],
    ['bad', 'invalid_record'],
  ]);
  expect(d.server.get('users', 'r1')).toEqual({ id: 'r1' });
});

it('deletions that are refused for another reason go one by one', async () => {
  d.server.refuse = (call) =>
    operations(call).some(({ id }) => id === 'u1') ? refusal(400, 'invalid_record') : null;
  const queue = await d.queue();
  await addAll(queue, [deletion('u1'), deletion('u2')]);
  await flush(queue);
  expect(queue.refused).toMatchObject([{ code: 'invalid_record', mutation: { id: 'u1' } }]);
  expect(d.server.get('users', 'u2')).toBeNull();
});

/** Refuses what spans shards: `shardOf` names the one of an operation. */
const sharded = (shardOf: (operation: Operation) => string) => {
  d.server.refuse = (call) =>
    new Set(operations(call).map(shardOf)).size > 1 ? refusal(409, 'spans_shards') : null;
};

it('a document in shards is sent one collection at a time, after one refusal', async () => {
  sharded(({ collection }) => collection);
  const queue = await d.queue();
  await addAll(queue, [
    creation('r1'),
    creation('r2'),
    creation('p1', 'posts'),
    creation('p2', 'posts'),
    creation('r3'),
  ]);
  await flush(queue);
  await addAll(queue, [creation('p3', 'posts'), creation('r4'), creation('r5')]);
  await flush(queue);
  const [all, ...after] = sent();
  expect(all).toHaveLength(5);
  expect(after).toEqual([['r1', 'r2'], ['p1', 'p2'], ['r3'], ['p3'], ['r4', 'r5']]);
  expect(queue.refused).toEqual([]);
});

it('a collection in several shards is sent one operation at a time', async () => {
  sharded(({ collection, id }) => (collection === 'days' ? id : collection));
  const queue = await d.queue();
  await addAll(queue, [
    creation('d1', 'days'),
    creation('d2', 'days'),
    creation('r1'),
    creation('r2'),
  ]);
  await flush(queue);
  await addAll(queue, [creation('d3', 'days'), creation('d4', 'days')]);
  await flush(queue);
  const [all, days, ...after] = sent();
  expect([all?.length, days?.length]).toEqual([4, 2]);
  expect(after).toEqual([['d1'], ['d2'], ['r1', 'r2'], ['d3'], ['d4']]);
  expect(queue.refused).toEqual([]);
});
