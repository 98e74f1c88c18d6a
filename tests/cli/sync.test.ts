// What goes over the wire, and what is left when the network or the server fail in its middle.

import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerEmpty, emptyAnswer, Home, planRow, Server, send } from './samedi.ts';

const server = new Server();
let home: Home;
beforeAll(() => server.listen());
afterAll(() => server.close());
beforeEach(() => {
  home = new Home();
  home.signIn(server.url);
  server.asked.length = 0;
  server.handler = answerEmpty;
});
afterEach(() => home.remove());

const bodies = () => server.asked.map(({ body }) => JSON.parse(body));
const sent = (body: Record<string, { id: string }[]>, collection: string) =>
  (body[collection] ?? []).map(({ id }) => id);
const refuse =
  (status: number, code: string, headers = {}) =>
  (_: unknown, r: ServerResponse) =>
    send(r, status, { error: code, message: `Told: ${code}` }, headers);

describe('sync', () => {
  it('pulls, pushes, and says how many', async () => {
    await home.run('plan', 'add', 'Mine');
    let seq = 1;
    server.handler = (_, response) => {
      const plans = seq === 1 ? [planRow('theirs', 'Theirs', 1)] : [];
      send(response, 200, { ...emptyAnswer(`e.${seq++}`), plans });
    };
    const { code, stdout } = await home.run('sync');
    expect([code, stdout]).toEqual([0, '✓ Synced: 1 pushed, 1 pulled\n']);
    expect(bodies()[0]).toEqual({ cursor: null });
    expect(bodies()[1]).toMatchObject({ cursor: 'e.1', plans: [{ action: 'update', id: 'mine' }] });
    const headers = server.asked[0]?.headers ?? {};
    expect(headers['x-device-id']).toBe((await home.json('status')).device);
    expect(headers.authorization).toMatch(/^Bearer \w+\.\w+\.\w+$/);
    expect((await home.json('plan')).map(({ id }: { id: string }) => id).sort()).toEqual([
      'mine',
      'theirs',
    ]);
    expect(await home.json('status')).toMatchObject({ pending: 0, account: 'u1@example.com' });
  });

  it('is one round trip where there is nothing to do', async () => {
    await home.run('sync');
    server.asked.length = 0;
    expect(await home.json('sync')).toMatchObject({ pushed: 0, pulled: 0, round_trips: 1 });
    expect(server.asked).toHaveLength(1);
  });

  it('takes all of an answer or nothing of it', async () => {
    await home.run('plan', 'add', 'Mine');
    await home.run('sync');
    const before = [await home.json('plan'), await home.json('status')];
    const row = planRow('theirs', 'Theirs', 2);
    for (const answer of [
      { ...emptyAnswer('e.2'), plans: [row, { ...row, updated_at: 'soon' }] },
      { ...emptyAnswer('e.2'), plans: [row], cursor: null },
      JSON.stringify({ ...emptyAnswer('e.2'), plans: [row] }).slice(0, -1),
      'no JSON',
    ]) {
      server.handler = (_, response) => send(response, 200, answer);
      const { code, stdout } = await home.run('sync', '--json');
      expect([code, JSON.parse(stdout).error]).toEqual([1, 'invalid_answer']);
      expect([await home.json('plan'), await home.json('status')]).toEqual(before);
    }
  });

  it('refuses an answer that is too large', async () => {
    server.handler = (_, response) => {
      response.writeHead(200);
      response.end(Buffer.alloc(33 * 1024 * 1024, 32));
    };
    const { code, stderr } = await home.run('sync');
    expect([code, stderr]).toEqual([1, expect.stringContaining('too large')]);
  });

  it('sends the same again after a lost answer, with the same stamps', async () => {
    await home.run('plan', 'add', 'Mine');
    await home.run('sync');
    await home.run('plan', 'done', 'mine');
    let tries = 0;
    server.handler = (asked, response) => {
      if (++tries < 3) return response.destroy();
      answerEmpty(asked, response);
    };
    server.asked.length = 0;
    expect((await home.run('sync')).code).toBe(0);
    expect(server.asked).toHaveLength(3);
    expect(new Set(server.asked.map(({ body }) => body)).size).toBe(1);
  });

  it('goes on where a killed process stopped', async () => {
    await home.run('plan', 'add', 'Mine');
    await home.run('sync');
    await home.run('plan', 'done', 'mine');
    server.asked.length = 0;
    const waiting = new Promise<void>((resolve) => {
      server.handler = () => resolve(); // It is stored, and never answered.
    });
    const { child, done } = home.start(['sync']);
    await waiting;
    child.kill('SIGKILL');
    await done;
    server.handler = answerEmpty;
    expect(await home.json('sync')).toMatchObject({ pushed: 1 });
    expect(bodies()[1]).toEqual(bodies()[0]);
  });

  it('waits as long as the server says', async () => {
    let tries = 0;
    server.handler = (asked, response) =>
      ++tries === 1
        ? refuse(429, 'rate_limited', { 'retry-after': '1' })(asked, response)
        : answerEmpty(asked, response);
    const began = Date.now();
    expect((await home.run('sync')).code).toBe(0);
    expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
    expect(tries).toBe(2);
  });

  it('sends smaller requests where one was too large', async () => {
    await home.run('sync');
    for (const id of ['a', 'b', 'c', 'd']) await home.run('plan', 'add', id);
    server.asked.length = 0;
    server.handler = (asked, response) =>
      sent(JSON.parse(asked.body), 'plans').length > 1
        ? refuse(413, 'answer_too_large')(asked, response)
        : answerEmpty(asked, response);
    expect(await home.json('sync')).toMatchObject({ pushed: 4 });
    expect(bodies().map((body) => sent(body, 'plans').length)).toEqual([4, 2, 1, 1, 1, 1]);
  });

  it('lets one process sync at a time', async () => {
    let open = 0;
    let most = 0;
    server.handler = (asked, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open -= 1;
        answerEmpty(asked, response);
      }, 200);
    };
    const ran = await Promise.all([home.run('sync'), home.run('sync'), home.run('sync')]);
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(most).toBe(1);
  });
});

