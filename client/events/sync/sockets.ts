// How a WebSocket is had in each runtime. Nothing is looked up when this file is loaded: a runtime
// without a WebSocket notices at its first connection.
//
// A layer is told the address and the token. Browsers cannot set headers, so there the token goes
// as a subprotocol, `bearer.TOKEN`, beside `tidemark`, with which the server answers.

import { EventsError } from '../errors.ts';

/** What is used of a WebSocket. */
export interface SocketLike {
  binaryType?: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: { data?: unknown; code?: number; reason?: string }) => void,
  ): void;
}

export interface SocketRequest {
  /** ws: or wss:. */
  url: string;
  token: string | null;
}

export interface OpenedSocket {
  socket: SocketLike;
  /** Called once its events are listened to, where none may come before. */
  begin?: () => void;
}

export interface WebSocketLayer {
  readonly name: string;
  open(request: SocketRequest): OpenedSocket | Promise<OpenedSocket>;
}

type Headers = Record<string, string>;
type Constructor<Second> = new (url: string, second?: Second) => unknown;

/** Any class made like the browser's. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => unknown;

function given<T>(asked: T | undefined): T {
  const found = asked ?? (globalThis as unknown as { WebSocket?: T }).WebSocket;
  if (found) return found;
  throw new EventsError('no_websocket', 'This runtime has no WebSocket: give one as `WebSocket`');
}

const bearer = (token: string | null): Headers =>
  token === null ? {} : { authorization: `Bearer ${token}` };

/** Browsers, and whatever has a WebSocket like theirs. */
export function layerWebSocketBrowser(WebSocket?: WebSocketConstructor): WebSocketLayer {
  return {
    name: 'browser',
    open({ url, token }) {
      const protocols = token === null ? [] : ['tidemark', `bearer.${token}`];
      const Socket = given(WebSocket);
      return { socket: new Socket(url, protocols) as SocketLike };
    },
  };
}

/** Bun and Node, whose constructors take headers. */
export function layerWebSocketBun(
  WebSocket?: new (url: string, options?: { headers?: Headers }) => unknown,
): WebSocketLayer {
  return {
    name: 'bun',
    open({ url, token }) {
      const Socket = given(WebSocket) as Constructor<{ headers: Headers }>;
      return { socket: new Socket(url, { headers: bearer(token) }) as SocketLike };
    },
  };
}

/** The package `ws`: headers come third. */
export function layerWebSocketNode(
  WebSocket: new (url: string, protocols: string[], options: { headers: Headers }) => unknown,
): WebSocketLayer {
  return {
    name: 'node',
    open({ url, token }) {
      const socket = new WebSocket(url, [], { headers: bearer(token) }) as SocketLike;
      return { socket };
    },
  };
}

type Fetch = (url: string, init: { headers: Headers }) => Promise<Response>;

/** Inside a Worker: by `fetch`, the global one or a binding's, so that a refusal says its code. */
export function layerWebSocketWorker(options: { fetch?: Fetch } = {}): WebSocketLayer {
  return {
    name: 'worker',
    async open({ url, token }) {
      const fetch = options.fetch ?? ((address, init) => globalThis.fetch(address, init));
      const address = url.replace(/^ws/, 'http');
      const response = await fetch(address, {
        headers: { upgrade: 'websocket', ...bearer(token) },
      });
      const { webSocket } = response as { webSocket?: (SocketLike & { accept(): void }) | null };
      if (!webSocket) throw await refusal(response);
      return { socket: webSocket, begin: () => webSocket.accept() };
    },
  };
}

/** What an answer that is no upgrade says: `{error, message}`. */
async function refusal(response: Response): Promise<EventsError> {
  const { status } = response;
  const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const said = typeof body?.error === 'string' ? body.error : 'refused';
  const told = typeof body?.message === 'string' ? body.message : `The server answered ${status}`;
  return new EventsError(refusedAs(status, said), told);
}

function refusedAs(status: number, said: string): string {
  if (status === 401) return 'signed_out';
  if (status === 429) return 'busy';
  return status >= 500 && said !== 'events_not_configured' ? 'offline' : said;
}

/** The way to sockets that an app gave: a layer, a constructor, or none. */
export const layerOf = (
  asked: WebSocketConstructor | WebSocketLayer | undefined,
): WebSocketLayer => (typeof asked === 'object' ? asked : layerWebSocketBrowser(asked));
