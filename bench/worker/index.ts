// The bench's Worker: the product's own, and beside it the peers and the meters, under /bench/.

import schema from '../../schema/collections.json';
import { Engine } from '../../worker/engine.ts';
import type { Env as ProductEnv } from '../../worker/env.ts';
import product, { DbShardDO as ProductShard, SpaceDO as ProductSpace } from '../../worker/index.ts';
import { answerNotModified, type DocumentFloorDO } from './document_floor.ts';
import type { EchoDO } from './echo.ts';
import type { FloorDO } from './floor.ts';
import { DEVICE, inspectEngine, MergeCase, type Merged, mergeInEngine } from './merge.ts';
import { counted, meters } from './meters.ts';
import { type Lookups, mergeInTypeScript, type PeerCollection } from './peer.ts';
import { answerSql } from './sql.ts';
import type { AllocationFloorDO } from './sql_allocations.ts';
import { answerSqlMoves } from './sql_moves.ts';

// Lines of the log are made, and dropped here: they would go through a pipe that the process which
// measures has to read and to parse.
console.log = () => {};

export { LimiterDO, ShardCoordinator, SyncDurableObject } from '../../worker/index.ts';
export { DocumentFloorDO } from './document_floor.ts';
export { EchoDO } from './echo.ts';
export { FloorDO } from './floor.ts';
export { AllocationFloorDO } from './sql_allocations.ts';

interface Env extends ProductEnv {
  DB_SHARD: DurableObjectNamespace<DbShardDO>;
  FLOOR: DurableObjectNamespace<FloorDO>;
  DOCUMENT_FLOOR: DurableObjectNamespace<DocumentFloorDO>;
  ECHO: DurableObjectNamespace<EchoDO>;
  ALLOCATION_FLOOR: DurableObjectNamespace<AllocationFloorDO>;
}

/** The product's object, whose alarm can be held still. */
export class SpaceDO extends ProductSpace {
  override async alarm(): Promise<void> {
    if (meters.projects) await super.alarm();
  }
}

/** The same of a document, whose alarm can be called for. */
export class DbShardDO extends ProductShard {
  override async alarm(): Promise<void> {
    if (meters.projects) await super.alarm();
  }

  async tick(): Promise<void> {
    await super.alarm();
  }
}

const cards = schema.collections.find(({ name }) => name === 'cards');
if (cards === undefined) throw new Error('no collection is named cards');
const peerCards: PeerCollection = {
  name: 'cards',
  parentColumn: 'plan_id',
  columns: cards.columns.map((column) => ({
    name: column.name,
    type: column.type as PeerCollection['columns'][number]['type'],
    required:
      'required' in column &&
      column.required === true &&
      !('default' in column) &&
      !('from' in column),
    fromStamp: 'from' in column,
  })),
};

let mergeCase: MergeCase | undefined;
let body: Uint8Array | undefined;

function theCase(): MergeCase {
  if (mergeCase === undefined) throw new Error('no case is loaded');
  return mergeCase;
}

const lookups: Lookups = {
  versions: (ids) => theCase().versionsOf(ids),
  missingParents: () => '[]',
};
const mergeInPeer = ({ body }: MergeCase) => mergeInTypeScript(body, peerCards, DEVICE, lookups);

type PeerRow = [id: string, data: unknown];

function inspectPeer(current: MergeCase): Merged {
  const { answer, writes } = mergeInPeer(current);
  const take = (json: string) =>
    Object.fromEntries((JSON.parse(json) as PeerRow[]).map(([id, data]) => [id, data]));
  return {
    winners: take(writes.winners),
    losers: take(writes.losers),
    overwritten: JSON.parse(writes.overwritten) as string[],
    answer,
  };
}

/** What both sides must agree on, as one text. */
function comparable({ winners, losers, overwritten, answer }: Merged): string {
  const reply = JSON.parse(new TextDecoder().decode(answer)) as Record<string, unknown>;
  const sorted = (rows: Record<string, unknown>) =>
    Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1));
  const { server_time: _, cursor: __, ...told } = reply;
  return JSON.stringify([sorted(winners), sorted(losers), overwritten.sort(), told]);
}

function compare(): Response {
  const ours = inspectEngine(theCase());
  const theirs = inspectPeer(theCase());
  const equal = comparable(ours) === comparable(theirs);
  return Response.json({
    equal,
    winners: Object.keys(ours.winners).length,
    losers: Object.keys(ours.losers).length,
    answer_bytes: ours.answer.byteLength,
  });
}

function runMerges(url: URL): Response {
  const merge = url.searchParams.get('side') === 'engine' ? mergeInEngine : mergeInPeer;
  let bytes = 0;
  for (let i = Number(url.searchParams.get('count')); i > 0; i -= 1) {
    const merged = merge(theCase());
    bytes += (merged instanceof Uint8Array ? merged : merged.answer).byteLength;
  }
  return Response.json({ bytes });
}

async function answer(request: Request, url: URL, env: Env): Promise<Response> {
  if (url.pathname.startsWith('/bench/sql/')) return answerSql(url, env);
  if (url.pathname.startsWith('/bench/sql_moves/')) return answerSqlMoves(url, env);
  switch (url.pathname) {
    case '/bench/floor': {
      const name = url.searchParams.get('name') ?? '';
      return env.FLOOR.get(env.FLOOR.idFromName(name)).fetch(request);
    }
    case '/bench/document': {
      const name = url.searchParams.get('name') ?? '';
      return env.DOCUMENT_FLOOR.get(env.DOCUMENT_FLOOR.idFromName(name)).fetch(request);
    }
    case '/bench/document/published':
      return answerNotModified(request, env.KV, url.searchParams.get('key') ?? '');
    case '/bench/document/tick': {
      const name = url.searchParams.get('object') ?? '';
      await env.DB_SHARD.get(env.DB_SHARD.idFromName(name)).tick();
      return Response.json({});
    }
    case '/bench/echo': {
      const name = url.searchParams.get('name') ?? '';
      return env.ECHO.get(env.ECHO.idFromName(name)).fetch(request);
    }
    case '/bench/merge/body':
      body = new Uint8Array(await request.arrayBuffer());
      return Response.json({ bytes: body.byteLength });
    case '/bench/merge/versions':
      mergeCase = new MergeCase(body ?? new Uint8Array(), await request.json());
      return compare();
    case '/bench/merge':
      return runMerges(url);
    case '/bench/instantiate':
      for (let i = Number(url.searchParams.get('count')); i > 0; i -= 1) new Engine();
      return Response.json({});
    case '/bench/migrate':
      await env[url.searchParams.get('database') as 'DB'].batch(
        (await request.text())
          .split(';')
          .filter((sql) => sql.trim())
          .map((sql) => env[url.searchParams.get('database') as 'DB'].prepare(sql)),
      );
      return Response.json({});
    case '/bench/meters':
      Object.assign(meters, await request.json());
      return Response.json(meters);
    default:
      return new Response('not found', { status: 404 });
  }
}

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/bench/')) return answer(request, url, env);
    return product.fetch(request, meters.countsCalls ? counted(env) : env, context);
  },
} satisfies ExportedHandler<Env>;
