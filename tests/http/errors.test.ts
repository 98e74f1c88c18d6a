// What each mistake is answered with: a status, a stable code, and a message that helps.

import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Device, type Notice, newUser, ok, type Problem, plan, send, spaceOf } from '../clients.ts';

const T0 = 1_750_000_000_000;

const device = new Device(newUser());

beforeAll(async () => {
  await device.push({ plans: [plan('p', T0)] });
});

const utf8 = (text: string) => new TextEncoder().encode(text);
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('POST /sync: a body that is not the envelope', () => {
  it.each<{ is: string; body: BodyInit; error: string }>([
    { is: 'empty', body: '', error: 'invalid_json' },
    { is: 'not JSON', body: 'nonsense', error: 'invalid_json' },
    { is: 'a wrong literal', body: '{"x":tru}', error: 'invalid_json' },
    { is: 'cut off', body: '{"plans":[', error: 'invalid_json' },
    { is: 'cut off in a delta', body: '{"cursor":null,"plans":[{"id":"p"', error: 'invalid_json' },
    { is: 'with a comma too many', body: '{"plans":[],}', error: 'invalid_json' },
    { is: 'with an element too few', body: '{"plans":[,]}', error: 'invalid_json' },
    { is: 'with text after it', body: '{"plans":[]} x', error: 'invalid_json' },
    { is: 'two bodies', body: '{}{}', error: 'invalid_json' },
    { is: 'with a byte order mark', body: '\ufeff{}', error: 'invalid_json' },
    { is: 'with a control character', body: '{"x":"\n"}', error: 'invalid_json' },
    { is: 'with a comment', body: '{/* */}', error: 'invalid_json' },
    { is: 'an array', body: '[]', error: 'invalid_payload' },
    { is: 'null', body: 'null', error: 'invalid_payload' },
    { is: 'a number', body: '5', error: 'invalid_payload' },
    { is: 'plans no array', body: '{"plans":{}}', error: 'invalid_payload' },
    { is: 'sessions a string', body: '{"sessions":"all"}', error: 'invalid_payload' },
    { is: 'deleted_ids a string', body: '{"deleted_ids":"p"}', error: 'invalid_payload' },
    { is: 'with a key twice', body: '{"plans":[],"plans":[]}', error: 'duplicate_key' },
    { is: 'with two cursors', body: '{"cursor":null,"cursor":null}', error: 'duplicate_key' },
    { is: 'a cursor that is a number', body: '{"cursor":5}', error: 'invalid_cursor' },
    { is: 'a forged cursor', body: '{"cursor":"0123456789abcdef"}', error: 'invalid_cursor' },
    { is: 'a cursor below 0', body: '{"cursor":"0123456789abcdef.-1"}', error: 'invalid_cursor' },
    {
      is: 'a cursor beyond 2^53',
      body: '{"cursor":"a.9007199254740992"}',
      error: 'invalid_cursor',
    },
    { is: 'limit 0', body: '{"limit":0}', error: 'invalid_limit' },
    { is: 'limit 10,001', body: '{"limit":10001}', error: 'invalid_limit' },
    { is: 'limit a string', body: '{"limit":"5"}', error: 'invalid_limit' },
    { is: 'limit a fraction', body: '{"limit":1.5}', error: 'invalid_limit' },
    { is: 'broken UTF-8', body: Uint8Array.of(0x7b, 0x22, 0xff, 0x22), error: 'invalid_utf8' },
    {
      is: 'UTF-8 cut off',
      body: new Uint8Array([...utf8('{"x":"'), 0xc3]),
      error: 'invalid_utf8',
    },
    {
      is: 'a surrogate in UTF-8',
      body: new Uint8Array([...utf8('{"x":"'), 0xed, 0xa0, 0x80, ...utf8('"}')]),
      error: 'invalid_utf8',
    },
    {
      is: 'broken UTF-8 far behind',
      body: new Uint8Array([...utf8(`{"plans":[],"x":"${'x'.repeat(9000)}`), 0xff, 0x22, 0x7d]),
      error: 'invalid_utf8',
    },
    {
      is: 'of too many keys',
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 0]))),
      error: 'invalid_payload',
    },
  ])('$is: 400 $error', async ({ body, error }) => {
    const response = await device.post('/sync', body);
    const problem = await response.json<Problem>();
    expect([response.status, problem.error]).toEqual([400, error]);
    expect(problem.message.length).toBeGreaterThan(10);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('says at which byte it stops being JSON', async () => {
    const response = await device.post('/sync', '{"plans":[], nonsense}');
    expect((await response.json<Problem>()).message).toContain('byte 13');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'content type %j: 415 unsupported_media_type',
    async (type) => {
      const response = await device.post('/sync', utf8('{}'), { 'content-type': type });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ error: 'unsupported_media_type' });
    },
  );

  it.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json ;x=1'])(
    'content type %j is taken',
    async (type) => {
      expect((await device.post('/sync', '{}', { 'content-type': type })).status).toBe(200);
    },
  );

  it('stores nothing of what came before the mistake', async () => {
    const before = await device.list('/plans');
    const good = JSON.stringify([plan('half', T0)]);
    const response = await device.post('/sync', `{"cursor":null,"plans":${good},"cards":[}`);
    expect(response.status).toBe(400);
    expect(await device.list('/plans')).toEqual(before);
  });
});

