// What becomes of changes: one line for all of them, those that wait, and those that need a person:
// conflicts, with both values, and what the server refused.

import type {
  Conflict,
  Database,
  DbStatus,
  Json,
  Mutation,
  Refused,
  Side,
} from '../../../../client/documents/types.ts';
import { confirm } from './confirm.ts';
import { button, byId, make, refill, tell } from './dom.ts';
import { typedOf } from './fields.ts';
import { said, wordsOf } from './problems.ts';

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

/** The line for all of them. */
export function statusText({ state, queued, refused, conflicts }: DbStatus): string {
  const changes = plural(queued, 'change', 'changes');
  const needed = refused + conflicts;
  const need = `${needed} ${needed === 1 ? 'needs' : 'need'} a decision`;
  const kept = queued === 0 ? 'what is shown may be old' : `${changes} kept here, and sent later`;
  const line = {
    idle: queued > 0 ? `Saving ${changes}…` : needed === 0 ? 'All changes are saved' : 'Saved',
    sending: `Saving ${changes}…`,
    waiting: `Trouble with the server: ${kept}`,
    offline: `Offline: ${kept}`,
    denied: `You are signed out: ${kept}`,
  }[state];
  return needed === 0 ? line : `${line} · ${need}`;
}

const nameOf = ({ collection, id }: { collection: string; id: string }) => `${collection} / ${id}`;

function value(label: string, json: Json | undefined): HTMLElement[] {
  const text = json === undefined ? '' : typedOf(json);
  const none = json === undefined ? 'nothing' : 'an empty text';
  const shown = text === '' ? make('em', {}, none) : text;
  return [make('dt', {}, label), make('dd', { class: 'wrap code' }, shown)];
}

const CONFLICTS: Record<Conflict['kind'], { said: string; mine: string; theirs: string }> = {
  field: {
    said: 'Somebody changed it too. Yours was written last, over theirs.',
    mine: 'Keep mine',
    theirs: 'Take theirs',
  },
  delete_changed: {
    said: 'You deleted it, and somebody changed it meanwhile. Nothing was deleted.',
    mine: 'Delete it',
    theirs: 'Leave it',
  },
  edit_deleted: {
    said: 'You changed it, and somebody deleted it meanwhile. Your change is kept here.',
    mine: 'Make it anew',
    theirs: 'Leave it deleted',
  },
};

/** What an override would do, of a mutation that may have one. */
const OVERRIDES: Record<string, { allow: object; text: string }> = {
  empty_write_denied: {
    allow: { allowEmpty: true },
    text: 'It is the last record of the document: nothing is left then.',
  },
  large_delete_denied: {
    allow: { allowLargeDelete: true },
    text: 'Nearly all the records of the document go.',
  },
};

const actionOf = ({ action, base }: Mutation) =>
  action === 'delete' ? 'delete' : base === null ? 'add' : 'change';

export class Changes {
  readonly #db: Database;
  readonly #onProblem: (text: string) => void;

  constructor(db: Database, onProblem: (text: string) => void) {
    this.#db = db;
    this.#onProblem = onProblem;
  }

  render(): void {
    const { status, queue } = this.#db;
    const line = byId('status');
    const text = statusText(status);
    if (line.textContent !== text) line.textContent = text;
    const needed = status.refused + status.conflicts;
    line.dataset.phase = status.state === 'idle' && needed === 0 ? 'live' : status.state;
    byId('sign-in').hidden = status.state !== 'denied';
    const error =
      status.state === 'idle' || status.lastError === null ? '' : said(status.lastError);
    tell(byId('status-error'), error);

    const cases = [
      ...queue.conflicts.map((conflict) => this.#conflict(conflict)),
      ...queue.refused.map((refused) => this.#refused(refused)),
    ];
    refill(byId('cases'), cases);
    byId('trouble').hidden = cases.length === 0;

    const waiting = queue.mutations;
    byId('waiting').hidden = waiting.length === 0;
    byId('waiting-title').textContent = plural(waiting.length, 'change waits', 'changes wait');
    refill(
      byId('waiting-list'),
      waiting.map((mutation) =>
        make(
          'li',
          {},
          make('span', { class: 'wrap' }, nameOf(mutation)),
          make('span', { class: 'aside' }, actionOf(mutation)),
        ),
      ),
    );
  }

  /** Does what a button says; then the focus is on what is next to decide. */
  async #decide(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#onProblem(said(error));
    }
    this.render();
    const { activeElement } = document;
    if (activeElement !== null && activeElement !== document.body) return;
    byId(byId('trouble').hidden ? 'collection-title' : 'trouble-title').focus();
  }

  #conflict(conflict: Conflict): HTMLElement {
    const { kind, number, field } = conflict;
    const words = CONFLICTS[kind];
    const side = (which: Side, className: string) => {
      const made = button(words[which], className, () => {
        void this.#decide(() => this.#db.queue.resolve(number, which));
      });
      made.dataset.key = `conflict ${number} ${which}`;
      return made;
    };
    const title = field === undefined ? nameOf(conflict) : `${nameOf(conflict)}: ${field}`;
    return make(
      'li',
      {},
      make('h3', { class: 'wrap' }, title),
      make('p', {}, words.said),
      make(
        'dl',
        { class: 'values' },
        ...value('Mine', conflict.mine),
        ...value('Theirs', conflict.theirs),
        ...value('Before', conflict.base),
      ),
      make('div', { class: 'actions' }, side('mine', ''), side('theirs', 'quiet')),
    );
  }

  #refused({ number, mutation, code, message }: Refused): HTMLElement {
    const { queue } = this.#db;
    const retry = button('Try again', '', () => void this.#decide(() => this.#retry(number, code)));
    const discard = button('Discard', 'quiet', () => {
      void this.#decide(() => queue.discard(number));
    });
    retry.dataset.key = `refused ${number} retry`;
    discard.dataset.key = `refused ${number} discard`;
    return make(
      'li',
      {},
      make('h3', { class: 'wrap' }, `${nameOf(mutation)}: ${actionOf(mutation)}`),
      make('p', { class: 'wrap' }, wordsOf(code, message)),
      make('p', { class: 'small' }, `The server said ${code}.`),
      ...(mutation.action === 'delete'
        ? []
        : [make('dl', { class: 'values' }, ...written(mutation))]),
      make('div', { class: 'actions' }, retry, discard),
    );
  }

  async #retry(number: number, code: string): Promise<void> {
    const override = Object.hasOwn(OVERRIDES, code) ? OVERRIDES[code] : undefined;
    if (override === undefined) return this.#db.queue.retry(number);
    const question = { title: 'Delete all the same?', text: override.text, yes: 'Delete' };
    if (await confirm(question)) await this.#db.queue.retry(number, override.allow);
  }
}

const written = ({ set, unset }: Mutation): HTMLElement[] => [
  ...Object.entries(set).flatMap(([key, json]) => value(key, json)),
  ...unset.flatMap((key) => value(key, undefined)),
];
