// One WebSocket of /sync/live (docs/live.md). It knows frames and their ends, and nothing of
// records: an answer goes to the request that waits for it, all else to `LiveEvents`.
//
// A socket that stays silent is closed: a `pong`, or anything else, must follow each `ping`.

import { asSyncError, SyncError } from '../errors.ts';
import { Alarm, type Platform } from '../platform.ts';

export interface LiveEvents {
  /** A `changes` frame that no request asked for. */
  broadcast(frame: unknown): void;
  presence(device: string, state: unknown): void;
  /** An `error` frame that belongs to no request. */
  error(error: SyncError): void;
  /** Called once. */
  closed(error: SyncError, code: number): void;
}

export interface LiveOptions {
  url: string;
  WebSocket: typeof globalThis.WebSocket;
  platform: Platform;
  timeoutMs: number;
  pingMs: number;
}

interface Waiting {
  request: number;
  resolve: (frame: unknown) => void;
  reject: (error: SyncError) => void;
}

function addressOf(url: string, device: string): string {
  // The page's own origin, if the address is relative.
  const base = globalThis.location?.href;
  const address = new URL(`${url}/sync/live`, base);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.searchParams.set('device', device);
  return address.href;
}

function errorOf(frame: Record<string, unknown>): SyncError {
  const { code, message, status, retry_after: wait } = frame;
  return new SyncError(
    typeof code === 'string' ? code : 'bad_answer',
    typeof message === 'string' ? message : 'The server sent an error',
    {
      status: typeof status === 'number' ? status : undefined,
      retryAfterMs: typeof wait === 'number' && wait >= 0 ? wait * 1000 : undefined,
    },
  );
}

export class LiveSocket {
  readonly #socket: WebSocket;
  readonly #options: LiveOptions;
  readonly #events: LiveEvents;
  readonly #ping: Alarm;
  readonly #limit: Alarm;
  #opened: ((error?: SyncError) => void) | null = null;
  #waiting: Waiting | null = null;
  #heard = true;
  #ended = false;

  private constructor(options: LiveOptions, events: LiveEvents, address: string, given: string[]) {
    this.#options = options;
    this.#events = events;
    this.#ping = new Alarm(options.platform, () => this.#beat());
    this.#limit = new Alarm(options.platform, () =>
      this.end(new SyncError('timed_out', 'No answer in time')),
    );
    this.#limit.set(options.timeoutMs);
    this.#socket = new options.WebSocket(address, given);
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = ({ data }) => this.#message(data);
    this.#socket.onclose = ({ code }) =>
      this.end(new SyncError('offline', `The connection ended (${code})`), code);
    // A close always follows; what went wrong a browser does not tell.
    this.#socket.onerror = () => {};
  }

  /** Resolves once it is open. Without a token the session's cookie counts. */
  static connect(
    options: LiveOptions,
    events: LiveEvents,
    { device, token }: { device: string; token: string | null },
  ): Promise<LiveSocket> {
    return new Promise((resolve, reject) => {
      try {
        const given = token === null ? ['tidemark'] : ['tidemark', `bearer.${token}`];
        const live = new LiveSocket(options, events, addressOf(options.url, device), given);
        live.#opened = (error) => (error ? reject(error) : resolve(live));
      } catch (error) {
        reject(asSyncError(error, 'offline'));
      }
    });
  }

  /** Sends the body of POST /sync as a frame, and resolves with the answer's. One at a time. */
  exchange(request: number, body: string, deltas: number): Promise<unknown> {
    if (this.#ended) return Promise.reject(new SyncError('offline', 'The connection has ended'));
    const type = deltas > 0 ? 'push' : 'pull';
    return new Promise((resolve, reject) => {
      this.#waiting = { request, resolve, reject };
      this.#limit.set(this.#options.timeoutMs);
      this.#send(`{"type":"${type}","request":${request},${body.slice(1)}`);
    });
  }

  present(state: unknown): void {
    this.#send(JSON.stringify({ type: 'presence', state }));
  }

  /** Closes it; whoever waits gets the error. */
  end(error: SyncError, code = 1000): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ping.clear();
    this.#limit.clear();
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#waiting?.reject(error);
    this.#waiting = null;
    if (this.#opened) this.#opened(error);
    else this.#events.closed(error, code);
    this.#opened = null;
  }

  #open(): void {
    this.#limit.clear();
    this.#ping.set(this.#options.pingMs);
    this.#opened?.();
    this.#opened = null;
  }

  #beat(): void {
    if (!this.#heard) {
      this.end(new SyncError('timed_out', 'The server did not answer a ping'));
      return;
    }
    this.#heard = false;
    this.#send('ping');
    this.#ping.set(this.#options.pingMs);
  }

  #send(text: string): void {
    try {
      this.#socket.send(text);
    } catch (error) {
      this.end(asSyncError(error, 'offline'));
    }
  }

  #message(data: unknown): void {
    this.#heard = true;
    if (data === 'pong') return;
    try {
      const frame: unknown = typeof data === 'string' ? JSON.parse(data) : null;
      if (typeof frame !== 'object' || frame === null) throw new Error('A frame is no object');
      this.#frame(frame as Record<string, unknown>);
    } catch (error) {
      this.end(asSyncError(error, 'bad_answer'));
    }
  }

  #frame(frame: Record<string, unknown>): void {
    const { type, request } = frame;
    if (request !== undefined && (type === 'ack' || type === 'changes' || type === 'error')) {
      const waiting = this.#waiting;
      if (waiting?.request !== request) return; // given up
      this.#waiting = null;
      this.#limit.clear();
      if (type === 'error') waiting.reject(errorOf(frame));
      else waiting.resolve(frame);
    } else if (type === 'changes') {
      this.#events.broadcast(frame);
    } else if (type === 'presence') {
      if (typeof frame.device === 'string')
        this.#events.presence(frame.device, frame.state ?? null);
    } else if (type === 'error') {
      this.#events.error(errorOf(frame));
    }
  }
}