describe('POST /sync: a delta that is rejected by itself', () => {
  const delta = (members: string) => `{"action":"update","id":"x","updated_at":${T0},${members}}`;
  const data = '"data":{"title":"t","status":"active"}';
  const titled = (title: string) => delta(`"data":{"title":${title},"status":"active"}`);
  const id = (text: string) => `{"action":"update","id":${text},"updated_at":${T0},${data}}`;
  const at = (text: string) => `{"action":"update","id":"x","updated_at":${text},${data}}`;

  it.each<{ is: string; text: string; code: string; collection?: string }>([
    { is: 'a number', text: '5', code: 'invalid_delta' },
    { is: 'null', text: 'null', code: 'invalid_delta' },
    { is: 'without an action', text: `{"id":"x","updated_at":1,${data}}`, code: 'invalid_action' },
    { is: 'of an unknown action', text: '{"action":"upsert"}', code: 'invalid_action' },
    { is: 'of an action that is no text', text: '{"action":1}', code: 'invalid_action' },
    { is: 'without an id', text: `{"action":"update",${data}}`, code: 'invalid_id' },
    { is: 'id empty', text: id('""'), code: 'invalid_id' },
    { is: 'id a number', text: id('5'), code: 'invalid_id' },
    { is: 'id too long', text: id(`"${'x'.repeat(257)}"`), code: 'invalid_id' },
    { is: 'id with a NUL', text: id('"a\\u0000b"'), code: 'invalid_id' },
    { is: 'id half a surrogate pair', text: id('"\\ud800"'), code: 'invalid_id' },
    { is: 'updated_at negative', text: at('-1'), code: 'invalid_updated_at' },
    { is: 'updated_at a fraction', text: at('1.5'), code: 'invalid_updated_at' },
    { is: 'updated_at a string', text: at('"2024-01-01"'), code: 'invalid_updated_at' },
    { is: 'updated_at null', text: at('null'), code: 'invalid_updated_at' },
    { is: 'updated_at beyond 2^53', text: at('9007199254740992'), code: 'invalid_updated_at' },
    { is: 'updated_at 1e400', text: at('1e400'), code: 'invalid_updated_at' },
    {
      is: 'without updated_at',
      text: `{"action":"update","id":"x",${data}}`,
      code: 'missing_updated_at',
    },
    { is: 'counter negative', text: delta(`"counter":-1,${data}`), code: 'invalid_counter' },
    { is: 'without data', text: delta('"y":1'), code: 'missing_data' },
    { is: 'data an array', text: delta('"data":[]'), code: 'invalid_data' },
    { is: 'data a string', text: delta('"data":"{}"'), code: 'invalid_data' },
    { is: 'data null', text: delta('"data":null'), code: 'invalid_data' },
    { is: 'a required column missing', text: delta('"data":{}'), code: 'missing_column' },
    { is: 'a required column null', text: titled('null'), code: 'missing_column' },
    { is: 'a text column a number', text: titled('5'), code: 'invalid_column' },
    { is: 'a text column with a NUL', text: titled('"\\u0000"'), code: 'invalid_column' },
    { is: 'half a surrogate pair', text: titled('"\\udc00"'), code: 'invalid_unicode' },
    {
      is: 'a key twice',
      text: `{"action":"update","action":"delete","id":"x","updated_at":1,${data}}`,
      code: 'duplicate_key',
    },
    {
      is: 'a column twice',
      text: delta('"data":{"title":"a","title":"b","status":"active"}'),
      code: 'duplicate_key',
    },
    {
      is: 'a real that no double holds',
      text: delta('"data":{"title":"a","status":"b","total_hours":1e999}'),
      code: 'number_out_of_range',
    },
    {
      is: 'an integer beyond 2^53',
      collection: 'cards',
      text: delta('"data":{"plan_id":"p","interval_days":9007199254740992}'),
      code: 'number_out_of_range',
    },
    {
      is: 'a time before 1970',
      collection: 'cards',
      text: delta('"data":{"plan_id":"p","next_review":-1}'),
      code: 'invalid_column',
    },
    {
      is: 'a parent never seen',
      collection: 'sessions',
      text: delta('"data":{"plan_id":"nowhere","start_time":1}'),
      code: 'parent_missing',
    },
    {
      is: 'nested 101 levels',
      text: delta(`"data":{"title":"a","status":"b","x":${nested(100)}}`),
      code: 'too_deep',
    },
    {
      is: 'nested 10,000 levels',
      text: delta(`"data":{"title":"a","status":"b","x":${nested(10_000)}}`),
      code: 'too_deep',
    },
    { is: 'of an unknown collection', collection: 'pets', text: '{}', code: 'unknown_collection' },
  ])('$is: $code', async ({ text, code, collection = 'plans' }) => {
    const body = `{"cursor":${JSON.stringify(device.cursor)},"${collection}":[${text}]}`;
    const answer = await ok<{ rejected: Notice[] }>(await device.post('/sync', body));
    expect(answer.rejected.map((notice) => notice.code)).toEqual([code]);
    expect(answer.rejected[0]).toMatchObject({ index: 0, collection });
    expect(answer.rejected[0]?.message.length).toBeGreaterThan(8);
  });

  it.each([
    ['100 levels', `"x":${nested(99)}`],
    ['a number beyond 2^53 in no column', '"x":12345678901234567890'],
    ['a key twice in no column', '"x":1,"x":2'],
    ['an id of 256 bytes', '"x":1'],
  ])('%s is no mistake, and told as it came', async (name, member) => {
    const own = new Device(newUser());
    const key = name.startsWith('an id') ? 'i'.repeat(256) : 'x';
    const text = `{"title":"t","status":"active",${member}}`;
    const body = `{"plans":[{"action":"create","id":"${key}","updated_at":${T0},"data":${text}}]}`;
    const response = await own.post('/sync', body);
    expect(await response.text()).toContain(`"data":${text}`);
  });

  it('bare ids that are no text are rejected by themselves', async () => {
    const body = JSON.stringify({ deleted_ids: ['', 5, null, 'unknown'] });
    const { rejected } = await ok<{ rejected: Notice[] }>(await device.post('/sync', body));
    expect(rejected.map(({ index, code }) => [index, code])).toEqual([
      [0, 'invalid_id'],
      [1, 'invalid_id'],
      [2, 'invalid_id'],
    ]);
  });

  it('more rejections than an answer holds: 413, and nothing is stored', async () => {
    const own = new Device(newUser());
    const bad = Array.from({ length: 60_000 }, () => 5);
    const body = JSON.stringify({ cursor: null, plans: [plan('p', T0), ...bad] });
    const response = await own.post('/sync', body);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: 'answer_too_large' });
    expect((await own.sync({})).plans).toEqual([]);
  });
});

