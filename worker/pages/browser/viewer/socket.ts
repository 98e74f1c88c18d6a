// A WebSocket to the log of a tenant. A browser does not tell why one was refused, so the same is
// asked by a request, which is answered with the reason.

import {
  layerWebSocketBrowser,
  type SocketLike,
  type WebSocketLayer,
} from '../../../../client/events/sync/sockets.ts';

/** What the server says to who asks without an upgrade, and may connect. */
const UPGRADE_REQUIRED = 426;

const WORDS: Record<string, string> = {
  unauthorized: 'This log takes no one unknown. Sign in, or give an access key or a token.',
  invalid_token: 'The token is not taken here, or not any more.',
};

/** The reason of a refusal, as a server says it when it closes: `code: message`. */
async function refusal(tenant: string, token: string | null): Promise<string> {
  let response: Response;
  try {
    response = await fetch(`/eventlog/${encodeURIComponent(tenant)}?mode=view`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
  } catch {
    return 'offline: The server does not answer.';
  }
  const { status } = response;
  if (status === UPGRADE_REQUIRED) {
    return token === null
      ? 'offline: The connection could not be made.'
      : 'signed_out: The access key is not taken here, or not any more.';
  }
  const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const code = typeof body?.error === 'string' ? body.error : '';
  const message = typeof body?.message === 'string' ? body.message : `The answer was ${status}`;
  const passes = status === 429 || (status >= 500 && code !== 'events_not_configured');
  return `${passes ? 'offline' : 'signed_out'}: ${WORDS[code] ?? message}`;
}

export function layer(tenant: string): WebSocketLayer {
  const browser = layerWebSocketBrowser();
  return {
    name: 'viewer',
    async open(request) {
      const { socket } = await browser.open(request);
      return { socket: telling(socket, () => refusal(tenant, request.token)) };
    },
  };
}

/** The socket, which says why if it never opens. */
function telling(socket: SocketLike, why: () => Promise<string>): SocketLike {
  let opened = false;
  socket.addEventListener('open', () => {
    opened = true;
  });
  return {
    set binaryType(type: string) {
      socket.binaryType = type;
    },
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    addEventListener(type, listener) {
      socket.addEventListener(type, (event) => {
        if (type !== 'close' || opened) listener(event);
        else void why().then((reason) => listener({ code: event.code ?? 1006, reason }));
      });
    },
  };
}
