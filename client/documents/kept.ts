// The state of a document on this device, and the store under it. Changes are made one at a time:
// planned on the state as it is, committed, applied. A commit that is refused as stale is planned
// anew on what the store holds now.

import { Listeners } from '../listeners.ts';
import {
  type News,
  StaleStore,
  type Store,
  type StoreOpener,
  type Write,
} from '../stores/store.ts';
import { asDocumentError, closed, DocumentError } from './errors.ts';
import { applyWrite, emptyState, isEmpty, type State, stateOf, type Touched } from './state.ts';

export class Kept {
  #state: State = emptyState();
  readonly #store: Store;
  readonly #address: string | undefined;
  readonly #listeners = new Listeners<Touched>();
  readonly #unwatch: () => void;
  #version = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** What the other holders of the store say. */
  heard: (said: unknown) => void = () => {};

  private constructor(store: Store, address: string | undefined) {
    this.#store = store;
    this.#address = address;
    this.#unwatch = store.watch?.((news) => this.#hear(news)) ?? (() => {});
  }

  /** A store belongs to the document at one address. */
  static async open(opener: StoreOpener, address: string | undefined): Promise<Kept> {
    try {
      const kept = new Kept(await opener(), address);
      try {
        await kept.#inTurn(() => kept.#load());
        const found = kept.state.address;
        if (found === null || address === undefined || found === address) return kept;
        throw new DocumentError('other_document', `The store belongs to ${found}`);
      } catch (error) {
        await kept.close();
        throw error;
      }
    } catch (error) {
      throw asDocumentError(error, 'store_failed');
    }
  }

  get state(): State {
    return this.#state;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get lead(): Store['lead'] {
    return this.#store.lead?.bind(this.#store);
  }

  say(said: unknown): void {
    if (!this.#closed) this.#store.say?.(said);
  }

  /** Is told the collections whose records changed, null for everything. */
  onChange(listener: (touched: Touched) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Resolves when the planned change is durable and made; what `plan` throws changes nothing. */
  change(plan: (state: State) => Write): Promise<void> {
    return this.#inTurn(async () => {
      for (;;) {
        if (this.#closed) throw closed();
        const write = plan(this.#state);
        if (isEmpty(write)) return;
        if (this.#state.address === null && this.#address !== undefined) {
          write.put.push(['meta', 'address', this.#address]);
        }
        try {
          this.#version = await this.#store.commit(write, this.#version);
        } catch (error) {
          if (!(error instanceof StaleStore)) throw asDocumentError(error, 'store_failed');
          await this.#load().catch((failed) => {
            throw asDocumentError(failed, 'store_failed');
          });
          continue;
        }
        this.#apply(write);
        return;
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    await this.#inTurn(() => this.#store.close());
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(run);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  #hear(news: News): void {
    if (this.#closed) return;
    if ('said' in news) {
      this.heard(news.said);
      return;
    }
    const follow = async () => {
      if (this.#closed || news.version <= this.#version) return;
      if (news.version > this.#version + 1) return this.#load();
      this.#version = news.version;
      this.#apply(news.write);
    };
    // A store that cannot be read now says so again at the next commit.
    this.#inTurn(follow).catch(() => {});
  }

  async #load(): Promise<void> {
    const { version, rows } = await this.#store.load();
    this.#state = stateOf(rows);
    this.#version = version;
    this.#listeners.tell(null);
  }

  #apply(write: Write): void {
    this.#listeners.tell(applyWrite(this.#state, write));
  }
}
