// Chats: the messages of sessions. To edit a message is to write it again under its id; its place
// is that of its first time, which it carries. Of two edits the later one counts, and a deletion is
// an edit.

import type { EventLog } from '../log.ts';
import { event, eventGroup, type RecordOf } from '../schema.ts';
import { hasShape, JournaledStore, type Page, type PageOptions, timeKey } from './journaled.ts';

export interface ChatMessage {
  session: string;
  id: string;
  role: 'user' | 'assistant' | 'system' | 'tool';
  content: string;
  /** Milliseconds. */
  at: number;
}

export interface ChatDeletion {
  session: string;
  id: string;
}

const roles: string[] = ['user', 'assistant', 'system', 'tool'];

const isMessage = (value: unknown): value is ChatMessage =>
  hasShape(value, {
    session: 'string',
    id: 'string',
    role: 'string',
    content: 'string',
    at: 'number',
  }) && roles.includes((value as ChatMessage).role);

const isDeletion = (value: unknown): value is ChatDeletion =>
  hasShape(value, { session: 'string', id: 'string' });

const keyOf = ({ session, id }: ChatDeletion): string => JSON.stringify([session, id]);

export const chatEvents = eventGroup({
  name: 'chat',
  events: {
    'chat.message': event<ChatMessage>({ guard: isMessage, primaryKey: keyOf }),
    'chat.deleted': event<ChatDeletion>({ guard: isDeletion, primaryKey: keyOf }),
  },
});

type ChatEvents = (typeof chatEvents)['events'];

export interface NewMessage {
  session: string;
  role: ChatMessage['role'];
  content: string;
  id?: string;
  at?: number;
}

const placeOf = ({ at, id }: ChatMessage): string => `${timeKey(at)} ${id}`;

export class ChatHistoryStore extends JournaledStore<ChatEvents> {
  readonly #sessions = new Map<string, Map<string, ChatMessage>>();
  readonly #now: () => number;
  readonly #newId: () => string;

  constructor(log: EventLog, platform: { now: () => number; newId: () => string }) {
    super(log, chatEvents);
    this.#now = platform.now;
    this.#newId = platform.newId;
    this.begin();
  }

  /** Adds a message, or writes one again if the session has its id. */
  async write({ session, role, content, id, at }: NewMessage): Promise<ChatMessage> {
    const known = id === undefined ? undefined : this.get(session, id);
    const message: ChatMessage = {
      session,
      id: id ?? this.#newId(),
      role,
      content,
      at: at ?? known?.at ?? this.#now(),
    };
    await this.log.write(chatEvents, 'chat.message', message);
    return message;
  }

  async delete(session: string, id: string): Promise<void> {
    await this.log.write(chatEvents, 'chat.deleted', { session, id });
  }

  get(session: string, id: string): ChatMessage | undefined {
    return this.#sessions.get(session)?.get(id);
  }

  sessions(): string[] {
    return [...this.#sessions.keys()].sort();
  }

  /** The messages of a session in the order of time. */
  list(session: string, options: PageOptions = {}): Page<ChatMessage> {
    return this.page(this.#sessions.get(session)?.values() ?? [], placeOf, options);
  }

  protected override apply(record: RecordOf<ChatEvents>): void {
    const { session, id } = record.payload;
    const messages = this.#sessions.get(session) ?? new Map<string, ChatMessage>();
    if (record.event === 'chat.message') messages.set(id, record.payload);
    else messages.delete(id);
    if (messages.size > 0) this.#sessions.set(session, messages);
    else this.#sessions.delete(session);
  }

  protected override clear(): void {
    this.#sessions.clear();
  }
}
