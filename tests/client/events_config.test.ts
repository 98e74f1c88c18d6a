// Settings, addresses, and the ways to a WebSocket.

import { describe, expect, it, vi } from 'vitest';
import { durationMs } from '../../client/events/duration.ts';
import {
  connectRemoteSync,
  exportIdentity,
  generateIdentity,
  layerWebSocketBrowser,
  layerWebSocketBun,
  layerWebSocketNode,
  layerWebSocketWorker,
  memoryStore,
  parseRemote,
  parseStorage,
  presets,
  type RemoteSyncOptions,
} from '../../client/events/index.ts';
import { addressOf } from '../../client/events/sync/address.ts';
import { codeOf, EventsHarness, thrownCode } from './events_harness.ts';

const url = 'wss://sync.example.workers.dev';

describe('the settings of a server', () => {
  it('are complete from an address on', () => {
    expect(parseRemote({ url })).toEqual({
      enabled: true,
      url,
      provider: 'cloudflare',
      tenant: undefined,
      syncMs: 5_000,
      disablePing: true,
      encryption: { enabled: true, identityKey: undefined },
      auth: {},
      mode: 'write',
      publicKey: 'default',
      from: undefined,
    });
  });

  it('are taken as they are given', () => {
    const given = {
      enabled: true,
      url,
      provider: 'bun',
      tenant: 'acme',
      syncInterval: '250 millis',
      disablePing: true,
      encryption: { enabled: false, identityKey: 'K' },
      auth: { token: 'T', ticket: 'U', key: 'V' },
      mode: 'view',
      publicKey: 'p',
      from: 7,
    };
    const { syncInterval, ...same } = given;
    expect(parseRemote(given)).toEqual({ ...same, syncMs: 250 });
  });

  it('ping by default where the server is not Cloudflare', () => {
    expect(parseRemote({ url, provider: 'bun' }).disablePing).toBe(false);
    expect(parseRemote({ url, disablePing: false }).disablePing).toBe(false);
  });

  it('need no address when they are off', () => {
    expect(parseRemote({ enabled: false })).toMatchObject({ enabled: false, url: '' });
  });

  it.each([
    ['no address', {}, /url is missing/],
    ['an address that is none', { url: 'sync' }, /"sync", which is no address/],
    ['an address of another kind', { url: 'ftp://x' }, /wss:, ws:, https: or http:/],
    ['an unknown provider', { url, provider: 'aws' }, /"aws": there are cloudflare and bun/],
    ['an unknown setting', { url, urll: '' }, /remote\.urll is no setting: there are enabled/],
    ['an unknown inner setting', { url, auth: { tokn: 'x' } }, /auth\.tokn/],
    ['a tenant with a slash', { url, tenant: 'a/b' }, /tenant/],
    ['a tenant that is too long', { url, tenant: 'a'.repeat(65) }, /tenant/],
    ['an interval of nothing', { url, syncInterval: 0 }, /syncInterval/],
    ['an interval of another unit', { url, syncInterval: '5 fortnights' }, /'5 seconds'/],
    ['text for a switch', { url, disablePing: 'yes' }, /disablePing is neither/],
    ['a token that is a number', { url, auth: { token: 7 } }, /auth\.token/],
    ['an empty token', { url, auth: { token: '' } }, /auth\.token/],
    ['encryption as a switch', { url, encryption: true }, /encryption is not an object/],
    ['a sequence that is no whole number', { url, from: 1.5 }, /from/],
    ['a mode that is none', { url, mode: 'read' }, /write and view/],
    ['null', null, /remote is not an object/],
  ])('are refused with %s', (_, given, message) => {
    expect(() => parseRemote(given)).toThrow(message);
    expect(thrownCode(() => parseRemote(given))).toBe('invalid_config');
  });
});

