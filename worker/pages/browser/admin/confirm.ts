// A question before what cannot be taken back. Escape and Cancel, which has the focus, mean no.

import { byId } from './dom.ts';

export interface Question {
  title: string;
  text: string;
  /** What the button says that goes on. */
  yes: string;
}

export function confirm({ title, text, yes }: Question): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>('confirm');
  byId('confirm-title').textContent = title;
  byId('ask').textContent = text;
  byId('confirm-yes').textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
