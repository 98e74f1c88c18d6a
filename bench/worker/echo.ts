// The floor of live: a bare object that sends each frame it gets to all its sockets. `?name=` names
// the object, and the frame it sends is the one that it was given as the body of POST.

import { DurableObject } from 'cloudflare:workers';

export class EchoDO extends DurableObject {
  #frame = '';

  override async fetch(request: Request): Promise<Response> {
    if (request.method === 'POST') {
      this.#frame = await request.text();
      return Response.json({});
    }
    const [theirs, ours] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(ours);
    return new Response(null, { status: 101, webSocket: theirs });
  }

  override webSocketMessage(from: WebSocket): void {
    for (const webSocket of this.ctx.getWebSockets()) {
      if (webSocket !== from) webSocket.send(this.#frame);
    }
  }
}
