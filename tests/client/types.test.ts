// What the types let through and what they do not: tsc checks this file. A line that should be an
// error and is none fails there.

import { expect, expectTypeOf, it } from 'vitest';
import type { Collection, SyncRecord } from '../../client/collection.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { SyncClient } from '../../client/sync_client.ts';

interface Plan {
  title: string;
  tags?: string[];
}
interface Session {
  plan_id: string;
}
interface Schema {
  plans: Plan;
  sessions: Session;
}

const base = { url: 'http://server.test', live: false, store: memoryStore() };
const fetch = async () => Response.json({ cursor: '1.0', server_time: 0 });

it('records have the types of the schema', async () => {
  const client = await SyncClient.open<Schema>({
    ...base,
    fetch,
    collections: ['plans', 'sessions'],
  });
  const plans = client.collection('plans');
  expectTypeOf(plans).toEqualTypeOf<Collection<Plan>>();
  expectTypeOf(plans.get('a')).toEqualTypeOf<SyncRecord<Plan> | undefined>();
  expectTypeOf(plans.list()[0]?.data.tags).toEqualTypeOf<string[] | undefined>();
  const wrong = () => [
    // @ts-expect-error: no such collection
    client.collection('cards'),
    // @ts-expect-error: a required key is missing
    plans.put('a', { tags: [] }),
    // @ts-expect-error: a key that the type does not have
    plans.put('a', { title: 'x', colour: 'red' }),
    // @ts-expect-error: a value of another type
    plans.update('a', { title: 7 }),
    // @ts-expect-error: an id is text
    plans.get(7),
    plans.list({ where: ({ tags }) => tags?.includes('x') ?? false }),
    client.transaction((tx) => {
      // @ts-expect-error: a plan is no session
      tx.collection('sessions').put('s', { title: 'x' });
      return 5;
    }),
  ];
  expect(wrong).toBeTypeOf('function');
  const change = (plan: SyncRecord<Plan>) => {
    // @ts-expect-error: what is read is not changed
    plan.data.title = 'x';
  };
  expect(change).toBeTypeOf('function');
  expectTypeOf(client.transaction(() => 5)).toEqualTypeOf<Promise<number>>();
  expect(await client.transaction(() => 5)).toBe(5);
  await client.close();
});

it('collections are those of the schema', async () => {
  // @ts-expect-error: a collection that the schema does not have
  const unknown = SyncClient.open<Schema>({ ...base, fetch, collections: ['plans', 'cards'] });
  // @ts-expect-error: no store
  const homeless = () => SyncClient.open<Schema>({ url: '', collections: ['plans'] });
  expect(homeless).toBeTypeOf('function');
  await (await unknown).close();
});

it('without a schema records are JSON objects', async () => {
  const client = await SyncClient.open({ ...base, fetch, collections: ['anything'] });
  await client.collection('anything').put('a', { deep: [{ x: 1 }] });
  expect(client.collection('anything').get('a')?.data).toEqual({ deep: [{ x: 1 }] });
  await client.close();
});
