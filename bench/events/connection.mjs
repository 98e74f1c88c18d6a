// A connection of the bench: it keeps the frames that come, and reads none of them while timed. It
// does not offer compression: ciphertext does not shrink, and the runtime would spend more on
// trying than on what is measured here.

import { WebSocket } from 'ws';

export class Connection {
  #socket;
  #frames = [];
  #wanted = Infinity;
  #done = () => {};
  #failed = () => {};
  #next = () => {};

  /** Open, and greeted: the server's Hello is taken. */
  static async open(url) {
    const connection = new Connection();
    const socket = new WebSocket(url, { perMessageDeflate: false });
    connection.#socket = socket;
    const hello = connection.#until(1);
    socket.on('message', (data) => connection.#take(data));
    socket.on('close', (code, reason) => connection.#fail(`${code} ${reason}`));
    socket.on('error', ({ message }) => connection.#fail(message));
    await hello;
    return connection;
  }

  #take(data) {
    this.#frames.push(data);
    this.#next();
    if (this.#frames.length >= this.#wanted) this.#done();
  }

  #fail(reason) {
    this.#failed(new Error(`the socket closed: ${reason}`));
  }

  #until(frames) {
    this.#frames = [];
    this.#wanted = frames;
    return new Promise((resolve, reject) => {
      this.#done = () => resolve(this.#frames);
      this.#failed = reject;
    });
  }

  /** What came since the last exchange began. */
  get frames() {
    return this.#frames;
  }

  /** Sends, and keeps what comes from now on in `frames`. */
  listen(frame) {
    this.#until(Infinity).catch(() => {});
    this.#socket.send(frame);
  }

  /** Sends, and gives the next `wanted` frames. */
  async exchange(frame, wanted) {
    const done = this.#until(wanted);
    this.#socket.send(frame);
    return await done;
  }

  /** Sends each frame when fewer than `in_flight` are unanswered: gives the answers. */
  async pipeline(frames, in_flight) {
    const done = this.#until(frames.length);
    let sent = 0;
    this.#next = () => {
      if (sent < frames.length) this.#socket.send(frames[sent++]);
    };
    while (sent < Math.min(in_flight, frames.length)) this.#next();
    const answers = await done;
    this.#next = () => {};
    return answers;
  }

  close() {
    this.#failed = () => {};
    this.#socket.close();
  }
}
