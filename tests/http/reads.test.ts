// Typed reads: lists, filters, pages and Link; from D1, or from the space when D1 is down.

import { runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  card,
  Device,
  deletion,
  idsOf,
  newUser,
  plan,
  send,
  session,
  spaceOf,
} from '../clients.ts';
import {
  breakShards,
  onEveryShard,
  projectedRows,
  projectedSeq,
  runAlarmUntil,
} from '../shards.ts';

const T0 = 1_750_000_000_000;

interface Row {
  id: string;
  [column: string]: unknown;
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Where rows came from, by the log line of the last read. */
function sourceSpy(): () => string | undefined {
  const spy = vi.spyOn(console, 'log').mockImplementation(() => {});
  return () => {
    const lines = spy.mock.calls.map(([line]) => JSON.parse(String(line)) as { source?: string });
    return lines.findLast(({ source }) => source !== undefined)?.source;
  };
}

async function deviceWith45Sessions(): Promise<Device> {
  const device = new Device(newUser());
  const sessions = Array.from({ length: 45 }, (_, index) =>
    session(`s${String(index).padStart(2, '0')}`, index < 30 ? 'french' : 'piano', T0 + index),
  );
  await device.push({ plans: [plan('french', T0), plan('piano', T0 + 1)], sessions });
  return device;
}

const nextOf = (response: Response) =>
  /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];

describe('lists', () => {
  it('GET /plans: every column, whether it was sent or not, newest change first', async () => {
    const device = new Device(newUser());
    await device.push({
      plans: [
        plan('old', 1_700_000_000, { tags: ['a'], total_hours: 12.5, unknown: 'kept, not listed' }),
        plan('new', T0, { created_at: 1_700_000_001, content: '# Chunks\n☕' }),
      ],
    });
    expect(await device.list('/plans')).toEqual([
      {
        id: 'new',
        title: 'Plan new',
        created_at: 1_700_000_001_000,
        updated_at: T0,
        total_hours: null,
        status: 'active',
        tags: null,
        content: '# Chunks\n☕',
      },
      {
        id: 'old',
        title: 'Plan old',
        created_at: 1_700_000_000_000,
        updated_at: 1_700_000_000_000,
        total_hours: 12.5,
        status: 'active',
        tags: ['a'],
        content: null,
      },
    ]);
  });

  it('GET /sessions?plan=: those of the plan, latest first', async () => {
    const device = await deviceWith45Sessions();
    const sessions = await device.list<Row>('/sessions?plan=piano');
    expect(sessions).toHaveLength(15);
    expect(sessions[0]).toMatchObject({ id: 's44', plan_id: 'piano', start_time: T0 + 44 });
    expect(await device.list('/sessions?plan=none')).toEqual([]);
    expect(await device.list('/sessions')).toHaveLength(45);
  });

  it('GET /cards?due=: those due by then, in seconds, milliseconds or now', async () => {
    const device = new Device(newUser());
    const later = Date.now() + 86_400_000;
    await device.push({
      plans: [plan('p', T0), plan('q', T0)],
      cards: [
        card('later', 'p', T0, { next_review: later }),
        card('due', 'p', T0, { next_review: 1_700_000_100 }),
        card('overdue', 'q', T0, { next_review: 1_700_000_000 }),
      ],
    });
    expect(idsOf(await device.list('/cards'))).toEqual(['overdue', 'due', 'later']);
    expect(idsOf(await device.list('/cards?due=now'))).toEqual(['overdue', 'due']);
    expect(idsOf(await device.list('/cards?due=1700000000'))).toEqual(['overdue']);
    expect(idsOf(await device.list('/cards?due=1700000100000'))).toEqual(['overdue', 'due']);
    expect(idsOf(await device.list('/cards?due=now&plan=p'))).toEqual(['due']);
  });

  it('a user without rows has empty lists', async () => {
    const device = new Device(newUser());
    for (const path of ['/plans', '/sessions', '/cards', '/api/sessions?offset=20', '/history']) {
      expect([path, await device.list(path)]).toEqual([path, []]);
    }
  });

  it.each([
    ['quotes', encodeURIComponent("' OR 1=1 --")],
    ['a NUL', '%00'],
    ['broken UTF-8', '%ff'],
    ['a line break', 'a%0d%0ab'],
    ['other scripts', encodeURIComponent('日本語 🌊')],
    ['60,000 bytes', 'x'.repeat(60_000)],
  ])('a filter of %s is text and finds nothing', async (_, text) => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)], sessions: [session('s', 'p', T0)] });
    expect(await device.list(`/sessions?plan=${text}`)).toEqual([]);
    expect(await device.list(`/history?collection=plans&id=${text}`)).toEqual([]);
  });

  it('HEAD tells what GET would, without the rows', async () => {
    const device = new Device(newUser());
    const response = await send('/plans', { method: 'HEAD', headers: await device.headers() });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe('');
  });
});

