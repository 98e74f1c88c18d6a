// Pages of an ordered query over four databases: which rows they have, and how many rows the
// databases answered for them.

import {
  allAllShardsGlobal,
  collegedb,
  type Shard,
  type ShardStatement,
} from '../../client/sql/index.ts';

const names = ['db-east', 'db-west', 'db-central', 'db-europe'] as const;
type Databases = Record<(typeof names)[number], D1Database>;

const CREATE = 'CREATE TABLE IF NOT EXISTS bench_top20 (id INTEGER PRIMARY KEY, score INTEGER)';
const INDEX = 'CREATE INDEX IF NOT EXISTS bench_top20_score ON bench_top20 (score)';
/** Every fourth number from the shard's place on. The suite knows the scores too. */
const FILL =
  'INSERT INTO bench_top20 WITH RECURSIVE ids (id) AS (SELECT ?1 UNION ALL SELECT id + 4 ' +
  'FROM ids WHERE id + 4 < ?2) SELECT id, id * 7919 / 8 % 997 FROM ids';
const SELECT = 'SELECT id, score FROM bench_top20 ORDER BY score';

async function fill(env: Databases, rows: number): Promise<void> {
  for (const [place, name] of names.entries()) {
    await env[name].batch([
      env[name].prepare(CREATE),
      env[name].prepare(FILL).bind(place, rows),
      env[name].prepare(INDEX),
    ]);
  }
}

/** A statement that counts the rows that its database answers. */
const counting = (
  statement: D1PreparedStatement,
  note: (rows: number) => void,
): ShardStatement => ({
  bind: (...values) => counting(statement.bind(...values), note),
  run: async () => await statement.run(),
  first: async () => await statement.first(),
  all: async <T>() => {
    const answer = await statement.all<T>();
    note(answer.results.length);
    return answer;
  },
});

let moved = 0;
let shards: Record<string, Shard> | undefined;

const note = (rows: number) => {
  moved += rows;
};

async function page(env: Databases, offset: number, limit: number) {
  shards ??= Object.fromEntries(
    names.map((name) => [name, { prepare: (sql) => counting(env[name].prepare(sql), note) }]),
  );
  moved = 0;
  const { results } = await collegedb({ shards }, () =>
    allAllShardsGlobal<{ id: number }>(SELECT, [], { offset, limit }),
  );
  return { moved, ids: results.map(({ id }) => id) };
}

/** What the suite asks for, by the last part of the path. */
export async function answerTop20(what: string, url: URL, env: Databases): Promise<Response> {
  const number = (name: string) => Number(url.searchParams.get(name));
  if (what === 'fill') {
    await fill(env, number('rows'));
    return Response.json({});
  }
  return Response.json(await page(env, number('offset'), number('limit')));
}
