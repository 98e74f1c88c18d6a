// Live sync over a WebSocket, through the real Worker and object (docs/live.md).

import { evictDurableObject } from 'cloudflare:test';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Answer,
  card,
  Device,
  deletion,
  idsOf,
  newUser,
  plan,
  type Told,
} from '../clients.ts';
import { signToken } from '../tokens.ts';
import { type Frame, Live, spaceStub, upgrade } from './sockets.ts';

const NOW = 1_795_000_000_000;

type Changes = Frame & Answer & { since: string };

/** Two live devices of a new user, both at the start of an empty space. */
async function twoLive() {
  const user = newUser();
  const [laptop, phone] = [await Live.open(user, 'laptop'), await Live.open(user, 'phone')];
  const { cursor } = (await phone.ask({ type: 'pull', request: 1 })) as Changes;
  return { user, laptop, phone, cursor };
}

const push = (request: number, plans: unknown[], more = {}) => ({
  type: 'push',
  request,
  cursor: null,
  plans,
  ...more,
});

describe('a push by socket', () => {
  it('is acknowledged as POST /sync answers it', async () => {
    const { laptop } = await twoLive();
    const ack = (await laptop.ask(
      push(7, [plan('plan-1', NOW), { action: 'odd', id: 'x' }]),
    )) as Changes;
    expect(ack).toMatchObject({ type: 'ack', request: 7, has_more: false });
    expect(idsOf(ack.plans)).toEqual(['plan-1']);
    expect(ack.rejected).toMatchObject([{ index: 1, code: 'invalid_action' }]);
  });

  it('reaches the other devices, and not the one that sent it', async () => {
    const { laptop, phone, cursor } = await twoLive();
    laptop.send(push(1, [plan('plan-1', NOW)]));
    const ack = (await laptop.next()) as Changes; // the first that it hears: frames come in order
    expect(ack).toMatchObject({ type: 'ack', request: 1 });
    const changes = (await phone.next()) as Changes;
    expect(changes).toMatchObject({ type: 'changes', since: cursor, cursor: ack.cursor });
    expect(changes.request).toBeUndefined();
    expect(changes.plans).toMatchObject([{ action: 'create', id: 'plan-1', device: 'laptop' }]);
    expect(await laptop.rest()).toEqual([]);
  });

  it('reaches devices that hibernated meanwhile', async () => {
    const { user, laptop, phone } = await twoLive();
    await evictDurableObject(spaceStub(user), { webSockets: 'hibernate' });
    await laptop.ask(push(1, [plan('plan-1', NOW)]));
    expect(idsOf(((await phone.next()) as Changes).plans)).toEqual(['plan-1']);
  });

  it('tells deletions as rows and as ids', async () => {
    const { laptop, phone } = await twoLive();
    await laptop.ask(push(1, [plan('plan-1', NOW)]));
    await laptop.ask(push(2, [deletion('plan-1', NOW + 1)]));
    await phone.next();
    const changes = (await phone.next()) as Changes;
    expect(changes.plans).toMatchObject([{ action: 'delete', id: 'plan-1' }]);
    expect(changes.deleted_ids).toEqual(['plan-1']);
  });

  it('publishes nothing where nothing was stored', async () => {
    const { laptop, phone } = await twoLive();
    await laptop.ask(push(1, [plan('plan-1', NOW)]));
    await laptop.ask(push(2, [plan('plan-1', NOW)]));
    expect(await phone.rest()).toHaveLength(1);
  });

  it('chains: what one frame reaches is where the next begins', async () => {
    const { laptop, phone, cursor } = await twoLive();
    let at = cursor;
    for (let i = 1; i <= 5; i++) {
      await laptop.ask(push(i, [plan(`plan-${i}`, NOW + i)]));
      const changes = (await phone.next()) as Changes;
      expect(changes.since).toBe(at);
      at = changes.cursor;
    }
    const pulled = (await phone.ask({ type: 'pull', request: 9, cursor: at })) as Changes;
    expect(pulled.plans).toEqual([]);
  });
});

