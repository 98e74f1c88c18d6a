// The floor: what a Durable Object cannot do with less. One json_each insert of a body as it came,
// and one json_group_array of all rows, on the table and the index that a space has.

import { DurableObject } from 'cloudflare:workers';

const TABLE = `
CREATE TABLE IF NOT EXISTS records (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  device TEXT NOT NULL,
  seq INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  parent TEXT,
  fields TEXT,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID`;

const INDEX = 'CREATE INDEX IF NOT EXISTS records_seq ON records (seq)';

const INSERT = `
INSERT INTO records (collection, id, data, updated_at, counter, device, seq, first_seq, deleted,
  written_at, parent)
SELECT ?2, json_extract(e.value, '$.id'), json_extract(e.value, '$.data'),
  json_extract(e.value, '$.updated_at'), e.key, 'floor', CAST(?4 AS INTEGER) + e.key,
  CAST(?4 AS INTEGER) + e.key, 0, CAST(?3 AS INTEGER), json_extract(e.value, '$.data.plan_id')
FROM json_each(?1, '$.' || ?2) AS e`;

const SELECT = `
SELECT json_group_array(json_object('action', 'create', 'id', id, 'data', json(data),
  'updated_at', updated_at, 'counter', counter, 'device', device, 'seq', seq))
FROM records WHERE seq > 1`;

export class FloorDO extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    ctx.storage.sql.exec(TABLE);
    ctx.storage.sql.exec(INDEX);
  }

  override async fetch(request: Request): Promise<Response> {
    const { sql } = this.ctx.storage;
    const headers = { 'content-type': 'application/json' };
    if (request.method === 'GET') {
      const [text] = sql.exec(SELECT).raw().next().value as [string];
      return new Response(text, { headers });
    }
    const collection = new URL(request.url).searchParams.get('collection');
    const first = collection === 'plans' ? 1 : 2;
    sql.exec(INSERT, await request.text(), collection, Date.now(), first);
    return new Response('{"ok":1}', { headers });
  }
}
