// Devices that edit the same records while messages are lost, doubled, delayed and overtake each
// other, clocks are wrong, sockets break, the server begins anew, and apps die between any two
// commits of their store. In the end everyone shows what the server holds, and no edit waits.
//
// A failing seed runs alone with CHAOS_SEED=N; CHAOS_SEEDS=N runs more of them.

import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../client/stores/memory.ts';
import type { Store, StoreOpener } from '../../client/stores/store.ts';
import { bare, type Client, Harness, viewOf } from './harness.ts';
import { fair, storm } from './network.ts';
import { Process, type World } from './world.ts';

const seeds = process.env.CHAOS_SEED
  ? [Number(process.env.CHAOS_SEED)]
  : Array.from({ length: Number(process.env.CHAOS_SEEDS ?? 60) }, (_, i) => i + 1);
const steps = 60;

/** Dies at some commit: before it, or after it and before anyone knew. */
function mortal(place: StoreOpener, app: Process, diesAt: number, died: () => void): StoreOpener {
  let commits = 0;
  return async () => {
    const store = await bare(place, app)();
    const mortalStore: Store = {
      ...store,
      commit: async (write, version) => {
        commits += 1;
        if (commits !== diesAt) return store.commit(write, version);
        if (app.world.chance(0.5)) await store.commit(write, version);
        app.dead = true;
        died();
        return new Promise<never>(() => {});
      },
    };
    return mortalStore;
  };
}

class Device {
  readonly #harness: Harness;
  readonly #name: string;
  readonly #place = memoryStore();
  readonly #skewMs: number;
  readonly #live: boolean;
  client!: Client;
  #app!: Process;
  readonly journal: Journal = new Map();
  deaths = 0;

  constructor(harness: Harness, name: string) {
    const { world } = harness;
    this.#harness = harness;
    this.#name = name;
    this.#skewMs = world.chance(0.5) ? world.below(7_200_000) - 3_600_000 : 0;
    this.#live = world.chance(0.7);
  }

