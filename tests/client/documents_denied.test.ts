// A queue that the server denies: it stops, says so, and goes on when there is another sign-in.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change } from '../../client/documents/types.ts';
import { Documents } from './documents_harness.ts';
import { refusal } from './harness.ts';

let d: Documents;
beforeEach(() => {
  d = new Documents();
  d.server.write('eve', ['users', 'u1', { n: 0 }], ['users', 'u2', { n: 0 }]);
});
afterEach(() => d.close());

/** A change of `n`, from 0, at the version of now. */
const change = (id: string, n: number): Change => ({
  collection: 'users',
  id,
  base: { id, n: 0 },
  record: { id, n },
  version: d.server.tag,
});

describe('a 401', () => {
  it('stops it until someone resumes it', async () => {
    const queue = await d.queue();
    d.server.refuse = () => refusal(401, 'token_expired');
    await queue.add(change('u1', 1));
    await d.world.pass(600_000);
    expect(d.patches).toHaveLength(1);
    expect(queue.status).toMatchObject({ state: 'denied', lastError: { code: 'token_expired' } });
    d.server.refuse = () => null;
    queue.resume();
    await d.world.pass(50);
    expect(queue.status).toMatchObject({ state: 'idle', queued: 0 });
  });

  it('stops it until the headers are others', async () => {
    let token = 'old';
    const headers = async () => ({ authorization: token });
    const queue = await d.queue({ http: { headers } });
    d.server.refuse = ({ headers: given }) =>
      given.get('authorization') === 'old' ? refusal(401, 'token_expired') : null;
    await queue.add(change('u1', 1));
    await d.world.pass(60_000);
    expect(d.patches).toHaveLength(1);
    token = 'new';
    await d.world.pass(10_100);
    expect(queue.status).toMatchObject({ state: 'idle', queued: 0 });
  });

  it.each([true, false])('is told at once, also while headers hang (%s)', async (hanging) => {
    const adapter = d.adapter();
    let asked = 0;
    adapter.identity = async () => {
      asked += 1;
      return hanging && asked === 1 ? new Promise<string>(() => {}) : `user-${asked}`;
    };
    const queue = await d.queue({ adapter });
    d.server.refuse = () => refusal(401, 'token_expired');
    await queue.add(change('u1', 1));
    await d.world.pass(50);
    expect(queue.status).toMatchObject({ state: 'denied', lastError: { code: 'token_expired' } });
    d.server.refuse = () => null;
    await d.world.pass(80_000);
    expect(queue.status).toMatchObject({ state: 'idle', queued: 0 });
  });

  it('that someone resumes while headers are slow is over', async () => {
    const adapter = d.adapter();
    adapter.identity = () => new Promise((resolve) => d.world.after(5_000, () => resolve('ada')));
    const queue = await d.queue({ adapter });
    d.server.refuse = () => refusal(401, 'token_expired');
    await queue.add(change('u1', 1));
    await d.world.pass(1_000);
    d.server.refuse = () => null;
    queue.resume();
    await d.world.pass(10_000);
    await queue.add(change('u2', 1));
    await d.world.pass(1_000);
    expect(queue.status).toMatchObject({ state: 'idle', queued: 0 });
  });

  it('is as good as having no headers', async () => {
    let signedIn = false;
    const headers = () => {
      if (!signedIn) throw new Error('nobody');
      return { authorization: 'Bearer x' };
    };
    const queue = await d.queue({ http: { headers } });
    await queue.add(change('u1', 1));
    await d.world.pass(30_000);
    expect(queue.status).toMatchObject({ state: 'denied', lastError: { code: 'no_headers' } });
    expect(d.server.calls).toEqual([]);
    signedIn = true;
    await d.world.pass(10_100);
    expect(queue.status).toMatchObject({ state: 'idle', queued: 0 });
  });
});