describe('pages', () => {
  it('GET /api/sessions?offset=: 20, 20 and 5 of 45', async () => {
    const device = await deviceWith45Sessions();
    const seen: string[] = [];
    let path: string | undefined = '/api/sessions?offset=0';
    const sizes: number[] = [];
    while (path !== undefined) {
      const response: Response = await device.get(path);
      const page = await response.json<Row[]>();
      sizes.push(page.length);
      seen.push(...idsOf(page as never[]));
      path = nextOf(response);
    }
    expect(sizes).toEqual([20, 20, 5]);
    expect(seen).toEqual(
      Array.from({ length: 45 }, (_, at) => `s${String(44 - at).padStart(2, '0')}`),
    );
  });

  it('Link keeps the filters, and the query cannot make the page larger', async () => {
    const device = await deviceWith45Sessions();
    const response = await device.get('/api/sessions?plan=french&limit=1000');
    expect(await response.json()).toHaveLength(20);
    const url = new URL(nextOf(response) as string, 'https://tidemark.test');
    expect(url.pathname).toBe('/api/sessions');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ plan: 'french', offset: '20' });
    const rest = await device.get(url.pathname + url.search);
    expect(await rest.json()).toHaveLength(10);
    expect(rest.headers.get('link')).toBeNull();
  });

  it('limit and before walk a list that grows meanwhile', async () => {
    const device = await deviceWith45Sessions();
    const first = await device.list<Row>('/sessions?limit=2');
    expect(idsOf(first as never[])).toEqual(['s44', 's43']);
    await device.push({ sessions: [session('newest', 'french', T0 + 100)] });
    const next = await device.list<Row>(`/sessions?limit=2&before=${T0 + 43},s43`);
    expect(idsOf(next as never[])).toEqual(['s42', 's41']);
  });
});

describe('freshness', () => {
  it('without a cursor a read sees whatever was acknowledged before', async () => {
    const device = new Device(newUser());
    for (let at = 0; at < 5; at += 1) {
      await device.push({ plans: [plan(`p${at}`, T0 + at)] });
      expect(await device.list('/plans')).toHaveLength(at + 1);
    }
    await device.push({ plans: [deletion('p0', T0 + 9)] });
    expect(idsOf(await device.list('/plans'))).toEqual(['p4', 'p3', 'p2', 'p1']);
  });

  it('with a cursor D1 alone answers where it is that far', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    await runAlarmUntil(device.user, 1);
    const source = sourceSpy();
    expect(idsOf(await device.list(`/plans?cursor=${device.cursor}`))).toEqual(['p']);
    expect(source()).toBe('d1');
  });

  it('with a cursor that D1 has not reached the space catches up first', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    await runAlarmUntil(device.user, 1);
    await device.push({ plans: [plan('q', T0 + 1)] });
    expect(idsOf(await device.list(`/plans?cursor=${device.cursor}`))).toEqual(['q', 'p']);
  });

  it('the cursor of another space is no reason to believe D1', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    const rows = await device.list('/plans?cursor=0123456789abcdef.0');
    expect(idsOf(rows as never[])).toEqual(['p']);
  });
});

