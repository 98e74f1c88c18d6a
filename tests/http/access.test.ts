// Every route, asked by those whose business it is not: nobody learns more of another user's space
// than what is shared with them.

import { beforeAll, describe, expect, it, vi } from 'vitest';
import { accountRoutes, type Route, routes } from '../../worker/routes.ts';
import { card, plan, send } from '../clients.ts';
import { newPerson, type Person } from '../people.ts';
import { signToken } from '../tokens.ts';

const T0 = 1_750_000_000_000;
const SECRET = 'only-for-its-owner';
const SHARED = 'for-whom-it-is-shared-with';

let owner: Person;
let reader: Person;
let stranger: Person;

beforeAll(async () => {
  [owner, reader, stranger] = [
    await newPerson('owner'),
    await newPerson('reader'),
    await newPerson('stranger'),
  ];
  for (const id of [SECRET, SHARED]) {
    await owner.device.push({
      plans: [plan(id, T0)],
      cards: [card(id, id, T0)],
      sessions: [{ action: 'create', id, data: { plan_id: id, start_time: T0 }, updated_at: T0 }],
    });
    // Something for the history.
    await owner.device.push({ cards: [card(id, id, T0 + 1)] });
  }
  await owner.device.put('/shares', { plan_id: SHARED, email: reader.email, permission: 'read' });
  await vi.waitFor(async () => {
    const { cards } = await reader.device.sync({});
    expect(cards).toHaveLength(1);
  });
});

/** Query strings that name what is the owner's, in every way that a route could take it. */
function queries(): string[] {
  const names = ['owner', 'user', 'user_id', 'space', 'identity', 'from', 'collection', 'root'];
  const all = names.map((name) => `${name}=${owner.id}`).join('&');
  return [
    '',
    `?${all}`,
    `?owner=${owner.id}`,
    `?owner=${owner.id}&plan=${SECRET}`,
    `?owner=${owner.id}&plan=${SECRET}&collection=cards`,
    `?plan=${SECRET}&id=${SECRET}`,
    `?plan_id=${SECRET}&email=${encodeURIComponent(reader.email)}`,
  ];
}

/** Bodies that ask for, or change, what is the owner's. */
function bodies(route: Route): (string | undefined)[] {
  if (route.method === 'GET') return [undefined];
  const edits = {
    plans: [{ ...plan(SECRET, T0 + 9), owner: owner.id }],
    cards: [
      { ...card(SECRET, SECRET, T0 + 9), owner: owner.id },
      { ...card(SECRET, SHARED, T0 + 9), owner: owner.id },
      { ...card(SHARED, SHARED, T0 + 9), owner: owner.id },
      { action: 'delete', id: SECRET, updated_at: T0 + 9, owner: owner.id },
    ],
  };
  const share = { plan_id: SECRET, email: stranger.email, permission: 'edit' };
  return ['{}', JSON.stringify(edits), JSON.stringify({ ...share, owner: owner.id })];
}

async function askAll(route: Route, who: Person, role: string): Promise<string[]> {
  const token = await signToken(who.id, { role, email: who.email, org: owner.id });
  const answers: string[] = [];
  for (const query of queries()) {
    for (const body of bodies(route)) {
      const response = await send(route.path.replaceAll(/:\w+/g, '1') + query, {
        method: route.method,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'x-device-id': 'laptop',
          'x-user-id': owner.id,
          ...(route.place === 'live' && { upgrade: 'websocket' }),
        },
        ...(body !== undefined && { body }),
      });
      response.webSocket?.accept();
      response.webSocket?.close();
      expect([query, response.status]).not.toEqual([query, 500]);
      answers.push(await response.text());
    }
  }
  return answers;
}

/** What an answer says that the question did not: notices repeat the ids that were sent. */
function told(answer: string): string {
  const { rejected: _, conflicts: __, ...rest } = JSON.parse(answer || '{}');
  return JSON.stringify(rest);
}

const parsed = (answers: string[]) => answers.map((answer) => told(answer)).join('\n');

describe.each(routes.map((route) => ({ name: `${route.method} ${route.path}`, route })))(
  '$name',
  ({ route }) => {
    it.each(['user', 'viewer', 'admin', 'none'])(
      'tells a stranger nothing, role %s',
      async (role) => {
        const all = parsed(await askAll(route, stranger, role));
        expect([all.includes(SECRET), all.includes(SHARED)]).toEqual([false, false]);
      },
    );

    it('tells who it is shared with no more than that', async () => {
      expect(parsed(await askAll(route, reader, 'user'))).not.toContain(SECRET);
    });
  },
);

it('what is shared is told on every list, so that the tests above can tell', async () => {
  for (const list of ['plans', 'sessions', 'cards']) {
    const rows = await reader.device.list(`/${list}?owner=${owner.id}&plan=${SHARED}`);
    expect(rows).toMatchObject([{ id: SHARED }]);
  }
  expect(JSON.stringify(await reader.device.sync({}))).toContain(SHARED);
  expect(await (await reader.device.get('/shares')).text()).toContain(SHARED);
});

it('nothing of the owner was changed by any of it', async () => {
  const { plans, cards } = await owner.device.sync({});
  expect(plans.map(({ updated_at }) => updated_at)).toEqual([T0, T0]);
  expect(cards.map(({ updated_at }) => updated_at)).toEqual([T0 + 1, T0 + 1]);
  const { given } = (await (await owner.device.get('/shares')).json()) as { given: unknown[] };
  expect(given).toHaveLength(1);
});

// Documents are nobody's own: who may do what with them is in documents_access.test.ts.
describe.each(
  accountRoutes
    .filter(({ path }) => path.endsWith('db.json'))
    .map(({ method, path }) => ({ method, path: path.replace(':app', 'access') })),
)('$method $path', ({ method, path }) => {
  it('tells nobody of any space, and does nothing for who may not write', async () => {
    for (const role of ['user', 'viewer', 'none']) {
      const token = await signToken(stranger.id, { role, email: stranger.email });
      for (const query of [...queries(), '?view=full', `?shard=${SECRET}`]) {
        const response = await send(path + query, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(method !== 'GET' && { body: JSON.stringify({ plans: [{ id: SECRET }] }) }),
        });
        const text = await response.text();
        expect(response.status).toBeLessThan(500);
        if (method === 'GET') expect(text).not.toContain(SECRET);
        else if (role !== 'user') expect([query, response.status]).toEqual([query, 403]);
      }
    }
  });
});
