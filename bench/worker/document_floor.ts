// The floors of documents: what an object cannot do with less to keep one record and a line of a
// journal, and what a Worker cannot do with less to say that a document has not changed.

import { DurableObject } from 'cloudflare:workers';

const RECORDS = `
CREATE TABLE IF NOT EXISTS record (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  before INTEGER,
  data TEXT,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID`;

const PLACES =
  'CREATE INDEX IF NOT EXISTS record_place ON record (collection, place) WHERE data IS NOT NULL';

const JOURNAL = `
CREATE TABLE IF NOT EXISTS journal (
  n INTEGER NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  entry TEXT NOT NULL,
  activity TEXT
) STRICT`;

const UPSERT = `
INSERT INTO record (collection, id, place, version, before, data) VALUES ('items', ?1, 1, ?2, 0, ?3)
ON CONFLICT (collection, id) DO UPDATE SET version = excluded.version, data = excluded.data`;

const APPEND = 'INSERT INTO journal (seq, records, bytes, entry) VALUES (?1, 0, 0, ?2)';

/** `?id=`: the record whose text the body is. */
export class DocumentFloorDO extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    for (const sql of [RECORDS, PLACES, JOURNAL]) ctx.storage.sql.exec(sql);
  }

  override async fetch(request: Request): Promise<Response> {
    const { sql } = this.ctx.storage;
    const text = await request.text();
    const now = Date.now();
    sql.exec(UPSERT, new URL(request.url).searchParams.get('id'), now, text);
    sql.exec(APPEND, now, text);
    return new Response('{"ok":1}', { headers: { 'content-type': 'application/json' } });
  }
}

/** GET of what KV has, where the caller has it already. */
export async function answerNotModified(
  request: Request,
  kv: KVNamespace,
  key: string,
): Promise<Response> {
  const { value, metadata } = await kv.getWithMetadata<{ version: string }>(key, 'stream');
  const etag = `"${metadata?.version}"`;
  if (request.headers.get('if-none-match') !== etag) return new Response(value);
  await value?.cancel();
  return new Response(null, { status: 304, headers: { etag } });
}
