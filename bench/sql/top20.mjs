// A page far down a million rows that lie in four databases, with a thousand rows to each value:
// whether it is the right one, and how many rows the databases answered for it.

const rows = 1_000_000;
const shards = 4;
const limit = 20;

const scoreOf = (id) => Math.floor((id * 7919) / 8) % 997;

/** The ids of a page, as one database would have them; of equal rows those of the earlier shard. */
function pageAt(offset) {
  const scores = Array.from({ length: 997 }, () => []);
  for (let id = 0; id < rows; id += 1) scores[scoreOf(id)].push(id);
  const sorted = scores.flatMap((ids) => ids.sort((a, b) => (a % shards) - (b % shards) || a - b));
  return sorted.slice(offset, offset + limit);
}

const pages = [
  ['sql.top20.rows_moved', 10_000, 2_000, 'ORDER BY … LIMIT 20 OFFSET 10000'],
  ['sql.top20.first_page', 0, limit * shards, 'ORDER BY … LIMIT 20'],
];

export async function* measureTop20(ask) {
  await ask(`top20/fill?rows=${rows}`);
  for (const [name, offset, max, what] of pages) {
    const { answer, ms } = await ask(`top20/page?offset=${offset}&limit=${limit}`);
    const { ids, moved } = JSON.parse(answer);
    if (JSON.stringify(ids) !== JSON.stringify(pageAt(offset))) {
      throw new Error(`${what} is not the page that one database has`);
    }
    const detail = `of ${rows.toLocaleString('en-US')} rows: ${what}, ${Math.round(ms)} ms`;
    yield { name, value: moved, bar: { max }, detail };
  }
}
