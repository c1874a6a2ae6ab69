/** A statement with its parameters, for any client: `client.query(text, values)`. */
export interface Statement {
  readonly text: string;
  /** Text and numbers only, so that every client sends them alike. */
  readonly values: (string | number)[];
}

/**
 * The little that is needed of a client, which is asked while it still works on another statement: `pg`'s pools and PGlite
 * are one as they are. A single `pg.Client` is none.
 */
export interface SqlClient {
  query(text: string, values?: any[]): Promise<{ rows: any[] }>;
}
