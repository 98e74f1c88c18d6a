// Mutations on their way: what is sent together, tried again, set aside, or waits for a person.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, Operation } from '../../client/documents/types.ts';
import type { WriteQueue } from '../../client/documents/write_queue.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { code, Documents } from './documents_harness.ts';
import { bare, refusal } from './harness.ts';
import { Process } from './world.ts';

let d: Documents;
beforeEach(() => {
  d = new Documents();
  d.server.write('eve', ['users', 'u1', { n: 0 }], ['users', 'u2', { n: 0 }], ['keep', 'k', {}]);
});
afterEach(() => d.close());

const flush = (queue: WriteQueue) => d.world.until(queue.flush());
const sent = () => d.patches.map(({ body }) => JSON.parse(body) as Operation[]);
const ids = () => sent().map((batch) => batch.map(({ id }) => id));

/** A change of `n`, from 0, at the version of now. */
const change = (id: string, n: number | string): Change => ({
  collection: 'users',
  id,
  base: { id, n: 0 },
  record: { id, n },
  version: d.server.tag,
});
const creation = (id: string, more = {}): Change => ({
  collection: 'users',
  id,
  record: { id, ...more },
  version: d.server.tag,
});

describe('a queue', () => {
  it('sends what there is in one request, in order, each with its version', async () => {
    const queue = await d.queue();
    const version = d.server.tag;
    await Promise.all([
      queue.add(change('u1', 1)),
      queue.add(creation('u3')),
      queue.add({ ...change('u2', 0), record: null }),
    ]);
    await flush(queue);
    expect(sent()).toEqual([
      [
        { op: 'upsert', collection: 'users', id: 'u1', record: { id: 'u1', n: 1 }, version },
        { op: 'upsert', collection: 'users', id: 'u3', record: { id: 'u3' }, version },
        { op: 'delete', collection: 'users', id: 'u2', version },
      ],
    ]);
    expect(queue.status).toMatchObject({ state: 'idle', queued: 0, lastError: null });
  });

  it('sends at most so many at a time, and each record once', async () => {
    const queue = await d.queue();
    d.up = false;
    for (let i = 0; i < 120; i += 1) await queue.add(creation(`r${i}`));
    await queue.add({ ...creation('r5', { n: 1 }), base: { id: 'r5' } });
    d.up = true;
    await flush(queue);
    expect(ids().map((batch) => batch.length)).toEqual([100, 21]);
    expect(d.server.get('users', 'r5')).toEqual({ id: 'r5', n: 1 });
  });

  it('sends large ones apart', async () => {
    const queue = await d.queue();
    d.server.refuse = () => null;
    const text = 'x'.repeat(600_000);
    await Promise.all(['a', 'b'].map((id) => queue.add(creation(id, { text }))));
    await flush(queue);
    expect(ids().slice(0, 2)).toEqual([['a'], ['b']]);
  });

  it('makes one mutation of edits of a record that follow each other', async () => {
    const queue = await d.queue();
    d.up = false;
    await queue.add(creation('u3', { a: 1 }));
    await queue.add({ ...creation('u3', { a: 2, b: 1 }), base: { id: 'u3', a: 1 } });
    expect(queue.mutations).toMatchObject([{ id: 'u3', set: { a: 2, b: 1 } }]);
    await queue.add({ ...creation('u3'), base: { id: 'u3', a: 2, b: 1 }, record: null });
    expect(queue.mutations).toEqual([]);
  });

  it('keeps what it has through the end of its process', async () => {
    const store = memoryStore();
    const process = new Process(d.world);
    const queue = await d.queue({ store: bare(store, process) }, process);
    d.up = false;
    await queue.add(change('u1', 1));
    await d.world.pass(1_000);
    process.dead = true;
    d.up = true;
    const again = await d.queue({ store: bare(store) });
    await flush(again);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1 });
  });

  it('is told the truth when an answer is lost', async () => {
    const queue = await d.queue({ http: { timeout: 1_000 } });
    const { serve } = d.server;
    d.server.serve = (to, init) => {
      const response = serve.call(d.server, to, init);
      d.server.serve = serve;
      d.up = false;
      d.world.after(100, () => {
        d.up = true;
      });
      return response;
    };
    await queue.add(change('u1', 1));
    await d.world.pass(60_000);
    expect(d.patches).toHaveLength(2);
    expect([queue.mutations, queue.conflicts, queue.refused]).toEqual([[], [], []]);
    expect(d.server.journal.filter(({ id, user }) => id === 'u1' && user === 'ada')).toHaveLength(
      1,
    );
  });
});

