// The vectors that the state machine shares with its twin in C++. Each step of a vector runs on a
// state that went through JSON, as a store keeps it.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Json, readAnswer, readBroadcast } from '../../client/answer.ts';
import { keyOf, nameOf } from '../../client/keys.ts';
import { type Declaration, type Outgoing, Replica } from '../../client/replica.ts';
import type { Changes } from '../../client/state.ts';
import { stateOf, writeOf } from '../../client/stored.ts';
import { memoryStore } from '../../client/stores/memory.ts';

interface Step {
  do: string;
  collection: string;
  id: string;
  owner?: string;
  data: { [key: string]: Json };
  now: number;
  live?: boolean;
  request: number;
  answer: unknown;
  frame: unknown;
  index: number;
  expect: { request?: number; body?: Record<string, unknown>; too_large?: true };
}

interface Vector {
  name: string;
  device: string;
  collections?: Declaration[];
  limits?: { deltas?: number; bytes?: number; frame_bytes?: number };
  steps: Step[];
}

const parent = { column: 'plan_id', collection: 'plans' };
const usual = [{ name: 'plans' }, { name: 'sessions', parent }, { name: 'cards', parent }];

const folder = 'tests/vectors/replica';
const vectors = readdirSync(folder).map((file) => ({
  file,
  vector: JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Vector,
}));

const shown = (key: string) => {
  const { owner, collection, id } = nameOf(key);
  return `${owner && `${owner} `}${collection}/${id}`;
};
const withoutEmpty = (body: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(body).filter(([, value]) => !Array.isArray(value) || value.length > 0),
  );

class Player {
  readonly #vector: Vector;
  readonly #store = memoryStore();
  #replica: Replica;

  constructor(vector: Vector) {
    this.#vector = vector;
    this.#replica = new Replica(this.#options());
  }

  #options() {
    const { device, collections = usual, limits } = this.#vector;
    return {
      device,
      collections,
      limits: limits
        ? JSON.parse(JSON.stringify({ ...limits, frameBytes: limits.frame_bytes }))
        : {},
    };
  }

  async #commit(changes: Changes | null) {
    if (!changes) return;
    const store = await this.#store();
    await store.commit(writeOf(changes), (await store.load()).version);
    this.#replica.apply(changes);
  }

  async play(step: Step) {
    const replica = this.#replica;
    const key = step.id === undefined ? '' : keyOf(step.collection, step.id, step.owner);
    const number = () => [...replica.state.rejected.keys()][step.index] ?? 0;
    switch (step.do) {
      case 'edit':
        return this.#commit(replica.edit([{ key, data: step.data }], step.now));
      case 'remove':
        return this.#commit(replica.edit([{ key, data: null }], step.now));
      case 'next':
        return this.#next(step, replica.next(step.now, { live: step.live === true }));
      case 'receive':
        return this.#commit(replica.receive(step.request, readAnswer(step.answer), step.now));
      case 'fail':
        return replica.fail(step.request);
      case 'broadcast': {
        const { outcome, changes } = replica.broadcast(readBroadcast(step.frame));
        expect(outcome).toBe(step.expect);
        return this.#commit(changes);
      }
      case 'dismiss':
        return this.#commit(replica.dismiss(number()));
      case 'retry':
        return this.#commit(replica.retry(number(), step.now));
      case 'restart': {
        const state = stateOf((await (await this.#store()).load()).rows);
        this.#replica = new Replica({ ...this.#options(), ...(state && { state }) });
        return;
      }
      case 'expect':
        return this.#expect(step as unknown as Record<string, unknown>);
      default:
        throw new Error(`no such step: ${step.do}`);
    }
  }

  async #next({ expect: wanted }: Step, outgoing: Outgoing | 'too_large') {
    if (outgoing === 'too_large') return expect(wanted).toEqual({ too_large: true });
    if (wanted.request !== undefined) expect(outgoing.request).toBe(wanted.request);
    expect(withoutEmpty(JSON.parse(outgoing.body))).toEqual(withoutEmpty(wanted.body ?? {}));
    await this.#commit(outgoing.changes);
  }

  #expect({ do: _, ...wanted }: Record<string, unknown>) {
    const { state } = this.#replica;
    const keys = [...state.base.entries(), ...state.outbox.entries()].map(([key]) => key);
    const view = keys.flatMap((key) => {
      const data = this.#replica.view(key);
      return data ? [[shown(key), data]] : [];
    });
    const listed = ({ key, code }: { key: string; code: string }) => {
      const { collection, id } = nameOf(key);
      return { collection, id, code };
    };
    const found: Record<string, unknown> = {
      view: Object.fromEntries(view),
      outbox: [...state.outbox.entries()].map(([key]) => shown(key)).sort(),
      cursor: state.meta.cursor,
      rejected: [...state.rejected.values()].map(listed),
      conflicts: [...state.conflicts.values()].map(listed),
      idle: this.#replica.idle(),
    };
    const sorted = { ...wanted };
    if (Array.isArray(wanted.outbox)) sorted.outbox = [...wanted.outbox].sort();
    expect(found).toMatchObject(sorted);
    if (wanted.view) expect(found.view).toEqual(wanted.view);
  }
}

describe('the replica', () => {
  it('has vectors', () => expect(vectors.length).toBeGreaterThan(30));

  it.each(vectors)('$vector.name ($file)', async ({ vector }) => {
    const player = new Player(vector);
    for (const [index, step] of vector.steps.entries()) {
      try {
        await player.play(step);
      } catch (error) {
        if (error instanceof Error) error.message = `step ${index + 1}: ${error.message}`;
        throw error;
      }
    }
  });
});