describe('exit codes', () => {
  it.each([
    [401, 'invalid_token', 3],
    [403, 'forbidden', 3],
    [400, 'invalid_cursor', 1],
    [404, 'not_found', 1],
    [429, 'rate_limited', 4],
    [500, 'internal', 4],
    [503, 'busy', 4],
  ])('of a server that answers %i %s is %i', async (status, name, exit) => {
    server.handler = refuse(status, name, { 'retry-after': '600' });
    const { code, stderr } = await home.run('sync', '--retries', '0');
    expect([code, stderr]).toEqual([exit, expect.stringContaining(`Told: ${name}`)]);
  });

  it('of a command line that is wrong is 2', async () => {
    expect((await home.run('sync', '--fast')).code).toBe(2);
    expect((await home.run('sync', 'push')).code).toBe(2);
    expect((await home.run()).code).toBe(2);
  });
});

describe('what the server rejects', () => {
  beforeEach(async () => {
    await home.run('plan', 'add', 'Bad');
    server.handler = ({ body }, response) => {
      const plans = sent(JSON.parse(body), 'plans');
      const told = { collection: 'plans', code: 'record_too_large', message: 'Make it smaller' };
      const rejected = plans.map((id, index) => ({ ...told, id, index }));
      send(response, 200, { ...emptyAnswer('e.1'), rejected });
    };
  });

  it('is shown, and is exit code 5 until it is dealt with', async () => {
    const { code, stdout } = await home.run('sync');
    expect([code, stdout]).toEqual([5, expect.stringContaining('record_too_large')]);
    expect((await home.run('sync')).code).toBe(5);
    const listed = await home.json('rejected');
    expect(listed).toMatchObject([{ number: 1, id: 'bad', data: { title: 'Bad' } }]);
    expect(await home.json('plan')).toEqual([]);
  });

  it('is sent again by retry, and is gone when it is taken', async () => {
    await home.run('sync');
    expect((await home.run('rejected', 'retry', '1')).code).toBe(0);
    server.handler = answerEmpty;
    expect(await home.json('sync')).toMatchObject({ pushed: 1, rejected: 0 });
    expect(await home.json('plan')).toMatchObject([{ id: 'bad' }]);
  });

  it('is forgotten by drop', async () => {
    await home.run('sync');
    expect((await home.run('rejected', 'drop', '2')).code).toBe(1);
    expect((await home.run('rejected', 'drop', '1')).code).toBe(0);
    expect((await home.run('sync')).code).toBe(0);
  });
});