describe('the settings of a journal', () => {
  it('keep everything by default, a hundred entries a page', () => {
    const retention = { entries: undefined, ageMs: undefined };
    expect(parseStorage(undefined)).toEqual({ retention, pageSize: 100 });
    const given = { retention: { entries: 5, age: '2 days' }, pagination: { pageSize: 10 } };
    expect(parseStorage(given)).toEqual({
      retention: { entries: 5, ageMs: 172_800_000 },
      pageSize: 10,
    });
  });

  it.each([
    [{ retention: { entries: 0 } }],
    [{ retention: { age: 'long' } }],
    [{ pagination: { pageSize: 1.5 } }],
    [{ pages: 1 }],
  ])('are refused: %j', (given) => {
    expect(thrownCode(() => parseStorage(given))).toBe('invalid_config');
  });
});

describe('a duration', () => {
  it.each([
    ['5 seconds', 5_000],
    ['1 second', 1_000],
    ['500 millis', 500],
    ['1.5 minutes', 90_000],
    ['2 hours', 7_200_000],
    ['1 week', 604_800_000],
    [42, 42],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(durationMs(text, 'x')).toBe(ms);
  });

  it.each([['5'], ['seconds'], ['-1 second'], [-1], [Number.NaN], [null], ['5  s']])(
    '%s is none',
    (value) => {
      expect(thrownCode(() => durationMs(value, 'x'))).toBe('invalid_config');
    },
  );
});

describe('the presets', () => {
  it('are settings, and differ where development and production do', () => {
    const { storage: devStorage, ...dev } = presets.dev;
    const { storage: prodStorage, ...prod } = presets.prod;
    const parsedDev = parseRemote(dev);
    const parsedProd = parseRemote({ ...prod, url });
    expect(parsedDev.encryption.enabled).toBe(false);
    expect(parsedProd.encryption.enabled).toBe(true);
    expect(parsedDev.syncMs).toBeLessThan(parsedProd.syncMs);
    expect(parseStorage(devStorage).retention.entries).toBe(10_000);
    expect(parseStorage(prodStorage).retention.entries).toBeUndefined();
    expect(thrownCode(() => parseRemote(prod))).toBe('invalid_config');
  });
});

describe('an address', () => {
  it.each([
    [{ url: 'wss://h' }, 'wss://h/eventlog'],
    [{ url: 'https://h/' }, 'wss://h/eventlog'],
    [{ url: 'http://h:8787/eventlog/', tenant: 't' }, 'ws://h:8787/eventlog/t'],
    [{ url: 'ws://h/eventlog/t', tenant: 't' }, 'ws://h/eventlog/t'],
    [{ url: 'wss://h/sync', tenant: 't' }, 'wss://h/sync?tenant=t'],
    [{ url: 'wss://h/?a=b#c', mode: 'view' }, 'wss://h/eventlog?a=b&mode=view'],
    [{ url: 'ws://h/', provider: 'bun', tenant: 't', mode: 'view' }, 'ws://h/'],
  ])('of %j is %s', (given, expected) => {
    expect(addressOf(parseRemote(given), null)).toBe(expected);
  });
});

describe('a connection', () => {
  it('is made by one call, as the docs show it', async () => {
    const harness = new EventsHarness();
    const process = harness.process();
    const options: RemoteSyncOptions = {
      url,
      provider: 'cloudflare',
      disablePing: true,
      syncInterval: '5 seconds',
      WebSocket: harness.server.socketOf(process),
      ...process.platform,
    };
    const runtime = await connectRemoteSync(options);
    expect(Object.keys(runtime).sort()).toEqual([
      'close',
      'identity',
      'log',
      'publicKey',
      'store',
      'sync',
    ]);
    await harness.world.pass(1_000);
    expect(runtime.sync.status.state).toBe('connected');
    expect(harness.server.urls).toEqual(['wss://sync.example.workers.dev/eventlog']);
    await runtime.close();
  });

  it('keeps the identity that it made in its journal', async () => {
    const journal = memoryStore();
    const first = await connectRemoteSync({ enabled: false, journal });
    await first.close();
    const second = await connectRemoteSync({ enabled: false, journal });
    expect(second.identity).toEqual(first.identity);
    expect(second.publicKey).toBe(first.identity?.publicKey);
    await second.close();
    const identityKey = exportIdentity(generateIdentity());
    const other = connectRemoteSync({ enabled: false, journal, encryption: { identityKey } });
    expect(await codeOf(other)).toBe('other_identity');
  });

  it('is refused with wrong settings before anything is opened', async () => {
    const journal = vi.fn(memoryStore());
    expect(await codeOf(connectRemoteSync({ journal }))).toBe('invalid_config');
    expect(await codeOf(connectRemoteSync({ url, journal, oops: 1 } as never))).toBe(
      'invalid_config',
    );
    expect(journal).not.toHaveBeenCalled();
    const encryption = { identityKey: 'nonsense' };
    expect(await codeOf(connectRemoteSync({ url, encryption }))).toBe('invalid_identity');
  });
});

