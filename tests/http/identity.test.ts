// Who may enter: tokens that are good, every way in which they are not, and whose rows are whose.

import { env } from 'cloudflare:workers';
import { type JWTHeaderParameters, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { accountRoutes, type Route, routes } from '../../worker/routes.ts';
import { Device, idsOf, newUser, plan, send } from '../clients.ts';
import { keyId, signToken } from '../tokens.ts';

const T0 = 1_750_000_000_000;
const SECRET = env.JWT_SECRET as string;
const nowSeconds = Math.floor(Date.now() / 1000);

const pathOf = (route: Route) => route.path.replaceAll(/:\w+/g, '1');
const name = ({ method, path }: Route) => `${method} ${path}`;

function ask(route: Route, headers: Record<string, string>, query = ''): Promise<Response> {
  return send(pathOf(route) + query, {
    method: route.method,
    headers: {
      'content-type': 'application/json',
      ...(route.place === 'live' && { upgrade: 'websocket' }),
      ...headers,
    },
    ...(route.method === 'POST' && { body: '{}' }),
  });
}

/** An undefined claim is not in the token. */
const without = (claim: string): JWTPayload => ({ [claim]: undefined });

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function claimsOf(userId: string, claims: JWTPayload = {}): JWTPayload {
  const times = { iat: nowSeconds, exp: nowSeconds + 3600, jti: 'j' };
  const who = { user_id: userId, sub: userId, role: 'user', iss: 'tidemark', aud: 'tidemark' };
  return { ...who, ...times, ...claims };
}

interface Header {
  alg?: string;
  kid?: string | undefined;
}

async function signed(header: Header, secret = SECRET): Promise<string> {
  return new SignJWT(claimsOf('user-1'))
    .setProtectedHeader({
      alg: 'HS256',
      kid: await keyId(secret),
      ...header,
    } as JWTHeaderParameters)
    .sign(new TextEncoder().encode(secret));
}

describe('without a token', () => {
  it.each(routes.map((route) => ({ name: name(route), route })))(
    '$name: 401 Unauthorized',
    async ({ route }) => {
      for (const headers of [
        {},
        { authorization: '' },
        { authorization: 'Bearer' },
        { authorization: 'Basic dXNlcjpwYXNz' },
        { authorization: await signToken('user-1') },
        { cookie: `token=${await signToken('user-1')}` },
      ]) {
        const response = await ask(route, headers);
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
        expect(await response.json()).toMatchObject({
          error: 'unauthorized',
          message: 'Unauthorized',
        });
      }
    },
  );

  it('a token in the query string is none', async () => {
    const token = await signToken('user-1');
    const response = await send(`/plans?token=${token}&access_token=${token}&key=${token}`);
    expect(response.status).toBe(401);
  });

  it('GET /health says that it is up', async () => {
    const response = await send('/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ok' });
  });
});

describe('a token that is not good', () => {
  const tokens: Record<string, () => Promise<string> | string> = {
    'no JWT': () => 'nonsense',
    'three dots': () => '..',
    expired: () => signToken('user-1', { exp: nowSeconds - 60 }),
    'good for longer than time is counted': () => signToken('user-1', { exp: 1e18 }),
    'good for ever': () => signToken('user-1', { exp: 1e300 }),
    'not valid yet': () => signToken('user-1', { nbf: nowSeconds + 3600 }),
    'without exp': () => signToken('user-1', without('exp')),
    'without iat': () => signToken('user-1', without('iat')),
    'without jti': () => signToken('user-1', without('jti')),
    'without sub': () => signToken('user-1', without('sub')),
    'without user_id': () => signToken('user-1', without('user_id')),
    'user_id a number': () => signToken('user-1', { user_id: 5, sub: '5' }),
    'sub of another': () => signToken('user-1', { sub: 'user-2' }),
    'of another issuer': () => signToken('user-1', { iss: 'elsewhere' }),
    'for another audience': () => signToken('user-1', { aud: 'elsewhere' }),
    'signed with another secret': () =>
      signToken('user-1', {}, 'another secret of 32 bytes, or more'),
    'alg none': () => new UnsecuredJWT(claimsOf('user-1')).encode(),
    'alg none beside a signature': async () => {
      const [, payload, signature] = (await signToken('user-1')).split('.');
      const header = btoa('{"alg":"none"}').replaceAll('=', '');
      return [header, payload, signature].join('.');
    },
    'alg HS512': () => signed({ alg: 'HS512' }),
    'alg HS384': () => signed({ alg: 'HS384' }),
    'another kid': () => signed({ kid: '00000000' }),
    'no kid': () => signed({ kid: undefined }),
    'claims changed after signing': async () => {
      const [header, , signature] = (await signToken('user-1')).split('.');
      const payload = btoa(JSON.stringify(claimsOf('user-2'))).replaceAll('=', '');
      return [header, payload, signature].join('.');
    },
    'a word more': async () => `${await signToken('user-1')} and more`,
  };

  it.each(Object.keys(tokens))('%s: 401 Invalid token', async (which) => {
    const token = await (tokens[which] as () => Promise<string> | string)();
    const response = await ask(routes[0] as Route, bearer(token));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    const problem = await response.json<{ error: string; message: string }>();
    expect(problem).toMatchObject({ error: 'invalid_token', message: 'Invalid token' });
  });

  it('one that ends within a second is good until then', async () => {
    const headers = bearer(await signToken(newUser(), { exp: nowSeconds + 3600.123456 }));
    expect((await send('/history', { headers })).status).toBe(200);
    expect((await send('/auth/ticket', { method: 'POST', headers })).status).toBe(200);
  });

  it('the scheme may be written in any case', async () => {
    const headers = { authorization: `bearer ${await signToken(newUser())}` };
    expect((await send('/plans', { headers })).status).toBe(200);
  });
});

