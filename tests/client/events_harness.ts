// A world with a server of the event log, and devices in it.

import { EventsError } from '../../client/events/errors.ts';
import {
  connectRemoteSync,
  type RemoteSync,
  type RemoteSyncOptions,
} from '../../client/events/index.ts';
import { EventServer } from './events_server.ts';
import { bare } from './harness.ts';
import { Process, seeded, World } from './world.ts';

/** Randomness from a seed, where a test needs ids that come again. */
export function seededCrypto(seed: number): Crypto {
  const random = seeded(seed);
  return {
    subtle: globalThis.crypto.subtle,
    randomUUID: () => '00000000-0000-4000-8000-000000000000',
    getRandomValues: <T extends ArrayBufferView | null>(view: T): T => {
      const bytes = view as unknown as Uint8Array;
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(random() * 256);
      return view;
    },
  } as Crypto;
}

export class EventsHarness {
  readonly world: World;
  readonly server: EventServer;
  readonly #opened: { device: RemoteSync; process: Process }[] = [];
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed * 1_000;
    this.world = new World(seed);
    this.server = new EventServer(this.world);
  }

  process(skewMs = 0): Process {
    return new Process(this.world, skewMs);
  }

  /** A device without encryption: WebCrypto answers in real time, not in the world's. */
  async open(
    options: Partial<RemoteSyncOptions> = {},
    process = this.process(),
  ): Promise<RemoteSync> {
    this.#seed += 1;
    const { journal } = options;
    const device = await connectRemoteSync({
      url: 'ws://server.test',
      encryption: { enabled: false },
      crypto: seededCrypto(this.#seed),
      WebSocket: this.server.socketOf(process),
      ...process.platform,
      ...options,
      ...(journal && { journal: bare(journal, process) }),
    });
    this.#opened.push({ device, process });
    return device;
  }

  /** Lets time pass until all devices are equal to the server. */
  async settle(ms = 600_000): Promise<void> {
    const end = this.world.now + ms;
    while (this.world.now < end) {
      await this.world.pass(250);
      if (this.#living().every(({ sync }) => sync.status.state === 'connected')) {
        await this.world.pass(3_000);
        if (this.#living().every(({ sync }) => sync.status.state === 'connected')) return;
      }
    }
    const states = this.#living().map(({ sync }) => JSON.stringify(sync.status));
    throw new Error(`the devices did not settle: ${states.join(', ')}`);
  }

  #living(): RemoteSync[] {
    return this.#opened.filter(({ process }) => !process.dead).map(({ device }) => device);
  }

  async close(): Promise<void> {
    for (const device of this.#living()) await device.close();
  }
}

/** Everything that a device shows. */
export const shown = ({ store }: RemoteSync): unknown => ({
  chat: store.chat.sessions().map((session) => store.chat.list(session, { limit: 1e9 }).items),
  artifacts: store.artifacts.list({ limit: 1e9 }).items,
  audit: store.audit.list({ limit: 1e9 }).items,
});

/** The code that a promise rejects with. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof EventsError ? error.code : String(error)),
  );

export const thrownCode = (run: () => unknown): string => {
  try {
    run();
    return 'no error';
  } catch (error) {
    return error instanceof EventsError ? error.code : String(error);
  }
};