describe('a way to a WebSocket', () => {
  const request = { url: 'ws://h/eventlog', token: 'T' };
  const spy = () => {
    const calls: unknown[][] = [];
    class Fake {
      constructor(...given: unknown[]) {
        calls.push(given);
      }
    }
    return { calls, Fake };
  };

  it('in browsers sends the token as a subprotocol', async () => {
    const { calls, Fake } = spy();
    const layer = layerWebSocketBrowser(Fake);
    expect((await layer.open(request)).socket).toBeInstanceOf(Fake);
    await layer.open({ ...request, token: null });
    expect(calls).toEqual([
      ['ws://h/eventlog', ['tidemark', 'bearer.T']],
      ['ws://h/eventlog', []],
    ]);
  });

  it('in Bun and Node sends it as a header', async () => {
    const { calls, Fake } = spy();
    await layerWebSocketBun(Fake).open(request);
    await layerWebSocketNode(Fake).open(request);
    const headers = { authorization: 'Bearer T' };
    expect(calls).toEqual([
      ['ws://h/eventlog', { headers }],
      ['ws://h/eventlog', [], { headers }],
    ]);
  });

  it('in a Worker upgrades by fetch', async () => {
    const accept = vi.fn();
    const webSocket = { accept, send: () => {}, close: () => {}, addEventListener: () => {} };
    const fetch = vi.fn(async () => ({ status: 101, webSocket }) as unknown as Response);
    const { socket, begin } = await layerWebSocketWorker({ fetch }).open(request);
    expect(socket).toBe(webSocket);
    expect(accept).not.toHaveBeenCalled();
    begin?.(); // once somebody listens: no message may come before
    expect(accept).toHaveBeenCalledOnce();
    const headers = { upgrade: 'websocket', authorization: 'Bearer T' };
    expect(fetch).toHaveBeenCalledWith('http://h/eventlog', { headers });
  });

  it.each([
    [401, { error: 'unauthorized', message: 'Sign in' }, 'signed_out'],
    [400, { error: 'tenant_conflict', message: 'Two tenants' }, 'tenant_conflict'],
    [503, { error: 'events_not_configured', message: 'Not set up' }, 'events_not_configured'],
    [500, { error: 'internal', message: 'A bug' }, 'offline'],
    [502, null, 'offline'],
    [429, { error: 'rate_limited', message: 'Slowly' }, 'busy'],
    [404, null, 'refused'],
  ])('in a Worker says why the answer was %i', async (status, body, code) => {
    const fetch = async () => Response.json(body, { status });
    const opening = layerWebSocketWorker({ fetch }).open(request);
    expect(await codeOf(Promise.resolve(opening))).toBe(code);
  });

  it('is not looked up before it is needed', async () => {
    vi.stubGlobal('WebSocket', undefined);
    try {
      for (const layer of [layerWebSocketBrowser(), layerWebSocketBun()]) {
        expect(thrownCode(() => layer.open(request))).toBe('no_websocket');
      }
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
