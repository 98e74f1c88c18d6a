// What went wrong, for a person.

import { Layout } from './layout.tsx';

export function ProblemPage({ message }: { message: string }) {
  return (
    <Layout title="That did not work">
      <section class="card narrow">
        <h1>That did not work</h1>
        <p class="notice bad" role="alert">
          {message}
        </p>
        <p>
          <a href="/login">To the sign-in page</a>
        </p>
      </section>
    </Layout>
  );
}
