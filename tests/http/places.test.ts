// Where a user's projected rows lie, once a slot table says it, and when the table changes.

import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SlotMove } from '../../client/sql/index.ts';
import { SLOT_TABLE_NAME, type SlotTableText } from '../../client/sql/slot_table.ts';
import { Device, deletion, idsOf, newUser, plan } from '../clients.ts';
import { SHARDS } from '../shards.ts';
import { askAs } from './sql_doubles.ts';

const T0 = 1_750_000_000_000;

let now = Date.now();

afterEach(() => {
  vi.useRealTimers();
});

/** A table by which one database has every slot; each isolate has read it a minute later. */
async function sayIsIn(shard: string): Promise<void> {
  const table: SlotTableText = { version: 1, shards: [shard], slots: [[4096, 0, 1]] };
  await env.KV.put(SLOT_TABLE_NAME, JSON.stringify(table));
  letTablesAge();
}

/** Each isolate reads the table anew. */
function letTablesAge(): void {
  now += 61_000;
  vi.useFakeTimers({ toFake: ['Date'], now });
}

async function askCoordinator<T>(path: string, body?: object): Promise<T> {
  const init = body && { method: 'POST', body: JSON.stringify(body) };
  const response = await askAs('admin', `/admin/coordinator${path}`, init);
  expect(response.status).toBe(200);
  return await response.json<T>();
}

/** The databases that have rows of a user, and which these are. */
async function rowsOf(user: string): Promise<Record<string, string[]>> {
  const held: Record<string, string[]> = {};
  for (const shard of SHARDS) {
    const { results } = await env[shard]
      .prepare('SELECT id FROM plans WHERE user_id = ?1 ORDER BY id')
      .bind(user)
      .all<{ id: string }>();
    if (results.length > 0) held[shard] = results.map(({ id }) => id);
  }
  return held;
}

describe('a user’s projected rows', () => {
  it('go to where the slot table says, and leave where they were', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p1', T0), plan('p2', T0)] });
    expect(idsOf(await device.list('/plans')).sort()).toEqual(['p1', 'p2']);
    const [before = ''] = Object.keys(await rowsOf(device.user));
    for (const shard of [...SHARDS.filter((name) => name !== before), before]) {
      await sayIsIn(shard);
      expect(idsOf(await device.list('/plans')).sort()).toEqual(['p1', 'p2']);
      expect(await rowsOf(device.user)).toEqual({ [shard]: ['p1', 'p2'] });
    }
  });

  it('are read there by who brings a cursor, and the space is not asked', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p1', T0)] });
    for (const shard of SHARDS) {
      await sayIsIn(shard);
      await device.list('/plans');
      const log = vi.spyOn(console, 'log').mockImplementation(() => {});
      await device.list(`/plans?cursor=${device.cursor}`);
      expect(log.mock.calls.join()).toContain('"source":"d1"');
      log.mockRestore();
    }
  });

  it('follow what is written after a move, deletions too', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p1', T0), plan('p2', T0)] });
    await device.list('/plans');
    await sayIsIn('db-east');
    await device.push({ plans: [deletion('p1', T0 + 1), plan('p3', T0 + 1)] });
    expect(idsOf(await device.list('/plans')).sort()).toEqual(['p2', 'p3']);
    expect(Object.keys(await rowsOf(device.user))).toEqual(['db-east']);
  });

  it('stay where they are while the table names a database that is not bound', async () => {
    const device = new Device(newUser());
    await sayIsIn('db-west');
    await device.push({ plans: [plan('p1', T0)] });
    await device.list('/plans');
    await sayIsIn('db-nowhere');
    expect(idsOf(await device.list('/plans'))).toEqual(['p1']);
    expect(await rowsOf(device.user)).toEqual({ 'db-west': ['p1'] });
  });

  it('are not read from a place that the query string names', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p1', T0)] });
    expect(idsOf(await device.list('/plans?place=DB'))).toEqual(['p1']);
  });

  it('leave a database that an admin drains', async () => {
    const devices = Array.from({ length: 8 }, () => new Device(newUser()));
    for (const device of devices) {
      await device.push({ plans: [plan('p1', T0)] });
      await device.list('/plans');
    }
    await env.KV.delete(SLOT_TABLE_NAME);
    const tables = { plans: null, sessions: null, cards: null, projection: null };
    await askCoordinator('/routes', { tables });
    await askCoordinator('/slots', { availableShards: SHARDS });
    await askCoordinator('/moves', { kind: 'drain', shard: 'db-west' });
    await vi.waitFor(
      async () => {
        const { moves } = await askCoordinator<{ moves: SlotMove[] }>('/moves');
        expect(moves.filter(({ state }) => state !== 'cleaned')).toEqual([]);
        const table = await env.KV.get<SlotTableText>(SLOT_TABLE_NAME, 'json');
        const owners = new Set(table?.slots.map(([, shard]) => table.shards[shard]));
        expect([...owners].sort()).toEqual(['db-central', 'db-east', 'db-europe']);
      },
      { timeout: 10_000, interval: 50 },
    );
    letTablesAge();
    for (const device of devices) {
      expect(idsOf(await device.list('/plans'))).toEqual(['p1']);
      const held = Object.keys(await rowsOf(device.user));
      expect(held).toHaveLength(1);
      expect(held).not.toContain('db-west');
    }
  }, 20_000);
});
