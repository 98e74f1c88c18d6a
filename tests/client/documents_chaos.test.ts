// Devices of several people at one document, over a network that loses, doubles and delays, while
// apps are killed and started again from what they kept. Every value is another one, so that at the
// end each can be followed: nothing of anybody is written over unseen and unreported.

import { describe, expect, it } from 'vitest';
import type { DB } from '../../client/documents/db.ts';
import type { Conflict, DocumentRecord } from '../../client/documents/types.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { Documents } from './documents_harness.ts';
import type { Entry } from './fake_documents.ts';
import { bare } from './harness.ts';
import { fair } from './network.ts';
import { Process } from './world.ts';

const fields = ['a', 'b', 'c'];
const storm = { loss: 0.2, doubled: 0.15, delayMs: 2_500 };

interface Person {
  name: string;
  store: ReturnType<typeof memoryStore>;
  process: Process;
  db: DB;
  form: DocumentRecord | undefined;
  /** Values that this person was shown when editing or deleting their record. */
  seen: Set<unknown>;
  /** Each value this person wrote: its record, and its place among the person's edits. */
  made: { value: unknown; key: string; field: string; turn: number }[];
  /** The last edit of a field, or the deletion of a record, that came later. */
  turns: Map<string, number>;
  reported: Set<unknown>;
  /** Values of conflicts that this person has answered. */
  resolved: Set<unknown>;
}

class Chaos {
  readonly d: Documents;
  readonly people: Person[] = [];
  #values = 0;
  #turn = 0;

  constructor(seed: number) {
    this.d = new Documents(seed);
  }

