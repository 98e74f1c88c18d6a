// records.merge.*: the engine's merge against the same in TypeScript, both in one Worker.

import { cardDeltas, cardId } from '../cards.mjs';
import { interleave, round } from '../statistics.mjs';

const deltas = 10_000;
const now = Date.now();

/** A body of updates, and stored versions of which every other is newer. */
function makeCase(text) {
  const stamp = (index) => now - 1_000_000 + index;
  const cards = cardDeltas(deltas, { text, action: 'update', stamp });
  const stored = Object.fromEntries(
    cards.map((_, index) => [
      cardId(index),
      [stamp(index) + (index % 2 ? 5000 : -5000), index, 'phone', 0],
    ]),
  );
  return {
    body: Buffer.from(JSON.stringify({ cursor: '0123456789abcdef.20000', cards })),
    stored: JSON.stringify(stored),
  };
}

export async function measureMerge(server, { rounds, merges }) {
  const figures = [];
  for (const text of ['ascii', 'unicode']) {
    const { body, stored } = makeCase(text);
    await server.send('POST', '/bench/merge/body', body);
    const { answer } = await server.send('POST', '/bench/merge/versions', stored);
    const compared = JSON.parse(answer);
    if (!compared.equal || compared.winners !== deltas / 2 || compared.losers !== deltas / 2) {
      throw new Error(`merge ${text}: the two sides differ: ${answer}`);
    }
    const run = async (side, count) => {
      const { ms } = await server.send('GET', `/bench/merge?side=${side}&count=${count}`);
      return ms / count;
    };
    await run('typescript', merges);
    await run('engine', merges);
    const { a, b, ratio } = await interleave(
      rounds,
      () => run('typescript', merges),
      () => run('engine', merges),
    );
    figures.push({
      name: `records.merge.vs_typescript_${text}`,
      value: round(ratio),
      bar: { min: text === 'unicode' ? 3 : 2.5 },
      detail:
        `${round(b)} ms against ${round(a)} ms; ${round(body.byteLength / 1e6)} MB in, ` +
        `${round(compared.answer_bytes / 1e6)} MB out`,
      numbers: { engine_ms: round(b), typescript_ms: round(a) },
    });
  }
  return figures;
}