describe('what was sent before there was a document', () => {
  beforeEach(() => {
    d = new Documents();
  });
  const note: Change = { collection: 'notes', id: 'n1', record: { id: 'n1' } };

  it('and never arrived goes into the one that another made', async () => {
    const queue = await d.queue();
    d.server.refuse = ({ method }) => (method === 'PATCH' ? refusal(503, 'unavailable') : null);
    await queue.add(note);
    expect(await code(flush(queue))).toBe('unavailable');
    d.server.refuse = () => null;
    d.server.write('eve', ['notes', 'n2', {}]);
    await flush(queue);
    expect(d.server.document).toEqual({ notes: [{ id: 'n2' }, { id: 'n1' }] });
    expect([queue.conflicts, queue.refused]).toEqual([[], []]);
  });

  it('and was deleted by another is left to a person', async () => {
    const queue = await d.queue();
    d.server.refuse = ({ method }) => {
      if (method !== 'PATCH') return null;
      d.server.write('ada', ['notes', 'n1', {}]);
      return refusal(503, 'unavailable');
    };
    await queue.add(note);
    expect(await code(flush(queue))).toBe('unavailable');
    d.server.refuse = () => null;
    d.server.write('eve', ['notes', 'n1', null], ['notes', 'n2', {}]);
    await flush(queue);
    expect(d.server.document).toEqual({ notes: [{ id: 'n2' }] });
    expect(queue.conflicts).toMatchObject([{ kind: 'edit_deleted', mine: { id: 'n1' } }]);
  });
});

describe('a failure that may pass', () => {
  it.each([408, 429, 500, 502, 503])(
    'of status %i is tried again, later each time',
    async (status) => {
      const queue = await d.queue();
      const at: number[] = [];
      d.server.refuse = () => {
        at.push(d.world.now);
        return at.length < 5 ? refusal(status, 'busy') : null;
      };
      await queue.add(change('u1', 1));
      await d.world.pass(20);
      expect(queue.status).toMatchObject({ state: 'waiting', lastError: { code: 'busy', status } });
      await d.world.pass(120_000);
      const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
      expect(gaps).toHaveLength(4);
      for (const [i, gap] of gaps.entries()) expect(gap).toBeLessThanOrEqual(500 * 2 ** i + 20);
      expect(new Set(gaps).size).toBeGreaterThan(1);
      expect(queue.status).toMatchObject({ state: 'idle', queued: 0, lastError: null });
    },
  );

  it('waits as long as the server asks', async () => {
    const queue = await d.queue();
    d.server.refuse = () => refusal(429, 'rate_limited', { 'retry-after': '90' });
    await queue.add(change('u1', 1));
    await d.world.pass(89_000);
    expect(d.patches).toHaveLength(1);
    d.server.refuse = () => null;
    await d.world.pass(2_000);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1 });
  });

  it('is one request at a time, and a flush does not wait', async () => {
    const queue = await d.queue();
    d.up = false;
    await queue.add(change('u1', 1));
    expect(await code(flush(queue))).toBe('offline');
    expect(queue.status.state).toBe('offline');
    d.up = true;
    const [one, two] = [queue.flush(), queue.flush()];
    await d.world.until(Promise.all([one, two]));
    expect(d.patches).toHaveLength(1);
  });

  it('is an answer that is none', async () => {
    const queue = await d.queue();
    d.server.refuse = () => new Response('<html>Welcome to the hotel</html>');
    await queue.add(change('u1', 1));
    await d.world.pass(50);
    expect(queue.status).toMatchObject({ state: 'waiting', lastError: { code: 'bad_answer' } });
    expect(queue.mutations).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('sets aside the mutation that is refused, and the others go on', async () => {
    const queue = await d.queue();
    const big = 'x'.repeat(6_000);
    await Promise.all([
      queue.add(change('u1', 1)),
      queue.add(change('u2', big)),
      queue.add(creation('u3')),
    ]);
    await flush(queue);
    expect(ids()).toEqual([['u1', 'u2', 'u3'], ['u1'], ['u2'], ['u3']]);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1 });
    expect(d.server.get('users', 'u3')).toEqual({ id: 'u3' });
    const [refused] = queue.refused;
    expect(refused).toMatchObject({ code: 'value_too_large', status: 413, mutation: { id: 'u2' } });
    await queue.discard(refused?.number ?? 0);
    expect([queue.refused, queue.status.refused]).toEqual([[], 0]);
    expect(await code(queue.discard(refused?.number ?? 0))).toBe('not_found');
  });

  it.each([400, 403, 404, 409, 413])(
    'of status %i is not tried again by itself',
    async (status) => {
      const queue = await d.queue();
      d.server.refuse = () => refusal(status, 'no');
      await queue.add(change('u1', 1));
      await d.world.pass(600_000);
      expect(d.patches).toHaveLength(1);
      expect(queue.refused).toMatchObject([{ code: 'no', status }]);
      d.server.refuse = () => null;
      await queue.retry(queue.refused[0]?.number ?? 0);
      await flush(queue);
      expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1 });
    },
  );

  it('of what was corrected meanwhile sends the correction alone', async () => {
    const queue = await d.queue();
    const big = 'x'.repeat(6_000);
    await queue.add(change('u1', big));
    await d.world.pass(12);
    const base = { id: 'u1', n: big };
    await queue.add({ ...change('u1', 2), base });
    await flush(queue);
    expect(queue.refused).toEqual([]);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 2 });
    expect(queue.conflicts).toEqual([]);
  });
});

