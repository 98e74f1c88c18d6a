// Allocations of new keys by the ShardCoordinator, as the router asks for them, and beside it the
// floor: a bare object that keeps each key by one insert.

import { DurableObject } from 'cloudflare:workers';

const in_flight = 16;

const TABLE = 'CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, shard TEXT) WITHOUT ROWID';
const INSERT = 'INSERT INTO keys (key, shard) VALUES (?, ?)';

export class AllocationFloorDO extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    ctx.storage.sql.exec(TABLE);
  }

  override async fetch(request: Request): Promise<Response> {
    const { primaryKey } = (await request.json()) as { primaryKey: string };
    this.ctx.storage.sql.exec(INSERT, primaryKey, 'db-1');
    return Response.json({ shard: 'db-1' });
  }
}

export interface AllocationObjects {
  ShardCoordinator: DurableObjectNamespace;
  ALLOCATION_FLOOR: DurableObjectNamespace<AllocationFloorDO>;
}

const availableShards = ['db-1', 'db-2', 'db-3', 'db-4'];
const asked = { strategy: 'hash', operationType: 'write', availableShards };

/** Of all keys so far: each is new. */
let made = 0;

/** So many allocations, 16 at once. */
export async function answerAllocations(url: URL, env: AllocationObjects): Promise<Response> {
  const count = Number(url.searchParams.get('count'));
  const ours = url.searchParams.get('side') === 'ours';
  const namespace = ours ? env.ShardCoordinator : env.ALLOCATION_FLOOR;
  const stub = namespace.get(namespace.idFromName('allocations') as never);
  const end = made + count;
  const worker = async () => {
    while (made < end) {
      made += 1;
      const response = await stub.fetch('http://coordinator/allocate', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ primaryKey: `user-${made}`, ...asked }),
      });
      const { shard } = (await response.json()) as { shard?: string };
      if (!availableShards.includes(shard ?? '')) throw new Error(`${response.status}: no shard`);
    }
  };
  await Promise.all(Array.from({ length: in_flight }, worker));
  return Response.json({});
}
