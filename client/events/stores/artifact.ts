// Artifacts: things with a name and a content, whole at each write. Of two writes of one artifact
// the later one counts.

import type { EventLog } from '../log.ts';
import { event, eventGroup, type RecordOf } from '../schema.ts';
import { hasShape, JournaledStore, type Page, type PageOptions } from './journaled.ts';

export interface Artifact {
  id: string;
  name: string;
  /** The media type. */
  type: string;
  content: string | Uint8Array;
  session?: string;
}

export interface ArtifactDeletion {
  id: string;
}

const isArtifact = (value: unknown): value is Artifact => {
  const needed = { id: 'string', name: 'string', type: 'string' } as const;
  if (!hasShape(value, needed, { session: 'string' })) return false;
  const { content } = value as Artifact;
  return typeof content === 'string' || content instanceof Uint8Array;
};

const isDeletion = (value: unknown): value is ArtifactDeletion => hasShape(value, { id: 'string' });

export const artifactEvents = eventGroup({
  name: 'artifact',
  events: {
    'artifact.put': event<Artifact>({ guard: isArtifact, primaryKey: ({ id }) => id }),
    'artifact.deleted': event<ArtifactDeletion>({ guard: isDeletion, primaryKey: ({ id }) => id }),
  },
});

type ArtifactEvents = (typeof artifactEvents)['events'];

export class ArtifactStore extends JournaledStore<ArtifactEvents> {
  readonly #artifacts = new Map<string, Artifact>();

  constructor(log: EventLog) {
    super(log, artifactEvents);
    this.begin();
  }

  async put(artifact: Artifact): Promise<void> {
    await this.log.write(artifactEvents, 'artifact.put', artifact);
  }

  async delete(id: string): Promise<void> {
    await this.log.write(artifactEvents, 'artifact.deleted', { id });
  }

  get(id: string): Artifact | undefined {
    return this.#artifacts.get(id);
  }

  /** In the order of their ids. */
  list(options: PageOptions & { session?: string } = {}): Page<Artifact> {
    const { session } = options;
    const found = [...this.#artifacts.values()].filter(
      (artifact) => session === undefined || artifact.session === session,
    );
    return this.page(found, ({ id }) => id, options);
  }

  protected override apply(record: RecordOf<ArtifactEvents>): void {
    if (record.event === 'artifact.put') this.#artifacts.set(record.payload.id, record.payload);
    else this.#artifacts.delete(record.payload.id);
  }

  protected override clear(): void {
    this.#artifacts.clear();
  }
}
