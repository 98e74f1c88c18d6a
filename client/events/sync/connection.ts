// One socket that speaks the protocol: from its opening over Hello to its end. It pings, joins
// chunks, and ends itself when the server is silent.

import { Alarm, type Platform } from '../../platform.ts';
import type { Bytes } from '../bytes.ts';
import { framesOf, Joiner } from '../chunks.ts';
import { asEventsError, closeError, EventsError } from '../errors.ts';
import { parseMessage, ping, type ServerMessage } from '../protocol.ts';
import type { OpenedSocket, SocketLike } from './sockets.ts';

export const pingMs = 10_000;

export interface ConnectionOptions {
  platform: Platform;
  timeoutMs: number;
  disablePing: boolean;
}

export interface ConnectionEvents {
  /** Something came, whatever it was. */
  heard(): void;
  message(message: ServerMessage): void;
  /** Called once. */
  closed(error: EventsError): void;
}

export class Connection {
  readonly #socket: SocketLike;
  readonly #events: ConnectionEvents;
  readonly #joiner = new Joiner();
  readonly #ping: Alarm;
  readonly #limit: Alarm;
  #pings = 0;
  #answered = 0;
  /** Something came since the last ping: a Pong may wait behind it. */
  #heard = false;
  #chunks = 0;
  #hello = false;
  #ended = false;

  constructor(
    { socket, begin }: OpenedSocket,
    options: ConnectionOptions,
    events: ConnectionEvents,
  ) {
    this.#socket = socket;
    this.#events = events;
    const { platform, timeoutMs, disablePing } = options;
    this.#limit = new Alarm(platform, () =>
      this.end(new EventsError('timed_out', 'The server did not greet in time')),
    );
    this.#limit.set(timeoutMs);
    this.#ping = new Alarm(platform, () => this.#beat());
    if (!disablePing) this.#ping.set(pingMs);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    socket.addEventListener('close', ({ code = 1006, reason = '' }) =>
      this.#over(closeError(code, reason)),
    );
    // A close follows; what went wrong a browser does not tell.
    socket.addEventListener('error', () => {});
    begin?.();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a message, in chunks if it is long. */
  send(message: Bytes): void {
    if (this.#ended) return;
    try {
      const frames = framesOf(this.#chunks, message);
      if (frames.length > 1) this.#chunks += 1;
      for (const frame of frames) this.#socket.send(frame);
    } catch (error) {
      this.end(asEventsError(error, 'offline'));
    }
  }

  /** Closes the socket, for the given reason. */
  end(error: EventsError): void {
    if (this.#ended) return;
    try {
      this.#socket.close(1000);
    } catch {
      // It was never open.
    }
    this.#over(error);
  }

  #over(error: EventsError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ping.clear();
    this.#limit.clear();
    this.#events.closed(error);
  }

  #beat(): void {
    const silent = this.#answered !== this.#pings;
    if (silent && !this.#heard) {
      this.end(new EventsError('timed_out', 'The server did not answer a ping'));
      return;
    }
    this.#heard = false;
    this.#ping.set(pingMs);
    // Before its greeting a server may not listen yet.
    if (silent || !this.#hello) return;
    this.#pings += 1;
    this.send(ping(this.#pings));
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    this.#heard = true;
    try {
      this.#events.heard();
      this.#message(parseMessage(bytesIn(data)));
    } catch (error) {
      this.end(asEventsError(error, 'bad_frame'));
    }
  }

  #message(message: ServerMessage): void {
    if (message.tag === 'ChunkedMessage') {
      const whole = this.#joiner.add(message);
      if (!whole) return;
      const inner = parseMessage(whole);
      if (inner.tag === 'ChunkedMessage') throw new EventsError('bad_frame', 'A chunk of chunks');
      this.#message(inner);
    } else if (message.tag === 'Pong') {
      this.#answered = message.id;
    } else if (message.tag === 'Hello') {
      if (this.#hello) return;
      this.#hello = true;
      this.#limit.clear();
      this.#events.message(message);
    } else {
      this.#events.message(message);
    }
  }
}

function bytesIn(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new EventsError('bad_frame', 'The server sent a frame that is not binary');
}
