// Bodies as large as they come: ten thousand deltas, sixteen megabytes, and one byte too many.

import { describe, expect, it } from 'vitest';
import { type Answer, Device, idsOf, newUser, ok, type Problem, plan } from '../clients.ts';

const T0 = 1_750_000_000_000;
const BODY_BYTES_MAX = 16 << 20;
const RECORD_BYTES_MAX = 1_000_000;

/** A body of exactly `size` ASCII bytes, of plans with as much notes as a record may have. */
function bodyOf(size: number): { text: string; plans: number } {
  const open = '{"cursor":null,"plans":[';
  const close = ']}';
  const texts: string[] = [];
  let length = open.length + close.length;
  while (true) {
    const empty = JSON.stringify(plan(`p${texts.length}`, T0, { content: '' }));
    const comma = texts.length === 0 ? 0 : 1;
    const room = Math.min(size - length - comma - empty.length, RECORD_BYTES_MAX - 200);
    if (room <= 0) break;
    texts.push(empty.replace('"content":""', `"content":"${'x'.repeat(room)}"`));
    length += comma + empty.length + room;
  }
  const text = open + texts.join(',') + close;
  return { text: text + ' '.repeat(size - text.length), plans: texts.length };
}

/** The same bytes without a content-length. */
function streamOf(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(at, at + 1_000_000));
      at = Math.min(at + 1_000_000, bytes.byteLength);
    },
  });
}

describe('many deltas', { timeout: 30_000 }, () => {
  it('ten thousand in a body of 2 MB are stored, and pulled by another device', async () => {
    const user = newUser();
    const laptop = new Device(user, 'laptop');
    const plans = Array.from({ length: 10_000 }, (_, index) =>
      plan(`plan-${index}`, T0 + index, { content: 'x'.repeat(90) }),
    );
    expect(JSON.stringify({ plans }).length).toBeGreaterThan(1_900_000);
    await laptop.push({});
    const pushed = await laptop.push({ plans });
    expect(pushed).toMatchObject({ rejected: [], conflicts: [], plans: [] });

    const pulled = await new Device(user, 'phone').pull();
    expect(pulled.plans).toHaveLength(10_000);
    expect(pulled.plans.at(-1)).toMatchObject(plans.at(-1) as object);

    const again = await laptop.push({ plans });
    expect(again).toMatchObject({ rejected: [], conflicts: [], cursor: pushed.cursor });
    expect(await laptop.list('/history')).toEqual([]);
  });

  it('and their deletion', async () => {
    const laptop = new Device(newUser(), 'laptop');
    const ids = Array.from({ length: 3_000 }, (_, index) => `plan-${index}`);
    await laptop.push({ plans: ids.map((id) => plan(id, T0)) });
    expect((await laptop.push({ deleted_ids: ids })).rejected).toEqual([]);
    const state = await new Device(laptop.user, 'phone').pull();
    expect(state.deleted_ids).toHaveLength(3_000);
    expect(idsOf(state.plans)).toHaveLength(3_000);
  });
});

describe('a large body', { timeout: 30_000 }, () => {
  it.each(['with', 'without'])('of 16 MiB is served %s content-length', async (which) => {
    const laptop = new Device(newUser());
    const { text, plans } = bodyOf(BODY_BYTES_MAX);
    expect(text.length).toBe(BODY_BYTES_MAX);
    const body = which === 'with' ? text : streamOf(text);
    const answer = await ok<Answer>(await laptop.post('/sync', body));
    expect(answer.rejected).toEqual([]);
    const pulled = await new Device(laptop.user, 'phone').pull();
    expect(pulled.pages).toBeGreaterThan(1);
    expect(pulled.plans).toHaveLength(plans);
    expect(pulled.plans[0]?.data?.content).toHaveLength(RECORD_BYTES_MAX - 200);
  });

  it.each(['with', 'without'])('one byte longer is too large %s content-length', async (which) => {
    const laptop = new Device(newUser());
    const { text } = bodyOf(BODY_BYTES_MAX + 1);
    const body = which === 'with' ? text : streamOf(text);
    const response = await laptop.post('/sync', body);
    expect(response.status).toBe(413);
    const problem = await response.json<Problem>();
    expect(problem.error).toBe('body_too_large');
    expect(problem.message).toContain(String(BODY_BYTES_MAX));
    expect((await laptop.sync({})).plans).toEqual([]);
  });

  it('a record over its limit is rejected, and the one beside it stored', async () => {
    const laptop = new Device(newUser());
    const answer = await laptop.sync({
      plans: [plan('large', T0, { content: 'x'.repeat(RECORD_BYTES_MAX) }), plan('small', T0)],
    });
    expect(answer.rejected).toMatchObject([{ index: 0, id: 'large', code: 'record_too_large' }]);
    expect(idsOf(answer.plans)).toEqual(['small']);
  });
});
