// Frames of sockets that come together, or while others are made durable: they are run together, so
// the disk is waited for once for all of them.
//
// Rules:
// - Frames keep their order, of all sockets.
// - The runtime hands over each frame in a turn of its own. So with the first, a few turns are
//   waited for others that it has read already; these take no time worth the name.
// - Of a socket that is not bound yet a frame goes alone: what follows is held to what it binds.
// - What waits is bounded: with so much of it nothing is waited for.

export interface Arrived {
  webSocket: WebSocket;
  bytes: Uint8Array;
}

export interface Runner {
  /** Of a socket whose frames may go with others. */
  isBound(webSocket: WebSocket): boolean;
  /** Runs them, in order; throws nothing. */
  runGroup(frames: Arrived[]): void;
  /** The disk could not be waited for. */
  failed(error: unknown): void;
}

const WAITING_MAX = 256;
const WAITING_BYTES_MAX = 32 << 20;

/** Of a group: what follows it waits in memory until it is committed. */
const GROUP_BYTES_MAX = 4 << 20;

/** Turns in which no frame comes, until none is taken to be on its way. */
const QUIET_TURNS = 2;

export class Arrivals {
  readonly #ctx: DurableObjectState;
  readonly #runner: Runner;
  #arrived: Arrived[] = [];
  #bytes = 0;
  #committing = false;

  constructor(ctx: DurableObjectState, runner: Runner) {
    this.#ctx = ctx;
    this.#runner = runner;
  }

  add(frame: Arrived): void {
    this.#arrived.push(frame);
    this.#bytes += frame.bytes.byteLength;
    const full = this.#arrived.length >= WAITING_MAX || this.#bytes > WAITING_BYTES_MAX;
    if (full) this.run();
    if (!this.#committing) this.#ctx.waitUntil(this.#commit());
  }

  /** All that wait, now. */
  run(): void {
    this.#bytes = 0;
    let group: Arrived[] = [];
    let bytes = 0;
    const end = () => {
      if (group.length > 0) this.#runner.runGroup(group);
      group = [];
      bytes = 0;
    };
    for (const frame of this.#arrived.splice(0)) {
      const alone = !this.#runner.isBound(frame.webSocket);
      if (alone || bytes + frame.bytes.byteLength > GROUP_BYTES_MAX) end();
      group.push(frame);
      bytes += frame.bytes.byteLength;
      if (alone) end();
    }
    end();
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    try {
      do {
        await this.#gather();
        this.run();
        await this.#sync();
      } while (this.#arrived.length > 0);
    } finally {
      this.#committing = false;
    }
  }

  /** Where nothing is to be synced, to ask for it takes a turn and no time. */
  async #gather(): Promise<void> {
    let seen = this.#arrived.length;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await this.#sync();
      if (this.#arrived.length > seen) quiet = -1;
      seen = this.#arrived.length;
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#ctx.storage.sync();
    } catch (error) {
      this.#runner.failed(error);
    }
  }
}