it('a push by POST /sync and a restored version reach live devices too', async () => {
  const { user, phone } = await twoLive();
  const laptop = new Device(user, 'laptop');
  await laptop.push({ plans: [plan('plan-1', NOW)] });
  await laptop.push({ plans: [plan('plan-1', NOW + 1, { title: 'Other' })] });
  await phone.next();
  expect(((await phone.next()) as Changes).plans[0]?.data).toMatchObject({ title: 'Other' });
  const [entry] = await laptop.list<{ id: number }>('/history');
  await laptop.post(`/history/${entry?.id}/restore`, null);
  const restored = (await phone.next()) as Changes;
  expect(restored.plans).toMatchObject([{ device: '', data: { title: 'Plan plan-1' } }]);
});

describe('a push whose body comes slowly', () => {
  /** POST /sync of a plan, in two halves. */
  async function slowPush(user: string) {
    const text = JSON.stringify({ cursor: null, plans: [plan('slow', NOW)] });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const answer = new Device(user, 'laptop').post('/sync', readable);
    await writer.write(new TextEncoder().encode(text.slice(0, 20)));
    await scheduler.wait(50);
    const finish = async () => {
      await writer.write(new TextEncoder().encode(text.slice(20)));
      await writer.close();
      return answer;
    };
    return { finish };
  }

  it('reaches a socket that came meanwhile', async () => {
    const user = newUser();
    const { finish } = await slowPush(user);
    const phone = await Live.open(user, 'phone');
    expect((await finish()).status).toBe(200);
    expect(idsOf(((await phone.next()) as Changes).plans)).toEqual(['slow']);
  });

  it('is refused where the user signed out everywhere meanwhile', async () => {
    const user = newUser();
    const { finish } = await slowPush(user);
    const out = await new Device(user).post('/auth/sign-out?everywhere=true', null);
    expect(out.status).toBe(200);
    expect((await finish()).status).toBe(401);
  });
});

it('bodies that together are more than an isolate holds are refused, then taken', async () => {
  const user = newUser();
  const MB = 1 << 20;
  const begin = async (megabytes: number) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const answer = new Device(user, 'laptop').post('/sync', readable);
    for (let i = 0; i < megabytes; i++) await writer.write(new Uint8Array(MB).fill(0x20));
    const finish = async () => {
      await writer.write(new TextEncoder().encode('{}'));
      await writer.close();
      return answer;
    };
    return { finish };
  };
  const open = await Promise.all([begin(12), begin(11)]);
  await scheduler.wait(100);
  const refused = await (await begin(5)).finish();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ error: 'busy' });
  for (const { finish } of open) expect((await finish()).status).toBe(200);
  expect((await (await begin(5)).finish()).status).toBe(200);
});

describe('a pull by socket', () => {
  it('resumes by cursor after a drop', async () => {
    const { user, laptop, phone } = await twoLive();
    await laptop.ask(push(1, [plan('plan-1', NOW)]));
    const { cursor } = (await phone.next()) as Changes;
    phone.close();
    await laptop.ask(push(2, [plan('plan-2', NOW + 1)]));
    const again = await Live.open(user, 'phone');
    const missed = (await again.ask({ type: 'pull', request: 1, cursor })) as Changes;
    expect(idsOf(missed.plans)).toEqual(['plan-2']);
  });

  it('comes in frames below 900,000 bytes, whatever the characters', async () => {
    const { user, phone } = await twoLive();
    const laptop = new Device(user, 'laptop');
    for (const [i, letter] of [...'aé語'].entries()) {
      const plans = Array.from({ length: 12 }, (_, n) =>
        plan(`p${i}-${n}`, NOW, { content: letter.repeat(80_000) }),
      );
      await laptop.push({ plans });
    }
    const got: Told[] = [];
    let cursor: string | null = null;
    for (let more = true; more; ) {
      phone.send({ type: 'pull', request: 5, cursor });
      let frame = (await phone.next()) as Changes;
      while (frame.request !== 5) frame = (await phone.next()) as Changes;
      expect(new TextEncoder().encode(JSON.stringify(frame)).byteLength).toBeLessThan(900_000);
      got.push(...frame.plans);
      ({ cursor, has_more: more } = frame);
    }
    expect(new Set(idsOf(got)).size).toBe(36);
  });

  it('sends a device with a large push nothing but the news of it', async () => {
    const { user, phone, cursor } = await twoLive();
    const plans = Array.from({ length: 3000 }, (_, n) => plan(`p-${n}`, NOW));
    await new Device(user, 'laptop').push({ plans });
    const news = (await phone.next()) as Changes;
    expect(news).toMatchObject({ since: cursor, cursor, has_more: true, plans: [] });
  });

  it('says where an answer is too large for a frame, and changes nothing', async () => {
    const { user, phone } = await twoLive();
    const content = '語'.repeat(310_000);
    await new Device(user, 'laptop').push({ plans: [plan('large', NOW, { content })] });
    const refused = await phone.ask({ ...push(3, [plan('mine', NOW)]), cursor: null });
    expect(refused).toMatchObject({ type: 'error', code: 'frame_too_large', status: 413 });
    const { plans } = await new Device(user, 'tablet').pull();
    expect(idsOf(plans)).toEqual(['large']);
  });
});

