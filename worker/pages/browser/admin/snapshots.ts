// The view of snapshots: one of each day, each of which may become the document again.

import type {
  Administration,
  DailySnapshot,
  Database,
} from '../../../../client/documents/types.ts';
import { confirm } from './confirm.ts';
import { button, byId, make, refill, tell } from './dom.ts';
import { said } from './problems.ts';

const units = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000
    ? `${units.format(bytes / 1_000)} kB`
    : `${units.format(bytes / 1_000_000)} MB`;
}

export interface SnapshotsProps {
  db: Database;
  server: Administration;
  onRestored: (day: string) => void;
  onProblem: (text: string) => void;
}

export class SnapshotsView {
  readonly #props: SnapshotsProps;

  constructor(props: SnapshotsProps) {
    this.#props = props;
  }

  async show(): Promise<void> {
    try {
      const snapshots = await this.#props.server.snapshots();
      refill(
        byId('snapshots-list'),
        snapshots.map((snapshot) => this.#row(snapshot)),
      );
      const none = 'There is none yet: the first one is made tonight.';
      tell(byId('snapshots-note'), snapshots.length === 0 ? none : '');
    } catch (error) {
      tell(byId('snapshots-note'), said(error));
    }
  }

  #row({ day, size }: DailySnapshot): HTMLElement {
    const restore = button('Restore', 'quiet', () => void this.#restore(day, restore));
    restore.dataset.key = day;
    restore.setAttribute('aria-label', `Restore the snapshot of ${day}`);
    const text = make(
      'div',
      {},
      make('strong', {}, make('time', { datetime: day }, day)),
      make('div', { class: 'small' }, sizeOf(size)),
    );
    return make('li', {}, text, restore);
  }

  async #restore(day: string, pressed: HTMLButtonElement): Promise<void> {
    const { db, server, onRestored, onProblem } = this.#props;
    const { queued } = db.status;
    const waiting = queued === 0 ? '' : ` ${queued} changes that wait here are written after it.`;
    const isMeant = await confirm({
      title: `Restore ${day}?`,
      text: `The document becomes what it was then. What changed since is gone from it.${waiting}`,
      yes: 'Restore',
    });
    if (!isMeant) return;
    pressed.disabled = true;
    try {
      await server.restore(day);
      await db.refresh();
      onRestored(day);
    } catch (error) {
      onProblem(said(error));
    } finally {
      pressed.disabled = false;
      pressed.focus();
    }
  }
}
