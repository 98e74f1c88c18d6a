// Loads a sample for demo@example.com: three plans of common English words (scripts/wordnet.mjs),
// 500 cards, and study sessions over the last weeks. One request, so all of it or nothing; a user
// who has records already is left alone.
//   node scripts/sample.mjs --url URL [--user EMAIL]

import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { Device } from './device.mjs';
import { cardRecord, readFrequencies, readSynsets } from './wordnet.mjs';

const minute_ms = 60_000;
const day_ms = 1440 * minute_ms;
const chunk_cards = 25;

const plans = [
  { id: 'food-and-drink', title: 'Food and drink', topic: 'noun.food', cards: 200, done: 3 },
  { id: 'feelings', title: 'Feelings', topic: 'noun.feeling', cards: 150, done: 2 },
  { id: 'moving-about', title: 'Verbs of motion', topic: 'verb.motion', cards: 150, done: 1 },
];
// Days ago: every day of the last twelve, and now and then before.
const session_days = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 16, 17, 21, 23, 24, 28, 30, 35, 37];
const intervals_days = [1, 1, 6, 15, 38]; // by repetitions, as SM-2 has them at its usual ease

const chunkOf = (index) => `chunk-${String(Math.floor(index / chunk_cards) + 1).padStart(3, '0')}`;

function planData(plan, now_ms) {
  const chunks = Array.from({ length: plan.cards / chunk_cards }, (_, i) => {
    const words = `words ${i * chunk_cards + 1} to ${(i + 1) * chunk_cards}`;
    return `- [${i < plan.done ? 'x' : ' '}] ${chunkOf(i * chunk_cards)}: ${words}\n`;
  });
  return {
    title: plan.title,
    created_at: now_ms - 40 * day_ms,
    total_hours: plan.cards / 10,
    status: 'active',
    tags: ['english', plan.topic],
    content: `# ${plan.title}\n\n${chunks.join('')}`,
  };
}

function cardData(plan, synset, index, now_ms) {
  const [, data] = cardRecord(synset, 0, now_ms, plan.id);
  const card = { ...data, chunk_id: chunkOf(index), created_at: now_ms - 40 * day_ms };
  if (index >= (plan.done + 1) * chunk_cards) return card;
  const repetitions = 1 + (index % 4);
  const interval_days = intervals_days[repetitions];
  const last_review = now_ms - ((index * 7) % (interval_days + 2)) * day_ms;
  const next_review = last_review + interval_days * day_ms;
  return { ...card, repetitions, interval_days, last_review, next_review };
}

function sessionData(days_ago, index, now_ms) {
  const plan = plans[index % plans.length];
  const duration_minutes = 20 + ((index * 17) % 40);
  const end_time = now_ms - days_ago * day_ms - 10 * minute_ms;
  return {
    plan_id: plan.id,
    chunk_id: chunkOf((index * chunk_cards) % ((plan.done + 1) * chunk_cards)),
    start_time: end_time - duration_minutes * minute_ms,
    end_time,
    duration_minutes,
    notes: `${plan.title}: ${12 + ((index * 5) % 14)} cards`,
    created_at: end_time,
  };
}

function putSample(device, now_ms) {
  const frequencies = readFrequencies();
  const frequency = ({ id }) => frequencies.get(id) ?? 0;
  const synsets = readSynsets().sort((a, b) => frequency(b) - frequency(a));
  for (const plan of plans) {
    device.put('plans', plan.id, planData(plan, now_ms));
    const common = synsets.filter(({ topic }) => topic === plan.topic).slice(0, plan.cards);
    for (const [index, synset] of common.entries()) {
      device.put('cards', synset.id, cardData(plan, synset, index, now_ms));
    }
  }
  for (const [index, days_ago] of session_days.entries()) {
    const id = `sample-session-${String(index + 1).padStart(2, '0')}`;
    device.put('sessions', id, sessionData(days_ago, index, now_ms));
  }
}

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8787' },
    user: { type: 'string', default: 'demo@example.com' },
  },
});
const token = execFileSync(process.execPath, ['scripts/token.mjs', values.user], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim();

const device = new Device({ url: values.url, token, id: 'sample' });
await device.sync();
if (device.records.size === 0) {
  putSample(device, Date.now());
  const { pushed } = await device.sync();
  if (device.rejected.length > 0) {
    console.error(`sample: refused: ${JSON.stringify(device.rejected[0])}`);
    process.exit(1);
  }
  console.log(`sample: ${pushed} records for ${values.user}`);
}
