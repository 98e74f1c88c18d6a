// `flush` where the Worker's own variable says that this is production: nothing is forgotten.

import { env, withEnv } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CollegeDBConfig,
  collegedb,
  createRouter,
  flush,
  initialize,
  KVShardMapper,
  resetConfig,
} from '../../client/sql/index.ts';
import { environment } from '../../client/sql/platform.ts';
import { coordinatorOf, kvOf, shardsOf } from './doubles.ts';

const mapped = () => new KVShardMapper(kvOf()).getShardMapping('kept');
const within = <T>(ENVIRONMENT: unknown, work: () => T): T =>
  withEnv({ ...env, ENVIRONMENT }, work) as T;
const configOf = (more: Partial<CollegeDBConfig> = {}): CollegeDBConfig => ({
  shards: shardsOf(),
  kv: kvOf(),
  disableAutoMigration: true,
  ...more,
});
const refused = { name: 'CollegeDBError', code: 'FLUSH_REFUSED' };

beforeEach(() => new KVShardMapper(kvOf()).setShardMapping('kept', 'db-east'));
afterEach(resetConfig);

describe("the Worker's variable ENVIRONMENT", () => {
  it('of production refuses it, however it is called', async () => {
    const { asked, coordinator } = coordinatorOf(() => Response.json({ success: true }));
    await within('production', async () => {
      expect(environment()).toBe('production');
      const config = configOf({ coordinator });
      await expect(createRouter(config).flush()).rejects.toMatchObject(refused);
      await expect(collegedb(config, () => flush())).rejects.toMatchObject(refused);
      initialize(config);
      await expect(flush()).rejects.toMatchObject(refused);
    });
    expect(asked).toEqual([]);
    expect(await mapped()).toMatchObject({ shard: 'db-east' });
  });

  it('counts where flush is called, not where the router was made', async () => {
    const router = createRouter(configOf());
    await within('production', async () => {
      await expect(router.flush()).rejects.toMatchObject(refused);
    });
    expect(await mapped()).not.toBeNull();
  });

  it.each(['development', 'staging', undefined, 7])('of %s lets it pass', async (name) => {
    await within(name, () => createRouter(configOf()).flush());
    expect(await mapped()).toBeNull();
  });

  it('gives way to what the configuration says', async () => {
    await within('production', () => createRouter(configOf({ environment: 'test' })).flush());
    expect(await mapped()).toBeNull();
  });
});

it('a coordinator that is in production keeps all: its own, and the mappings in KV', async () => {
  const { coordinator } = coordinatorOf(() =>
    Response.json({ error: 'The coordinator is not flushed in production' }, { status: 403 }),
  );
  await expect(createRouter(configOf({ coordinator })).flush()).rejects.toMatchObject({
    code: 'COORDINATOR_REFUSED',
  });
  expect(await mapped()).not.toBeNull();
});
