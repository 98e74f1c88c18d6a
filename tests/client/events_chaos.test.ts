// Devices that write while connections break, messages are lost, doubled and late, processes die
// and the server forgets everything. In the end all devices and the server agree, and no write that
// resolved is gone. A failing seed replays as it was.

import { describe, expect, it } from 'vitest';
import { compactByCount, memoryStore, type RemoteSync } from '../../client/events/index.ts';
import type { StoreOpener } from '../../client/stores/store.ts';
import { EventsHarness, shown } from './events_harness.ts';
import { hex } from './events_server.ts';
import type { Process } from './world.ts';

interface Seat {
  place: StoreOpener;
  process: Process;
  device: RemoteSync;
}

class Chaos {
  readonly harness: EventsHarness;
  readonly seats: Seat[] = [];
  /** Audit notes whose write resolved. */
  readonly written = new Set<string>();
  readonly #options: { wipes: boolean; every: number | null };
  #notes = 0;

  constructor(seed: number, options: { wipes: boolean; every: number | null }) {
    this.harness = new EventsHarness(seed);
    this.#options = options;
  }

  async sit(place: StoreOpener): Promise<void> {
    const { world } = this.harness;
    const process = this.harness.process(world.below(2_000) - 1_000);
    const device = await this.#open(place, process);
    this.seats.push({ place, process, device });
  }

  #open(place: StoreOpener, process: Process): Promise<RemoteSync> {
    const { every } = this.#options;
    const compaction = every === null ? null : compactByCount(every);
    return this.harness.open({ journal: place, compaction, timeout: 8_000 }, process);
  }

  async turn(): Promise<void> {
    const { world, server } = this.harness;
    const seat = this.seats[world.below(this.seats.length)] as Seat;
    const dice = world.random();
    if (dice < 0.7) await this.#write(seat);
    else if (dice < 0.76) server.cut();
    else if (dice < 0.8) await this.#restart(seat);
    else if (dice < 0.82) server.up = !server.up;
    else if (dice < 0.83 && this.#options.wipes) server.wipe();
    else server.resends = world.chance(0.5);
    await world.pass(world.below(1_500));
  }

  async #write({ device }: Seat): Promise<void> {
    const { world } = this.harness;
    const id = `${world.below(6)}`;
    if (world.chance(0.4)) {
      this.#notes += 1;
      const action = `note ${this.#notes}`;
      await device.store.audit.record({ actor: 'a', action });
      this.written.add(action);
    } else if (world.chance(0.2)) {
      await device.store.artifacts.delete(id);
    } else {
      const content = `${world.random()}`;
      await device.store.artifacts.put({ id, name: id, type: 't', content });
    }
  }

  async #restart(seat: Seat): Promise<void> {
    seat.process.dead = true;
    seat.process = this.harness.process(seat.process.skewMs);
    seat.device = await this.#open(seat.place, seat.process);
  }

  async calm(): Promise<void> {
    const { server } = this.harness;
    Object.assign(server, { up: true, loss: 0, resends: false, tamper: (m: unknown) => m });
    // What was lost last has nothing after it that would show the hole; a new connection does.
    server.cut();
    await this.harness.settle();
  }
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', (seed) => {
  it('all agree in the end, and nothing written is gone', async () => {
    const wipes = seed % 2 === 0;
    const chaos = new Chaos(seed, { wipes, every: seed % 3 === 0 ? 20 : null });
    const { server, world } = chaos.harness;
    server.loss = 0.05;
    server.delayMs = 300;
    const shared = memoryStore(); // of two tabs
    for (const place of [memoryStore(), shared, shared]) await chaos.sit(place);
    server.tamper = (message) => {
      if (message._tag !== 'Changes' || !world.chance(0.05)) return message;
      return world.chance(0.5) ? null : doubled(message);
    };
    for (let turn = 0; turn < 150; turn += 1) await chaos.turn();
    await chaos.calm();
    const [first, ...others] = chaos.seats.map(({ device }) => shown(device));
    for (const other of others) expect(other).toEqual(first);
    const [{ device }] = chaos.seats as [Seat];
    const actions = device.store.audit.list({ limit: 1e9 }).items.map(({ action }) => action);
    expect(new Set(actions)).toEqual(chaos.written);
    expect(actions).toHaveLength(chaos.written.size);
    const ids = server.log('default').map(({ entryId }) => hex(entryId));
    expect(new Set(ids).size).toBe(ids.length);
    await chaos.harness.close();
  }, 60_000);
});

const doubled = (message: Record<string, unknown> & { _tag: string }) => ({
  ...message,
  entries: [...(message.entries as unknown[]), ...(message.entries as unknown[])],
});