  async begin(count: number): Promise<void> {
    const { d } = this;
    d.server.write('', ['keep', 'k', {}], ['r', 'r0', { born: 'b', a: 'x' }]);
    d.server.publish();
    // A cache that has any of the last three.
    d.server.choose = (copies) => Math.max(0, copies - 1 - d.world.below(3));
    for (let i = 0; i < count; i += 1) {
      const person = {
        name: `person-${i}`,
        store: memoryStore(),
        form: undefined,
        seen: new Set(),
        made: [],
        turns: new Map(),
        reported: new Set(),
        resolved: new Set(),
      };
      this.people.push(Object.assign(person, await this.#start(person)));
    }
    d.weather = storm;
  }

  async #start({ name, store }: Pick<Person, 'name' | 'store'>) {
    const { d } = this;
    const process = new Process(d.world);
    const view = d.world.chance(0.5) ? 'owner' : 'published';
    const options = { user: name, store: bare(store, process), view, pollInterval: 4_000 } as const;
    const opened = await d.open({ ...options, http: { timeout: 3_000 } }, process);
    return { process, db: opened };
  }

  async act(): Promise<void> {
    const { world, server } = this.d;
    if (world.chance(0.3)) server.publish();
    const person = this.people[world.below(this.people.length)] as Person;
    this.note(person);
    const id = `r${world.below(6)}`;
    const now = person.db.collection('r').get(id);
    const choice = world.random();
    if (choice < 0.08) {
      person.process.dead = true;
      Object.assign(person, await this.#start(person));
    } else if (choice < 0.16) await this.#resolve(person);
    else if (choice < 0.24 && now) {
      this.#see(person, id, now);
      await person.db.delete('r', id);
    } else if (choice < 0.34) person.form = now;
    else if (choice < 0.42 && person.form) await this.#submit(person, person.form);
    else await this.#edit(person, id, now);
    await world.pass(world.below(1_500));
  }

  async #edit(person: Person, id: string, now: DocumentRecord | undefined): Promise<void> {
    const { world } = this.d;
    const field = fields[world.below(3)] ?? 'a';
    if (now === undefined) {
      const [born, value] = [this.#value(person, id, 'born'), this.#value(person, id, field)];
      await person.db.upsert('r', { id, born, [field]: value });
      return;
    }
    if (field in now) person.seen.add(now[field]);
    const isGone = field in now && world.chance(0.2);
    const value = isGone ? undefined : this.#value(person, id, field);
    if (isGone) person.turns.set(`${id} ${field}`, this.#turn + 1);
    await person.db.update('r', id, { [field]: value });
  }

  /** What was shown some time ago is sent whole. */
  async #submit(person: Person, base: DocumentRecord): Promise<void> {
    const value = this.#value(person, base.id, 'b');
    if ('b' in base) person.seen.add(base.b);
    person.form = undefined;
    await person.db.upsert('r', { ...base, b: value }, { base });
  }

  #value(person: Person, key: string, field: string): string {
    this.#values += 1;
    this.#turn += 1;
    const value = `${person.name} ${this.#values}`;
    person.made.push({ value, key, field, turn: this.#turn });
    person.turns.set(`${key} ${field}`, this.#turn);
    return value;
  }

  #see(person: Person, key: string, record: DocumentRecord): void {
    this.#turn += 1;
    for (const value of Object.values(record)) person.seen.add(value);
    for (const field of [...fields, 'born']) person.turns.set(`${key} ${field}`, this.#turn);
  }

  note({ db, reported }: Person): void {
    for (const conflict of db.queue.conflicts) {
      for (const value of valuesOf(conflict)) reported.add(value);
    }
  }

  async #resolve(person: Person): Promise<void> {
    const { world } = this.d;
    const { conflicts } = person.db.queue;
    const conflict = conflicts[world.below(conflicts.length)];
    if (!conflict) return;
    const { kind, collection, id, number } = conflict;
    const now = person.db.collection(collection).get(id);
    const side = world.chance(0.5) || (kind === 'field' && !now) ? 'mine' : 'theirs';
    // To answer is to have seen.
    if (now) this.#see(person, id, now);
    for (const value of valuesOf(conflict)) person.resolved.add(value);
    await person.db.queue.resolve(number, side);
  }

  async end(): Promise<void> {
    const { d } = this;
    d.weather = fair;
    d.server.choose = (copies) => copies - 1;
    await d.world.pass(10_000);
    for (const { db } of this.people) await d.world.until(db.flush());
    d.server.publish();
    for (const { db } of this.people) await d.world.until(db.refresh());
    for (const person of this.people) this.note(person);
  }
}

const valuesOf = ({ kind, mine, theirs }: Conflict): unknown[] =>
  [mine, theirs].flatMap((side) => (kind === 'field' ? [side] : Object.values(side ?? {})));

/** What a write took away of another person's. */
function lost({ before, after }: Entry): [field: string, value: unknown][] {
  return Object.entries(before ?? {}).filter(
    ([field, value]) => field !== 'id' && after?.[field] !== value,
  );
}

const seeds = process.env.CHAOS_SEED
  ? [Number(process.env.CHAOS_SEED)]
  : Array.from({ length: Number(process.env.CHAOS_SEEDS ?? 40) }, (_, i) => i + 1);

describe.each(seeds)('chaos %i', (seed) => {
  it('converges, and loses nothing in silence', async () => {
    const chaos = new Chaos(seed);
    await chaos.begin(2 + (seed % 3));
    chaos.d.server.tells = seed % 4 !== 0;
    for (let i = 0; i < 60; i += 1) await chaos.act();
    await chaos.end();
    const { server } = chaos.d;
    const people = new Map(chaos.people.map((person) => [person.name, person]));

    for (const { db } of chaos.people) {
      expect(db.status).toMatchObject({ queued: 0, refused: 0, lastError: null });
      expect(db.collection('r').list()).toEqual(server.document.r);
    }

    const writers = new Map<unknown, string>();
    for (const entry of server.journal) {
      const person = people.get(entry.user);
      for (const [field, value] of lost(entry)) {
        if (!person || writers.get(value) === entry.user) continue;
        const isKnown = person.seen.has(value) || person.reported.has(value);
        expect([seed, entry, field, value, isKnown]).toEqual([seed, entry, field, value, true]);
      }
      for (const value of Object.values(entry.after ?? {})) {
        if (!writers.has(value)) writers.set(value, entry.user);
      }
    }

    const born = server.journal.filter(({ before, after }) => !before && after?.born !== undefined);
    const revived = born.filter(({ after }, at) =>
      born.slice(0, at).some((earlier) => earlier.after?.born === after?.born),
    );
    for (const { user, after } of revived) {
      expect([...(people.get(user)?.resolved ?? [])]).toContain(after?.born);
    }

    for (const { made, turns, reported, name } of chaos.people) {
      for (const { value, key, field, turn } of made) {
        const isOver = (turns.get(`${key} ${field}`) ?? 0) > turn;
        const isKept = writers.has(value) || reported.has(value);
        expect([seed, name, value, isOver || isKept]).toEqual([seed, name, value, true]);
      }
    }
    await chaos.d.close();
  });
});
