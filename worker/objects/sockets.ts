// The sockets of a space, as hibernation keeps them: what is known of each lies in its attachment,
// so it outlives the object's memory (16,384 bytes at most).

import type { IdentityFrame } from '../frames.ts';

export interface Socket {
  device: string;
  identity: IdentityFrame;
  /** The frame that tells its presence to those who join later. */
  presence: string;
}

/** What is counted only while the object is in memory. */
interface Window {
  startedAt: number;
  frames: number;
}

const MINUTE_MS = 60_000;
export const SIGNED_OUT = 4401;
const EXPIRES_MS = 6; // its place in an IdentityFrame

export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #known = new WeakMap<WebSocket, Socket>();
  readonly #windows = new WeakMap<WebSocket, Window>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  get count(): number {
    return this.#ctx.getWebSockets().length;
  }

  /** Takes one end of a pair, and tells it who is there. */
  accept(webSocket: WebSocket, socket: Socket): void {
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    const others = this.#ctx.getWebSockets();
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

  /** Counts a frame from a socket: how many came in this minute, and what is left of it. */
  countFrame(webSocket: WebSocket): { frames: number; leftMs: number } {
    const now = Date.now();
    let window = this.#windows.get(webSocket);
    if (window === undefined || now - window.startedAt >= MINUTE_MS) {
      window = { startedAt: now, frames: 0 };
      this.#windows.set(webSocket, window);
    }
    window.frames += 1;
    return { frames: window.frames, leftMs: window.startedAt + MINUTE_MS - now };
  }

  /** Sends a frame to every socket but a device's own. One whose token has ended is closed. */
  publish(exceptDevice: string, frame: string): void {
    const now = Date.now();
    for (const webSocket of this.#ctx.getWebSockets()) {
      const { device, identity } = this.of(webSocket);
      const expiresMs = identity[EXPIRES_MS];
      if (expiresMs > 0 && expiresMs <= now) {
        close(webSocket, SIGNED_OUT, 'the token has expired');
      } else if (device !== exceptDevice) {
        send(webSocket, frame);
      }
    }
  }

  /** Whether another open socket of the same device is there. */
  hasAnother(device: string, than: WebSocket): boolean {
    return this.#ctx
      .getWebSockets()
      .some((other) => other !== than && this.of(other).device === device);
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
