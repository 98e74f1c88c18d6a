// Cards as a student's phone sends them, the same at every run.

const words = {
  ascii: `which phase of mitosis separates the sister chromatids anaphase mitochondria make energy
    for cells while ribosomes build proteins from amino acids the derivative of a product is first
    times second plus opposite angles are equal treaty was signed after seven years war`,
  unicode: `細胞 分裂 の どの 段階 で 染色体 が 分かれ ます か ミトコンドリア は 何 を 作り ますか клетка
    производит энергию белок рибосома διαίρεση πρωτεΐνη ενέργεια κύτταρο 세포 분열 단백질 에너지 🧬 🔬
    хлоропласт ядро мембрана 光合成 葉緑体 核 膜 酵素`,
};

/** A generator of numbers from 0 up to 1 (mulberry32). */
function makeRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const plan = (updated_at) => ({
  action: 'create',
  id: 'plan-biology-1',
  data: { title: 'Biology', status: 'active', total_hours: 12.5, tags: ['spring'] },
  updated_at,
});

export const cardId = (index) => `card-${(index * 2654435761 + 97).toString(16).padStart(16, '0')}`;

/** `count` deltas of cards from `first` on; `stamp(index)` gives each its updated_at. */
export function cardDeltas(count, { first = 0, text = 'ascii', action = 'create', stamp }) {
  const random = makeRandom(first + 1);
  const vocabulary = words[text].split(/\s+/);
  const phrase = (length) =>
    Array.from({ length }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(' ');
  return Array.from({ length: count }, (_, at) => {
    const index = first + at;
    const updated_at = stamp(index);
    const answer = phrase(4);
    return {
      action,
      id: cardId(index),
      data: {
        plan_id: 'plan-biology-1',
        question: `${phrase(4)}?`,
        answer: index % 8 === 0 ? `${answer}:\n"${phrase(1)}"` : answer,
        tags: [phrase(1)],
        ease_factor: 2.5,
        interval_days: index % 30,
        repetitions: index % 7,
        next_review: updated_at + 86_400_000,
      },
      updated_at,
    };
  });
}
