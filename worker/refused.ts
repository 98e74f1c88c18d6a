// A request that the glue itself refuses, before the core is asked.

export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly help: string;

  constructor(status: number, code: string, message: string, help: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.help = help;
  }
}