describe('sync push --all', () => {
  const cards = 7000;
  beforeEach(async () => {
    const rows = Array.from({ length: cards }, (_, i) => `a,q${i},x`);
    const file = home.write('c.csv', `plan,question,answer\n${rows.join('\n')}\n`);
    await home.run('import', file);
    await home.run('sync');
    server.asked.length = 0;
  });

  it('sends every record again in batches, and again when it is run again', async () => {
    const stamps = () =>
      bodies().flatMap(({ plans = [], cards = [] }) =>
        [...plans, ...cards].map((d) => JSON.stringify(d)),
      );
    expect(await home.json('sync', 'push', '--all')).toMatchObject({ pushed: cards + 1 });
    expect(server.asked.length).toBe(2);
    const first = stamps().sort();
    server.asked.length = 0;
    expect(await home.json('sync', 'push', '--all')).toMatchObject({ pushed: cards + 1 });
    expect(stamps().sort()).toEqual(first);
  });

  it('goes on where it was interrupted, and is not marked as synced before', async () => {
    const { last_sync } = await home.json('status');
    let answers = 0;
    server.handler = (asked, response) =>
      ++answers === 1 ? answerEmpty(asked, response) : response.destroy();
    const { code, stderr } = await home.run('sync', 'push', '--all', '--retries', '0');
    expect([code, stderr]).toEqual([4, expect.stringContaining('2001 records left')]);
    expect(await home.json('status')).toMatchObject({ last_sync, pending: 2001 });
    server.handler = answerEmpty;
    expect(await home.json('sync', 'push', '--all')).toMatchObject({ pushed: 2001 });
    const after = await home.json('status');
    expect(after.pending).toBe(0);
    expect(after.last_sync).toBeGreaterThan(last_sync);
  });
});

describe('by itself', () => {
  it('syncs after a change once the interval has passed', async () => {
    await home.run('config', 'set', 'sync.enabled', 'true');
    expect((await home.run('plan', 'add', 'A')).code).toBe(0);
    expect(server.asked.length).toBeGreaterThan(0);
    server.asked.length = 0;
    await home.run('plan', 'add', 'B'); // It is not due.
    await home.run('plan');
    expect(server.asked).toEqual([]);
    await home.run('config', 'set', 'sync.interval', '1s');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await home.run('plan'); // It changes nothing.
    expect(server.asked).toEqual([]);
    await home.run('plan', 'add', 'C');
    expect(sent(bodies()[0], 'plans')).toEqual(['b', 'c']);
  });

  it('does not sync where it is not enabled', async () => {
    await home.run('plan', 'add', 'A');
    expect(server.asked).toEqual([]);
  });

  it('watches until it is interrupted', async () => {
    await home.run('config', 'set', 'sync.interval', '1s');
    const { child, done, ran } = home.start(['sync', '--watch']);
    while (server.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    server.handler = refuse(503, 'busy', { 'retry-after': '600' });
    while (!ran.stderr.includes('busy')) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    const { code, stdout } = await done;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Stopped after \d+ syncs\n$/)]);
  });
});

describe('shares', () => {
  it('are asked of the server', async () => {
    server.handler = ({ method }, response) => {
      if (method !== 'GET') return send(response, 200, {});
      const given = [{ plan_id: 'a', email: 'bob@example.com', permission: 'edit' }];
      send(response, 200, { given, received: [] });
    };
    expect((await home.run('share', 'a', 'bob@example.com', '--edit')).code).toBe(0);
    expect((await home.run('unshare', 'a', 'b+c@example.com')).code).toBe(0);
    const { stdout } = await home.run('shares');
    expect(stdout).toContain('given  a     bob@example.com  edit');
    const [share, unshare, list] = server.asked;
    expect([share?.method, share?.path]).toEqual(['PUT', '/shares']);
    expect(JSON.parse(share?.body ?? '')).toEqual({
      plan_id: 'a',
      email: 'bob@example.com',
      permission: 'edit',
    });
    expect([unshare?.method, unshare?.path]).toEqual([
      'DELETE',
      '/shares?plan_id=a&email=b%2Bc%40example.com',
    ]);
    expect([list?.method, list?.path]).toEqual(['GET', '/shares']);
  });

  it('are kept to what they permit', async () => {
    const shared = (id: string, permission: string) => ({
      ...planRow(id, id, 1),
      owner: 'bob',
      permission,
    });
    const plans = [shared('r', 'read'), shared('w', 'edit')];
    server.handler = (_, response) => send(response, 200, { ...emptyAnswer('e.1'), plans });
    await home.run('sync');
    expect((await home.run('card', 'add', 'r', 'q', 'a')).stderr).toContain('read only');
    expect((await home.run('start', 'w')).stderr).toContain('shared with you');
    await home.run('card', 'add', 'w', 'q', 'a');
    server.handler = answerEmpty;
    server.asked.length = 0;
    await home.run('sync');
    expect(bodies()[0].cards).toMatchObject([{ owner: 'bob', data: { plan_id: 'w' } }]);
  });
});