describe('other routes', () => {
  it.each([
    ['/plans?limit=0', 'invalid_parameter', 'limit'],
    ['/plans?limit=many', 'invalid_parameter', 'limit'],
    ['/plans?limit=1001', 'invalid_parameter', 'limit'],
    ['/plans?offset=-1', 'invalid_parameter', 'offset'],
    ['/api/sessions?offset=x', 'invalid_parameter', 'offset'],
    ['/plans?cursor=mine', 'invalid_cursor', 'cursor'],
    ['/plans?before=5', 'invalid_parameter', 'before'],
    ['/cards?due=soon', 'invalid_parameter', 'due'],
    ['/cards?due=99999999999999999999', 'invalid_parameter', 'due'],
    ['/history?limit=201', 'invalid_parameter', 'limit'],
    ['/history?collection=plans', 'invalid_parameter', 'id'],
    ['/history?before=0', 'invalid_parameter', 'before'],
  ])('GET %s: 400 %s', async (path, error, named) => {
    const response = await device.get(path);
    const problem = await response.json<Problem>();
    expect([response.status, problem.error]).toEqual([400, error]);
    expect(problem.message).toContain(named);
  });

  it.each([
    ['abc', 400, 'invalid_parameter'],
    ['0', 400, 'invalid_parameter'],
    ['1.5', 400, 'invalid_parameter'],
    ['%zz', 400, 'invalid_parameter'],
    ['999999', 404, 'not_found'],
  ])('restoring entry %s: %i %s', async (entry, status, error) => {
    const response = await device.post(`/history/${entry}/restore`, null);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error });
  });

  it.each([
    ['GET', '/sync', 'POST'],
    ['PUT', '/sync', 'POST'],
    ['HEAD', '/sync', 'POST'],
    ['POST', '/plans', 'GET'],
    ['DELETE', '/history', 'GET'],
    ['GET', '/history/1/restore', 'POST'],
    ['PATCH', '/health', 'GET'],
    ['POST', '/db.json', 'GET, PUT, PATCH'],
    ['DELETE', '/apps/blog/db.json', 'GET, PUT, PATCH'],
  ])('%s %s: 405, and Allow says %s', async (method, path, allowed) => {
    const response = await send(path, { method, headers: await device.headers() });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
    if (method === 'HEAD') return;
    expect(await response.json()).toMatchObject({ error: 'method_not_allowed' });
  });

  it.each(['/nothing', '/sync/', '/sync/x', '/history/1', '//sync', '/PLANS'])(
    'GET %s: 404 not_found',
    async (path) => {
      const response = await device.get(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: 'not_found' });
    },
  );

  it('a fault of ours: 500, with nothing of its inside, and the next request works', async () => {
    const spy = vi.spyOn(console, 'error').mockImplementation(() => {});
    const own = new Device(newUser());
    await own.push({ plans: [plan('p', T0)] });
    const rename = (from: string, to: string) =>
      runInDurableObject(spaceOf(own.user), (_, { storage }) => {
        storage.sql.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
      });
    await rename('records', 'hidden');
    const response = await own.post('/sync', '{}');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: 'internal' });
    expect(text).not.toMatch(/records|SQLITE|\.ts/i);
    expect(spy).toHaveBeenCalled();
    spy.mockRestore();
    await rename('hidden', 'records');
    expect((await own.sync({})).plans).toHaveLength(1);
  });
});