describe('presence', () => {
  it('goes to those who are there and to those who come, and ends with its socket', async () => {
    const { user, laptop, phone } = await twoLive();
    laptop.send({ type: 'presence', state: { plan: 'plan-1' } });
    const told = { type: 'presence', device: 'laptop', state: { plan: 'plan-1' } };
    expect(await phone.next()).toEqual(told);
    const tablet = await Live.open(user, 'tablet');
    expect(await tablet.next()).toEqual(told);
    laptop.close();
    expect(await phone.next()).toEqual({ ...told, state: null });
  });

  it('of a device with two sockets is what one of them still says, or nothing', async () => {
    const { user, laptop, phone } = await twoLive();
    const tab = await Live.open(user, 'laptop');
    const last = await Live.open(user, 'laptop');
    laptop.send({ type: 'presence', state: 'a' });
    expect(await phone.next()).toMatchObject({ state: 'a' });
    tab.send({ type: 'presence', state: 'b' });
    expect(await phone.next()).toMatchObject({ state: 'b' });
    laptop.close();
    expect(await phone.next()).toMatchObject({ device: 'laptop', state: 'b' });
    tab.close();
    expect(await phone.next()).toMatchObject({ device: 'laptop', state: null });
    last.close();
    expect(await phone.rest()).toEqual([]);
  });

  it('survives hibernation', async () => {
    const { user, laptop, phone } = await twoLive();
    laptop.send({ type: 'presence', state: 'here' });
    await phone.next();
    await evictDurableObject(spaceStub(user), { webSockets: 'hibernate' });
    const tablet = await Live.open(user, 'tablet');
    expect(await tablet.next()).toMatchObject({ device: 'laptop', state: 'here' });
  });
});

describe('a frame that is none', () => {
  const cases: [string, string, string][] = [
    ['no JSON', '{"type":', 'invalid_json'],
    ['no object', '[1]', 'invalid_frame'],
    ['no type', '{"request":1}', 'invalid_frame'],
    ['an unknown type', '{"type":"shout"}', 'invalid_frame'],
    ['a request that is no number', '{"type":"pull","request":"1"}', 'invalid_frame'],
    ['two types', '{"type":"pull","type":"push"}', 'duplicate_key'],
    ['a cursor of nobody', '{"type":"pull","request":1,"cursor":"x"}', 'invalid_cursor'],
    ['a cursor that is no text', '{"type":"pull","cursor":1}', 'invalid_cursor'],
    ['a limit of none', '{"type":"pull","limit":0}', 'invalid_limit'],
    ['a presence without a state', '{"type":"presence"}', 'invalid_frame'],
    ['a large presence', `{"type":"presence","state":"${'x'.repeat(2048)}"}`, 'invalid_frame'],
    ['a push of what is no array', '{"type":"push","request":1,"plans":1}', 'invalid_payload'],
    ['something after it', '{"type":"pull"} x', 'invalid_json'],
  ];
  it.each(cases)('%s is told, and the socket goes on', async (_, text, code) => {
    const live = await Live.open(newUser(), 'laptop');
    live.send(text);
    expect(await live.next()).toMatchObject({ type: 'error', code });
    expect(await live.ask({ type: 'pull', request: 2 })).toMatchObject({ type: 'changes' });
  });

  it('names the request that it failed for', async () => {
    const live = await Live.open(newUser(), 'laptop');
    live.send({ type: 'push', request: 41, cursor: 'x', plans: [] });
    expect(await live.next()).toMatchObject({ type: 'error', request: 41, code: 'invalid_cursor' });
  });

  it('bytes end the socket with 1003, a frame over 1 MiB with 1009', async () => {
    const user = newUser();
    const bytes = await Live.open(user, 'laptop');
    bytes.sendBytes(new ArrayBuffer(4));
    expect(await bytes.closed).toBe(1003);
    const large = await Live.open(user, 'laptop');
    large.send(`{"type":"pull","state":"${'x'.repeat(1 << 20)}"}`);
    expect(await large.next()).toMatchObject({ code: 'frame_too_large' });
    expect(await large.closed).toBe(1009);
  });

  it('frames too many are refused with a time to wait, and then the socket ends', async () => {
    const live = await Live.open(newUser(), 'laptop');
    for (let i = 0; i <= 600; i++) live.send('{"type":"presence","state":1}');
    const refused = await live.next();
    expect(refused).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(refused.retry_after).toBeGreaterThan(0);
    for (let i = 0; i < 600; i++) live.send('{"type":"presence","state":1}');
    expect(await live.closed).toBe(4429);
  });
});

