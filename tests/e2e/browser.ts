// A browser for end-to-end tests: Debian's Chromium, or the one that CHROMIUM names. With
// SCREENSHOTS set to a folder, pages are drawn there for people to look at.

import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'], // Tests often run as root, where there is none.
  });
}

export async function draw(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
