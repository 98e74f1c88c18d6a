// The form that says which log to follow. Keys leave its fields when it is sent, and what was given
// before stays where a field is left empty.

import { byId, tell } from '../admin/dom.ts';
import { type Wanted, wantedOf } from './address.ts';

export interface Target extends Wanted {
  tenant: string;
}

const input = (id: string) => byId<HTMLInputElement>(id);
const SECRETS = ['key', 'access'] as const;
const KEPT = 'Given already: leave it empty to keep it.';

export class Setup {
  readonly #form = byId<HTMLFormElement>('setup');
  readonly #helps = new Map(SECRETS.map((id) => [id, byId(`${id}-help`).textContent]));
  readonly #onTarget: (target: Target) => void;
  readonly #onClose: () => void;
  #before: Target | null = null;

  constructor(onTarget: (target: Target) => void, onClose: () => void) {
    this.#onTarget = onTarget;
    this.#onClose = onClose;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#form.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.#before !== null) this.close();
    });
    byId('cancel').addEventListener('click', () => this.close());
  }

  get isOpen(): boolean {
    return !this.#form.hidden;
  }

  /** `before` is what is followed now. */
  open(before: Target | null, problem = ''): void {
    this.#before = before;
    input('public').value = before?.publicKey ?? '';
    if (before !== null) input('tenant').value = before.tenant;
    const kept = { key: before?.privateKey, access: before?.access };
    for (const [id, text] of this.#helps) byId(`${id}-help`).textContent = kept[id] ? KEPT : text;
    byId('cancel').hidden = before === null;
    tell(byId('setup-problem'), problem);
    this.#form.hidden = false;
  }

  close(): void {
    this.#clear();
    this.#onClose();
  }

  #clear(): void {
    for (const id of SECRETS) input(id).value = '';
    this.#form.hidden = true;
  }

  #submit(): void {
    try {
      const target = this.#read();
      this.#clear();
      this.#onTarget(target);
    } catch (error) {
      tell(byId('setup-problem'), error instanceof Error ? error.message : String(error));
    }
  }

  #read(): Target {
    const tenant = input('tenant').value;
    const field = (id: string) => input(id).value;
    const given = { key: field('key'), public: field('public').trim(), access: field('access') };
    const wanted = wantedOf(given);
    const before = this.#before;
    if (wanted.privateKey === null && before?.publicKey === wanted.publicKey) {
      wanted.privateKey = before.privateKey;
    }
    if (before?.tenant === tenant) wanted.access ||= before.access;
    if (wanted.publicKey === '') throw new Error('A public key is missing: it names the log');
    return { ...wanted, tenant };
  }
}