describe('who may connect', () => {
  it('nobody without a token, before any upgrade', async () => {
    const response = await upgrade();
    expect(response.status).toBe(401);
    expect(response.webSocket).toBeNull();
  });

  it('a token as a protocol, which is not sent back', async () => {
    const user = newUser();
    const protocols = `tidemark, bearer.${await signToken(user)}`;
    const response = await upgrade('?device=page', { 'sec-websocket-protocol': protocols });
    expect(response.status).toBe(101);
    expect(response.headers.get('sec-websocket-protocol')).toBe('tidemark');
    const page = Live.over(response);
    expect(await page.ask({ type: 'pull', request: 1 })).toMatchObject({ type: 'changes' });
  });

  it('no forged token, and no plain request', async () => {
    const forged = await signToken('user-1', {}, 'another secret, longer than 32 bytes');
    expect((await upgrade('', { authorization: `Bearer ${forged}` })).status).toBe(401);
    const plain = await new Device(newUser()).get('/sync/live');
    expect(plain.status).toBe(426);
    expect(await plain.json()).toMatchObject({ error: 'upgrade_required' });
  });

  it('a viewer pulls and may not push', async () => {
    const user = newUser();
    await new Device(user, 'laptop').push({ plans: [plan('plan-1', NOW)] });
    const viewer = await Live.open(user, 'screen', { role: 'viewer' });
    const seen = (await viewer.ask({ type: 'pull', request: 1 })) as Changes;
    expect(idsOf(seen.plans)).toEqual(['plan-1']);
    const refused = await viewer.ask(push(2, [plan('plan-2', NOW)]));
    expect(refused).toMatchObject({ code: 'forbidden', status: 403 });
    const sly = (await viewer.ask({
      type: 'pull',
      request: 3,
      plans: [plan('x', NOW)],
    })) as Changes;
    expect(idsOf(sly.plans)).toEqual(['plan-1']);
  });

  it('no device whose name is not one', async () => {
    const token = await signToken(newUser());
    const response = await upgrade('?device=a%20b', { authorization: `Bearer ${token}` });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_device_id' });
  });

  it('only whose token still holds: the socket of one that ended is closed', async () => {
    const user = newUser();
    const live = await Live.open(user, 'laptop');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3600 * 1000 });
    onTestFinished(() => void vi.useRealTimers());
    live.send({ type: 'pull', request: 1 });
    expect(await live.next()).toMatchObject({ code: 'invalid_token', status: 401 });
    expect(await live.closed).toBe(4401);
  });
});

it('a ping is answered without the object', async () => {
  const live = await Live.open(newUser(), 'laptop');
  live.send('ping');
  expect(await live.next()).toEqual({ type: 'pong' });
});

it('a thousand sockets of a space all get a push, also after hibernation', async () => {
  const user = newUser();
  const all = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => Live.open(user, `device-${n}`)),
  );
  const laptop = await Live.open(user, 'laptop');
  await laptop.ask(push(1, [plan('plan-1', NOW)]));
  const first = (await Promise.all(all.map((live) => live.next()))) as Changes[];
  expect(first.every(({ plans }) => plans[0]?.id === 'plan-1')).toBe(true);
  await evictDurableObject(spaceStub(user), { webSockets: 'hibernate' });
  await laptop.ask({ ...push(2, []), cards: [card('card-1', 'plan-1', NOW)] });
  const second = (await Promise.all(all.map((live) => live.next()))) as Changes[];
  expect(second.every(({ cards }) => cards[0]?.id === 'card-1')).toBe(true);
}, 60_000);