  async start(mortalAt = 0): Promise<void> {
    const app = new Process(this.#harness.world, this.#skewMs);
    this.#app = app;
    const died = () => {
      this.deaths += 1;
    };
    const store = mortalAt ? mortal(this.#place, app, mortalAt, died) : bare(this.#place, app);
    const opening = this.#harness.open({ store, device: this.#name, live: this.#live }, app);
    // It may die while it opens, and then it never does.
    const client = await Promise.race([opening, settled()]);
    if (client) this.client = client;
    else if (!app.dead) throw new Error('it did not open');
    else await this.start();
  }

  get dead(): boolean {
    return this.#app.dead;
  }

  kill(): void {
    this.#app.dead = true;
    for (const socket of [...this.#harness.network.open]) {
      if (socket.device === this.#name) socket.fall(1006);
    }
  }
}

const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  return null;
};

/** What a device has edited: by key, the newest durable edit and those after it that may be. */
type Journal = Map<string, { text: string | null; durable: boolean }[]>;

function edit(world: World, { client, journal }: Device): void {
  const plan = `p${world.below(4)}`;
  const session = `s${world.below(6)}`;
  const [plans, sessions] = [client.collection('plans'), client.collection('sessions')];
  const title = `${client.device} ${world.below(1_000_000_000)}`;
  const note = (promise: Promise<void>, ...edits: [key: string, text: string | null][]) => {
    const notes = edits.map(([key, text]) => {
      const one = { text, durable: false };
      journal.set(key, [...(journal.get(key) ?? []), one]);
      return one;
    });
    // An edit whose app dies has no one to tell.
    const settled = () => {
      for (const one of notes) one.durable = true;
    };
    promise.then(settled, () => {});
  };
  const kind = world.below(10);
  if (kind < 4) note(plans.put(plan, { title }), [plan, title]);
  else if (kind < 6) note(sessions.put(session, { plan_id: plan, notes: title }), [session, title]);
  else if (kind < 7) note(plans.delete(plan), [plan, null]);
  else if (kind < 8) note(sessions.delete(session), [session, null]);
  else if (kind < 9) note(plans.put(plan, { title, bad: true }), [plan, title]);
  else {
    const both = client.transaction((tx) => {
      tx.collection('plans').put(plan, { title });
      tx.collection('sessions').put(session, { plan_id: plan, notes: title });
    });
    note(both, [plan, title], [session, title]);
  }
}

/** Keys whose newest durable edit never reached the server, nor one after it. */
function lost(journal: Journal, received: ReadonlySet<unknown>): string[] {
  return [...journal].flatMap(([key, edits]) => {
    const newest = edits.findLastIndex(({ durable }) => durable);
    const candidates = edits.slice(Math.max(0, newest));
    const arrived = newest < 0 || candidates.some(({ text }) => !text || received.has(text));
    return arrived ? [] : [key];
  });
}

async function weather(h: Harness, devices: Device[]): Promise<void> {
  const { world, network } = h;
  network.weather = world.chance(0.7) ? storm : fair;
  network.up = world.chance(0.85);
  h.server.pageRows = world.chance(0.5) ? 3 : 1_000;
  if (world.chance(0.15)) network.cut(1006);
  if (world.chance(0.02)) h.server.begin();
  for (const device of devices) {
    if (world.chance(0.05)) device.kill();
    if (device.dead) await device.start(world.chance(0.5) ? 1 + world.below(12) : 0);
  }
}

async function play(seed: number) {
  const h = new Harness(seed);
  const devices = ['a', 'b', 'c'].map((name) => new Device(h, name));
  for (const device of devices) await device.start(h.world.below(8));
  for (let step = 0; step < steps; step++) {
    await weather(h, devices);
    for (const device of devices) {
      if (!device.dead && h.world.chance(0.6)) edit(h.world, device);
    }
    await h.world.pass(h.world.below(8_000));
  }
  h.network.weather = fair;
  h.network.up = true;
  for (const device of devices) {
    device.kill();
    await device.start();
    if (h.world.chance(0.5))
      for (const { number } of device.client.rejected.list()) {
        await device.client.rejected.dismiss(number);
      }
  }
  for (let round = 0; round < 2; round++) {
    for (const { client } of devices) await h.world.until(client.sync());
  }
  return { h, devices };
}

/** The server's records, without the children that clients hide. */
function visible(view: Record<string, unknown>): Record<string, unknown> {
  const shown = Object.entries(view).filter(([key, data]) => {
    const { plan_id: plan } = data as { plan_id?: string };
    return key.startsWith('plans/') || view[`plans/${plan}`] !== undefined;
  });
  return Object.fromEntries(shown);
}

describe('devices in a storm', () => {
  const total = { deaths: 0, records: 0, requests: 0 };

  it.each(seeds)('converge (seed %i)', async (seed) => {
    const { h, devices } = await play(seed);
    for (const { client, journal } of devices) {
      expect(client.state).toMatchObject({ pending: 0, lastError: null });
      expect(viewOf(client)).toEqual(visible(h.server.view()));
      expect(lost(journal, h.server.received)).toEqual([]);
    }
    // Who has seen the others' edits wins, whatever its clock says.
    for (const { client: author } of devices) {
      await author.collection('plans').put('p0', { title: `last: ${author.device}` });
      await h.world.until(author.sync());
      for (const { client } of devices) {
        await h.world.until(client.sync());
        expect(client.collection('plans').get('p0')?.data.title).toBe(`last: ${author.device}`);
      }
    }
    total.deaths += devices.reduce((sum, { deaths }) => sum + deaths, 0);
    total.records += Object.keys(h.server.view()).length;
    total.requests += h.server.requests;
    await h.close();
  });

  it.skipIf(seeds.length === 1)('have died, and have done something', () => {
    expect(total.deaths).toBeGreaterThan(seeds.length);
    expect(total.records).toBeGreaterThan(seeds.length);
    expect(total.requests).toBeGreaterThan(seeds.length * steps);
  });
});
