// What every page has: its head, the name on top, and who is signed in.

import type { PropsWithChildren } from 'hono/jsx';
import { assetUrl } from './assets.ts';

export interface LayoutProps {
  title: string;
  /** The address of who is signed in. */
  email?: string | null | undefined;
  /** A stylesheet of the page's own, beside the one of all pages. */
  style?: string;
}

export async function Layout({ title, email, style, children }: PropsWithChildren<LayoutProps>) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title} · Samedi</title>
        <link rel="icon" type="image/svg+xml" href={await assetUrl('icon.svg')} />
        <link rel="stylesheet" href={await assetUrl('style.css')} />
        {style && <link rel="stylesheet" href={await assetUrl(style)} />}
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <img src={await assetUrl('icon.svg')} alt="" width="24" height="24" />
            Samedi
          </a>
          {email && (
            <a class="account" href="/login">
              {email}
            </a>
          )}
        </header>
        <main id="main">{children}</main>
      </body>
    </html>
  );
}