describe('user ids', () => {
  const all = [...routes, ...accountRoutes];
  const segments = new Set(all.map(({ path }) => path.split('/')[1] ?? '').filter(Boolean));

  it.each([...segments])('%s is a route, so it is reserved', async (segment) => {
    for (const route of routes) {
      const response = await ask(route, bearer(await signToken(segment)));
      expect([name(route), response.status]).toEqual([name(route), 400]);
      expect(await response.json()).toMatchObject({ error: 'reserved_id' });
    }
  });

  it.each(['with space', 'x'.repeat(129), 'käse', 'tab\t', 'nul\0'])('%j is none', async (id) => {
    const response = await send('/plans', { headers: bearer(await signToken(id)) });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: 'invalid_user_id' });
  });

  it.each(['x'.repeat(128), 'a/b', '../x', 'A"B\\C', "o'neil;--", '%00', 'Plans', '__proto__'])(
    '%j is one, with a space of its own',
    async (id) => {
      const device = new Device(id);
      await device.push({ plans: [plan('p', T0, { title: id })] });
      expect(await device.list('/plans')).toMatchObject([{ id: 'p', title: id }]);
    },
  );
});

describe('roles', () => {
  const writes = routes.filter(({ method }) => method !== 'GET');
  const reads = routes.filter(({ method, place }) => method === 'GET' && place !== 'live');

  it.each(['root', '', 'USER', 'none', null, 5, ['admin']])('role %j may nothing', async (role) => {
    const token = await signToken(newUser(), { role });
    for (const route of routes) {
      const response = await ask(route, bearer(token));
      expect([name(route), response.status]).toEqual([name(route), 403]);
      expect(await response.json()).toMatchObject({ error: 'forbidden' });
    }
  });

  it('a viewer may read and not write', async () => {
    const user = newUser();
    await new Device(user).push({ plans: [plan('p', T0)] });
    const viewer = await signToken(user, { role: 'viewer' });
    for (const route of reads) {
      expect([name(route), (await ask(route, bearer(viewer))).status]).toEqual([name(route), 200]);
    }
    for (const route of writes) {
      const response = await ask(route, bearer(viewer));
      expect([name(route), response.status]).toEqual([name(route), 403]);
      expect(await response.json()).toMatchObject({ error: 'forbidden' });
    }
    expect(idsOf(await new Device(user).list('/plans'))).toEqual(['p']);
  });

  it('an admin has a space of its own like any user', async () => {
    const admin = new Device(newUser(), 'laptop', { role: 'admin' });
    expect(idsOf((await admin.sync({ plans: [plan('p', T0)] })).plans)).toEqual(['p']);
  });
});

describe('another user', () => {
  const SEEN = 'only-for-its-owner';

  async function ownerWithRows(): Promise<Device> {
    const owner = new Device(newUser());
    const child = { plan_id: SEEN, start_time: T0, question: SEEN, answer: SEEN, next_review: T0 };
    await owner.push({
      plans: [plan(SEEN, T0), plan(SEEN, T0 + 1, { title: SEEN })],
      sessions: [{ action: 'create', id: SEEN, data: { ...child, notes: SEEN }, updated_at: T0 }],
      cards: [{ action: 'create', id: SEEN, data: child, updated_at: T0 }],
    });
    await owner.put('/shares', { plan_id: SEEN, email: 'one@example.com', permission: 'read' });
    return owner;
  }

  it.each(['user', 'viewer', 'admin'])('with role %s sees no row on any route', async (role) => {
    const owner = await ownerWithRows();
    const token = await signToken(newUser(), { role, org: owner.user, tenant: owner.user });
    const ids = ['user_id', 'user', 'owner', 'space', 'identity'].map(
      (key) => `${key}=${owner.user}`,
    );
    for (const route of routes) {
      for (const query of ['', `?${ids.join('&')}`, `?cursor=${owner.cursor}`]) {
        const headers = { ...bearer(token), 'x-user-id': owner.user, 'x-device-id': 'laptop' };
        const text = await (await ask(route, headers, query)).text();
        expect([name(route), text.includes(SEEN)]).toEqual([name(route), false]);
      }
    }
    expect(await owner.list('/plans')).toMatchObject([{ id: SEEN, title: SEEN }]);
    expect((await owner.list('/history')).length).toBe(1);
  });

  it('does see its own on every list, so that the test above can tell', async () => {
    const owner = await ownerWithRows();
    // Of nobody's space: entries of the activity, and the snapshots of an app's document.
    const others = new Set(['/activity', '/snapshots']);
    const lists = routes.filter(
      ({ method, place, path }) => method === 'GET' && place !== 'live' && !others.has(path),
    );
    for (const route of lists) {
      const text = await (await owner.get(pathOf(route))).text();
      expect([name(route), text.includes(SEEN)]).toEqual([name(route), true]);
    }
  });
});
