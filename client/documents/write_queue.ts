// Mutations on their way to the server: kept, sent in order, tried again, rebased.
//
// Rules:
// - Of the holders of a store one sends; the others hear how it goes, and may urge it.
// - One request at a time. A failure that may pass is tried again after a wait by chance, longer
//   each time, and not shorter than the server asks. A refusal is met by sending the mutations one
//   by one; the one that is refused is set aside, and the rest go on. So are those that the owner's
//   copy is needed for, if it cannot be had.
// - After a 401 it stops, until the headers are others or someone says `resume`.
// - After a 412 it looks at what the server told, or asks the owner, never at a published copy.

import { Backoff } from '../backoff.ts';
import { freeze } from '../freeze.ts';
import { Listeners } from '../listeners.ts';
import { Alarm, type Platform, platformOf } from '../platform.ts';
import { memoryStore } from '../stores/memory.ts';
import { discard, type Edit, plan, resolve, retry } from './edits.ts';
import {
  asDocumentError,
  closed,
  DocumentError,
  isDenied,
  isUnreached,
  mayPass,
  tookTooLong,
  wroteNothing,
} from './errors.ts';
import { checkedRecord } from './json.ts';
import { Kept } from './kept.ts';
import { Limits } from './limits.ts';
import { errorOf, type Failure, failureOf, type Message } from './messages.ts';
import { difference } from './rebase.ts';
import {
  compared,
  done,
  fits,
  markSent,
  nextBatch,
  type Outgoing,
  outdated,
  refused,
  refusedFor,
  unseen,
  unsent,
} from './sending.ts';
import { emptyWrite, type State } from './state.ts';
import type {
  Adapter,
  Allowances,
  Change,
  Conflict,
  Copy,
  Mutation,
  Operation,
  Queue,
  QueueOptions,
  QueueState,
  QueueStatus,
  Refused,
  SendAnswer,
  Side,
} from './types.ts';
import { within } from './within.ts';

interface Waiter {
  resolve: () => void;
  reject: (error: DocumentError) => void;
}

const debounceMs = 10;
const lookAgainMs = 10_000;
const identityMs = 60_000;
/** In a row, and no fewer to send: someone writes as fast as we do. */
const outdatedMax = 3;

const removal: Pick<Edit, 'action' | 'set' | 'unset'> = { action: 'delete', set: {}, unset: [] };

export class WriteQueue implements Queue {
  readonly #kept: Kept;
  readonly #adapter: Adapter;
  readonly #platform: Platform;
  readonly #backoff: Backoff;
  readonly #again: Alarm;
  readonly #soon: Alarm;
  readonly #look: Alarm;
  readonly #listeners = new Listeners<void>();
  readonly #endings: (() => void)[] = [];
  #waiters: Waiter[] = [];
  #leads = false;
  #running = false;
  #state: QueueState = 'idle';
  #error: DocumentError | null = null;
  #deniedAs: string | null = null;
  readonly #limits = new Limits();
  #outdated = 0;
  #said = '';

  private constructor(kept: Kept, adapter: Adapter, platform: Platform) {
    this.#kept = kept;
    this.#adapter = adapter;
    this.#platform = platform;
    this.#backoff = new Backoff(platform.random);
    this.#again = new Alarm(platform, () => void this.#run());
    this.#soon = new Alarm(platform, () => void this.#run());
    this.#look = new Alarm(platform, () => void this.#lookAgain());
  }

  /** Opens the store, and begins to send what is in it. */
  static async open(options: QueueOptions): Promise<WriteQueue> {
    const { store = memoryStore(), adapter } = options;
    return WriteQueue.over(await Kept.open(store, adapter.address), options);
  }

  /** @internal */
  static over(kept: Kept, options: QueueOptions): WriteQueue {
    const queue = new WriteQueue(kept, options.adapter, platformOf(options));
    queue.#begin();
    return queue;
  }

