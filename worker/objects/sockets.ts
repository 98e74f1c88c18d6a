// The sockets of a space, as hibernation keeps them: what is known of each lies in its attachment,
// so it outlives the object's memory (16,384 bytes at most).

import type { IdentityFrame } from '../frames.ts';

export interface Socket {
  device: string;
  identity: IdentityFrame;
  /** The frame that tells its presence to those who join later. */
  presence: string;
}

/** What a socket, or all of a space, did in a minute: counted while the object is in memory. */
class Window {
  startedAt = Number.NEGATIVE_INFINITY;
  frames = 0;
  units = 0; // of text that was sent because of it

  /** Counts a frame in; what is left of the minute, in milliseconds. */
  count(now: number): number {
    if (now - this.startedAt >= MINUTE_MS) {
      this.startedAt = now;
      this.frames = 0;
      this.units = 0;
    }
    this.frames += 1;
    return this.startedAt + MINUTE_MS - now;
  }
}

const MINUTE_MS = 60_000;
export const SIGNED_OUT = 4401;
const EXPIRES_MS = 6; // its place in an IdentityFrame

export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #known = new WeakMap<WebSocket, Socket>();
  readonly #windows = new WeakMap<WebSocket, Window>();
  readonly #window = new Window();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  get count(): number {
    return this.#open().length;
  }

  /** Those that were not told to close yet. */
  #open(): WebSocket[] {
    return this.#ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  /** Takes one end of a pair, and tells it who is there. */
  accept(webSocket: WebSocket, socket: Socket): void {
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    const others = this.#open();
    this.#ctx.acceptWebSocket(webSocket);
    this.update(webSocket, socket);
    for (const other of others) {
      const { device, presence } = this.of(other);
      if (presence !== '' && device !== socket.device) send(webSocket, presence);
    }
  }

  of(webSocket: WebSocket): Socket {
    let socket = this.#known.get(webSocket);
    if (socket === undefined) {
      socket = webSocket.deserializeAttachment() as Socket;
      this.#known.set(webSocket, socket);
    }
    return socket;
  }

  update(webSocket: WebSocket, socket: Socket): void {
    this.#known.set(webSocket, socket);
    webSocket.serializeAttachment(socket);
  }

  /** Counts a frame from a socket, for the core, which says how many are too many. */
  countFrame(webSocket: WebSocket): Record<string, string> {
    const now = Date.now();
    const window = this.#windowOf(webSocket);
    const left = [window.count(now), this.#window.count(now)];
    return {
      frames: String(window.frames),
      units: String(window.units),
      space_frames: String(this.#window.frames),
      space_units: String(this.#window.units),
      left_ms: String(Math.max(...left)),
    };
  }

  /** Sends what answers a frame, if anything does. */
  answer(webSocket: WebSocket, text: string): void {
    if (text === '') return;
    this.#windowOf(webSocket).units += text.length;
    this.#window.units += text.length;
    send(webSocket, text);
  }

  #windowOf(webSocket: WebSocket): Window {
    let window = this.#windows.get(webSocket);
    if (window === undefined) {
      window = new Window();
      this.#windows.set(webSocket, window);
    }
    return window;
  }

  /** Sends a frame to every socket but a device's own. One whose token has ended is closed. */
  publish(exceptDevice: string, frame: string): void {
    const now = Date.now();
    for (const webSocket of this.#ctx.getWebSockets()) {
      if (webSocket.readyState !== WebSocket.OPEN) continue;
      const { device, identity } = this.of(webSocket);
      const expiresMs = identity[EXPIRES_MS];
      if (expiresMs > 0 && expiresMs <= now) {
        close(webSocket, SIGNED_OUT, 'the token has expired');
      } else if (device !== exceptDevice) {
        this.#window.units += frame.length;
        send(webSocket, frame);
      }
    }
  }

  /** The state of a device by another of its sockets; empty where none has one. */
  presenceOf(device: string, than: WebSocket): string {
    const others = this.#open()
      .filter((other) => other !== than)
      .map((other) => this.of(other));
    const found = others.find((other) => other.device === device && other.presence !== '');
    return found?.presence ?? '';
  }

  closeAll(code: number, reason: string): void {
    for (const webSocket of this.#ctx.getWebSockets()) close(webSocket, code, reason);
  }
}

// A socket may be on its way out while it is still listed: that is no fault.
export function send(webSocket: WebSocket, frame: string): void {
  try {
    webSocket.send(frame);
  } catch {
    close(webSocket, 1011, 'not reachable');
  }
}

export function close(webSocket: WebSocket, code: number, reason: string): void {
  try {
    webSocket.close(code, reason);
  } catch {
    // It is closed already.
  }
}

/** An error that the core has no word in. */
export function errorFrame(code: string, message: string, status: number, retryAfter?: number) {
  return JSON.stringify({ type: 'error', code, message, status, retry_after: retryAfter });
}
