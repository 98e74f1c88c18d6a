// Sockets of the bench: they count frames and bytes, and parse nothing.

export class Crowd {
  #sockets;
  #frames = 0;
  #bytes = 0;
  #wanted = 0;
  #done = () => {};

  /** Opens `count` sockets: `urlOf(index)` says where. */
  static async open(count, urlOf, headers = {}) {
    const crowd = new Crowd();
    crowd.#sockets = [];
    for (let index = 0; index < count; index += 100) {
      const some = Array.from({ length: Math.min(100, count - index) }, (_, n) =>
        crowd.#open(urlOf(index + n), headers),
      );
      crowd.#sockets.push(...(await Promise.all(some)));
    }
    return crowd;
  }

  #open(url, headers) {
    const socket = new WebSocket(url, { headers });
    socket.addEventListener('message', ({ data }) => this.#count(data.length));
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(socket));
      socket.addEventListener('error', ({ error }) => reject(error ?? new Error('no socket')));
    });
  }

  #count(length) {
    this.#frames += 1;
    this.#bytes += length;
    if (this.#frames === this.#wanted) this.#done();
  }

  get bytes() {
    return this.#bytes;
  }

  /** Sends from the first socket, and waits until all have got so many frames together. */
  async exchange(frames, wanted) {
    this.#frames = 0;
    this.#bytes = 0;
    this.#wanted = wanted;
    const done = new Promise((resolve) => {
      this.#done = resolve;
    });
    for (const frame of frames) this.#sockets[0].send(frame);
    await done;
  }

  close() {
    for (const socket of this.#sockets) socket.close();
  }
}
