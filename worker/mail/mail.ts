// A mail, and what sends one.

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  /** Resolves when the provider has taken the mail. Throws an error that names no address. */
  send(mail: Mail): Promise<void>;
}