  get mutations(): readonly Mutation[] {
    return freeze([...this.#kept.state.mutations.values()]);
  }

  get refused(): readonly Refused[] {
    return freeze([...this.#kept.state.refused.values()]);
  }

  get conflicts(): readonly Conflict[] {
    return freeze([...this.#kept.state.conflicts.values()]);
  }

  get status(): QueueStatus {
    const { mutations, refused: aside, conflicts } = this.#kept.state;
    return {
      state: this.#state,
      sending: this.#state === 'sending',
      queued: mutations.size,
      refused: aside.size,
      conflicts: conflicts.size,
      lastError: this.#error,
    };
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  add({ record, ...change }: Change): Promise<void> {
    const { collection, id, base = null, version = null, allow = {} } = change;
    const edit = { collection, id, base, version, allow };
    if (record === null) return this.plan(() => ({ ...edit, ...removal }));
    const wanted = checkedRecord(record);
    return this.plan(() => ({ ...edit, action: 'upsert', ...difference(base, wanted) }));
  }

  /** @internal Queues what `make` makes of the state; resolves when it is durable. */
  async plan(make: (state: State) => Edit | null): Promise<void> {
    await this.#kept.change((state) => {
      const edit = make(state);
      return edit === null ? emptyWrite() : plan(state, edit, this.#platform.now());
    });
  }

  retry(number: number, allowances: Allowances = {}): Promise<void> {
    const { now } = this.#platform;
    return this.#kept.change((state) => retry(state, number, allowances, now()));
  }

  discard(number: number): Promise<void> {
    return this.#kept.change((state) => discard(state, number, this.#platform.now()));
  }

  resolve(number: number, side: Side): Promise<void> {
    return this.#kept.change((state) => resolve(state, number, side, this.#platform.now()));
  }

  async flush(): Promise<void> {
    if (this.#kept.isClosed) throw closed();
    if (this.#kept.state.mutations.size === 0) return;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#urge('flush');
    });
  }

  resume(): void {
    this.#urge('resume');
  }

  async close(): Promise<void> {
    for (const alarm of [this.#again, this.#soon, this.#look]) alarm.clear();
    for (const end of this.#endings.splice(0)) end();
    this.#leads = false;
    for (const { reject } of this.#waiters.splice(0)) reject(closed());
    await this.#kept.close();
  }

  #begin(): void {
    const { lead } = this.#kept;
    this.#endings.push(
      this.#kept.onChange(() => {
        this.#publish();
        this.#kick();
      }),
    );
    this.#kept.heard = (said) => this.#hear(said as Message);
    const events = globalThis as unknown as Partial<EventTarget>;
    const online = () => this.#state === 'offline' && this.#urge('flush');
    events.addEventListener?.('online', online);
    this.#endings.push(() => events.removeEventListener?.('online', online));
    const begin = () => {
      this.#leads = true;
      this.#set('idle', null);
      this.#kick();
    };
    if (lead) this.#endings.push(lead(begin));
    else begin();
    if (!this.#leads) this.#kept.say({ kind: 'hello' } satisfies Message);
  }

  /** Sends soon what is new. A run under way looks by itself; after a failure the wait goes on. */
  #kick(): void {
    const calm = this.#state === 'idle' && !this.#running;
    if (this.#leads && calm && this.#kept.state.mutations.size > 0 && !this.#soon.isSet) {
      this.#soon.set(debounceMs);
    }
  }

  #urge(kind: 'flush' | 'resume'): void {
    if (!this.#leads) {
      this.#kept.say({ kind } satisfies Message);
      return;
    }
    this.#deniedAs = null;
    this.#look.clear();
    this.#backoff.reset();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (!this.#leads || this.#running || this.#deniedAs !== null) return;
    this.#again.clear();
    this.#soon.clear();
    this.#running = true;
    try {
      while (this.#leads && this.#kept.state.mutations.size > 0) {
        this.#set('sending', this.#error);
        await this.#step();
      }
      this.#running = false;
      if (this.#leads) this.#set('idle', null);
    } catch (error) {
      this.#running = false;
      if (this.#leads) await this.#failed(asDocumentError(error));
    }
  }

  async #step(): Promise<void> {
    // Made without any copy: the owner's is looked at first, if there is one.
    const blind = unseen(nextBatch(this.#kept.state, this.#limits));
    if (blind.length > 0 && (await this.#compare(blind))) return;
    let batch: Outgoing[] = [];
    await this.#change((state, now) => {
      batch = nextBatch(state, this.#limits);
      return markSent(state, batch, now);
    });
    const [first] = batch;
    if (!first) return;
    const operations: Operation[] = batch.map(({ operation }) => operation);
    let answer: SendAnswer;
    try {
      answer = await this.#adapter.send(operations, first.mutation.allow);
    } catch (error) {
      await this.#sendFailed(batch, asDocumentError(error));
      return;
    }
    if (answer.kind === 'outdated') return this.#isOutdated(batch, answer);
    const { version, results } = answer;
    await this.#change((state, now) => done(state, batch, { version, results }, now));
    this.#outdated = 0;
    this.#backoff.reset();
    this.#limits.succeeded();
  }

  /** Looks at the owner's copy; false if there is no document. */
  async #compare(mutations: readonly Mutation[]): Promise<boolean> {
    let copy: Copy | null;
    try {
      copy = await this.#adapter.readOwner();
    } catch (error) {
      const failed = asDocumentError(error);
      if (failed.status === 404) return false;
      if (failed.status === 403 || mayPass(failed)) throw failed;
      await this.#change((state, now) => refused(state, mutations, failed, now));
      return true;
    }
    const version = copy?.version ?? null;
    if (copy === null || version === null) {
      throw new DocumentError('bad_answer', "The owner's copy has no version");
    }
    const { document } = copy;
    await this.#change((state, now) => compared(state, mutations, { document, version }, now));
    return true;
  }

  async #isOutdated(
    batch: readonly Outgoing[],
    { version, conflicts }: Extract<SendAnswer, { kind: 'outdated' }>,
  ): Promise<void> {
    const before = this.#kept.state.mutations.size;
    if (version !== null && conflicts !== null && fits(batch, conflicts)) {
      await this.#change((state, now) => outdated(state, batch, { version, conflicts }, now));
    } else {
      await this.#compare(batch.map(({ mutation }) => mutation));
    }
    this.#outdated = this.#kept.state.mutations.size < before ? 0 : this.#outdated + 1;
    if (this.#outdated > outdatedMax) {
      throw new DocumentError('contended', 'Others write the same records again and again');
    }
  }

  async #sendFailed(batch: readonly Outgoing[], error: DocumentError): Promise<void> {
    if (wroteNothing(error)) await this.#change((state, now) => unsent(state, batch, now));
    if (tookTooLong(error)) this.#limits.timedOut(batch);
    if (mayPass(error)) throw error;
    const aside = refusedFor(batch, error);
    if (aside.length > 0) {
      await this.#change((state, now) => refused(state, aside, error, now));
    } else if (error.code === 'spans_shards') this.#limits.spansShards(batch);
    else this.#limits.refused(batch);
  }

  async #failed(error: DocumentError): Promise<void> {
    this.#outdated = 0;
    if (isDenied(error)) {
      this.#deniedAs = '';
      this.#set('denied', error);
      const identity = await this.#identity();
      // Unless someone resumed it, or closed it, meanwhile.
      if (this.#deniedAs === null || this.#error !== error || !this.#leads) return;
      this.#deniedAs = identity;
      this.#look.set(lookAgainMs);
      return;
    }
    this.#again.set(Math.max(error.retryAfterMs ?? 0, this.#backoff.next()));
    this.#set(isUnreached(error) ? 'offline' : 'waiting', error);
  }

  async #lookAgain(): Promise<void> {
    if (this.#deniedAs === null || !this.#leads) return;
    const identity = await this.#identity();
    if (identity !== '' && identity !== this.#deniedAs) this.#urge('resume');
    else this.#look.set(lookAgainMs);
  }

  #identity(): Promise<string> {
    const ask = () => this.#adapter.identity();
    return within(this.#platform, identityMs, ask).catch(() => '');
  }

  #change(make: (state: State, now: number) => ReturnType<typeof done>): Promise<void> {
    return this.#kept.change((state) => make(state, this.#platform.now()));
  }

  #set(state: QueueState, error: DocumentError | null): void {
    this.#state = state;
    this.#error = error;
    this.#publish();
  }

  #publish(): void {
    const { lastError, ...rest } = this.status;
    const error = failureOf(lastError);
    const text = JSON.stringify([rest, error]);
    if (this.#kept.state.mutations.size === 0) {
      for (const { resolve } of this.#waiters.splice(0)) resolve();
    } else if (lastError && !['idle', 'sending'].includes(this.#state)) {
      for (const { reject } of this.#waiters.splice(0)) reject(lastError);
    }
    if (this.#leads && text !== this.#said) this.#tell(error);
    this.#said = text;
    this.#listeners.tell();
  }

  #tell(error: Failure): void {
    this.#kept.say({ kind: 'status', state: this.#state, error } satisfies Message);
  }

  #hear(message: Message): void {
    if (message.kind === 'status') {
      if (this.#leads) return;
      this.#set(message.state, errorOf(message.error));
    } else if (this.#leads) {
      if (message.kind !== 'hello') this.#urge(message.kind);
      else this.#tell(failureOf(this.#error));
    }
  }
}