describe('the projection into D1', () => {
  it('follows a push once the alarm ran', async () => {
    const device = new Device(newUser());
    await device.push({
      plans: [plan('p', T0, { tags: ['x'], total_hours: 3 })],
      sessions: [session('s', 'p', T0)],
      cards: [card('c', 'p', T0)],
    });
    await runAlarmUntil(device.user, 3);
    expect(await projectedRows(device.user, 'plans')).toMatchObject([
      { id: 'p', user_id: device.user, title: 'Plan p', tags: '["x"]', total_hours: 3, seq: 1 },
    ]);
    expect(await projectedRows(device.user, 'sessions')).toMatchObject([{ id: 's', plan_id: 'p' }]);
    expect(await projectedRows(device.user, 'cards')).toMatchObject([
      { id: 'c', ease_factor: 2.5 },
    ]);
  });

  it('keeps a deleted parent as a row while it is told, and drops deleted children', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)], cards: [card('c', 'p', T0), card('d', 'p', T0)] });
    await device.push({ cards: [deletion('c', T0 + 1)], plans: [deletion('p', T0 + 1)] });
    await runAlarmUntil(device.user, 5);
    expect(await projectedRows(device.user, 'plans')).toMatchObject([{ deleted_at: T0 + 1 }]);
    expect(await projectedRows(device.user, 'cards')).toMatchObject([{ id: 'd' }]);
    expect(await device.list('/cards')).toEqual([]);
  });

  it('sets a row aside that D1 refuses, with its children, and goes on with the rest', async () => {
    const device = new Device(newUser());
    await onEveryShard(`CREATE TRIGGER refuse BEFORE INSERT ON plans WHEN new.title = 'refused'
      BEGIN SELECT RAISE(ABORT, 'constraint failed'); END`);
    await device.push({
      plans: [plan('bad', T0, { title: 'refused' }), plan('good', T0)],
      sessions: [session('of-bad', 'bad', T0), session('of-good', 'good', T0)],
    });
    await runAlarmUntil(device.user, 4);
    expect(await projectedRows(device.user, 'plans')).toMatchObject([{ id: 'good' }]);
    expect(await projectedRows(device.user, 'sessions')).toMatchObject([{ id: 'of-good' }]);

    await onEveryShard('DROP TRIGGER refuse');
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(spaceOf(device.user));
      expect(await projectedRows(device.user, 'plans')).toHaveLength(2);
      expect(await projectedRows(device.user, 'sessions')).toHaveLength(2);
    });
  });

  it('wipes what another life of the space left there', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    await runAlarmUntil(device.user, 1);
    await onEveryShard("UPDATE projection SET epoch = 'f00d' WHERE user_id = ?1", device.user);
    await onEveryShard("UPDATE plans SET id = 'ghost' WHERE user_id = ?1", device.user);
    await device.push({ plans: [plan('q', T0)] });
    expect((await device.list<Row>('/plans')).map(({ id }) => id).sort()).toEqual(['p', 'q']);
  });
});

describe('with D1 down', () => {
  it('sync is served, reads give the same rows from the space, and D1 follows after', async () => {
    const device = await deviceWith45Sessions();
    const other = new Device(device.user, 'phone');
    await device.push({ cards: [card('c', 'piano', T0)] });
    const paths = ['/plans', '/sessions?plan=piano', '/api/sessions?offset=40', '/cards?due=now'];
    const before = await Promise.all(paths.map((path) => device.list(path)));
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const source = sourceSpy();

    const repair = await breakShards();
    try {
      for (const [index, path] of paths.entries()) {
        expect([path, await device.list(path)]).toEqual([path, before[index]]);
        expect(source()).toBe('space');
      }
      const withCursor = await device.list(`/plans?cursor=${device.cursor}`);
      expect(withCursor).toEqual(before[0]);

      await device.push({
        plans: [plan('while-down', T0 + 5)],
        sessions: [deletion('s00', T0 + 5)],
      });
      expect(idsOf((await other.pull()).plans)).toContain('while-down');
      expect(idsOf(await device.list('/plans'))).toContain('while-down');
      const paged = await device.get('/api/sessions?offset=20');
      expect(await paged.json()).toHaveLength(20);
      expect(nextOf(paged)).toContain('offset=40');
      await runDurableObjectAlarm(spaceOf(device.user));
    } finally {
      await repair();
    }
    expect(errors).not.toHaveBeenCalled();

    await runAlarmUntil(device.user, 50);
    expect(await projectedSeq(device.user)).toBe(50);
    expect(idsOf((await projectedRows(device.user, 'plans')) as never[])).toContain('while-down');
    expect(await projectedRows(device.user, 'sessions')).toHaveLength(44);
    expect(source()).toBe('space');
    expect(await device.list('/sessions')).toHaveLength(44);
    expect(source()).toMatch(/^d1/);
  });

  it('no problem of D1 is shown to the caller', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    const repair = await breakShards();
    try {
      const response = await device.get('/plans');
      expect(response.status).toBe(200);
      expect(await response.text()).not.toMatch(/projection|SQLITE|no such/i);
    } finally {
      await repair();
    }
  });
});