describe('a 412', () => {
  it('is met by what it tells, without another read', async () => {
    const queue = await d.queue();
    const edit = change('u1', 1);
    d.server.write('eve', ['users', 'u1', { n: 0, x: 1 }]);
    await queue.add(edit);
    await flush(queue);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1, x: 1 });
    expect(d.server.calls.map(({ method }) => method)).toEqual(['PATCH', 'PATCH']);
  });

  it('that tells nothing is met by asking the owner, not the published copy', async () => {
    d.server.tells = false;
    d.server.publish();
    const queue = await d.queue();
    const edit = change('u1', 1);
    d.server.write('eve', ['users', 'u1', { n: 9, x: 1 }]);
    await queue.add(edit);
    await flush(queue);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1, x: 1 });
    expect(queue.conflicts).toMatchObject([{ field: 'n', base: 0, mine: 1, theirs: 9 }]);
    const reads = d.server.calls.filter(({ method }) => method === 'GET');
    expect(reads.map(({ url: { search } }) => search)).toEqual(['?view=full']);
  });

  it('that never ends is no loop', async () => {
    d.server.refuse = ({ method, body }) => {
      if (method !== 'PATCH') return null;
      const [{ id }] = JSON.parse(body);
      const record = { id, n: d.world.now };
      const conflicts = [{ index: 0, collection: 'users', id, record }];
      return Response.json({ version: d.server.tag, conflicts }, { status: 412 });
    };
    const queue = await d.queue();
    await queue.add(change('u1', 1));
    await d.world.pass(60_000);
    expect(d.patches.length).toBeLessThan(40);
    expect(queue.status).toMatchObject({ state: 'waiting', lastError: { code: 'contended' } });
  });

  it('that names what was not sent is one that tells nothing', async () => {
    const queue = await d.queue();
    d.server.refuse = ({ method }) => {
      if (method !== 'PATCH') return null;
      d.server.refuse = () => null;
      const conflicts = [{ index: 7, collection: 'users', id: 'zz', record: null }];
      return Response.json({ version: d.server.tag, conflicts }, { status: 412 });
    };
    await queue.add(change('u1', 1));
    await flush(queue);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1 });
  });
});

describe('a change without a version', () => {
  it('asks the owner before it is sent', async () => {
    const queue = await d.queue();
    await queue.add({ collection: 'users', id: 'u1', record: { id: 'u1', n: 5 } });
    await flush(queue);
    expect(queue.conflicts).toMatchObject([{ field: 'n', mine: 5, theirs: 0 }]);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 5 });
  });
});

describe('a store', () => {
  it('of another document is left alone', async () => {
    const store = memoryStore();
    const queue = await d.queue({ store });
    d.up = false;
    await queue.add(change('u1', 1));
    await queue.close();
    const writeUrl = 'https://worker.test/apps/other/db.json';
    expect(await code(d.queue({ store, http: { writeUrl } }))).toBe('other_document');
    const again = await d.queue({ store });
    expect(again.mutations).toHaveLength(1);
  });
});

describe('a store that fails', () => {
  it('refuses the change, and the next one is taken', async () => {
    let full = false;
    const place = memoryStore();
    const store = async () => {
      const inner = await place();
      const commit: typeof inner.commit = async (write, version) => {
        if (full) throw new DOMException('no space', 'QuotaExceededError');
        return inner.commit(write, version);
      };
      return { ...inner, commit };
    };
    const queue = await d.queue({ store });
    full = true;
    expect(await code(queue.add(change('u1', 1)))).toBe('store_failed');
    expect(queue.mutations).toEqual([]);
    full = false;
    await queue.add(change('u1', 1));
    await flush(queue);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', n: 1 });
  });
});

it('a closed queue takes nothing, and ends those that wait', async () => {
  const queue = await d.queue();
  d.up = false;
  await queue.add(change('u1', 1));
  const waiting = code(queue.flush());
  await queue.close();
  expect(await waiting).toBe('closed');
  expect(await code(queue.flush())).toBe('closed');
  expect(await code(queue.add(change('u1', 2)))).toBe('closed');
});
