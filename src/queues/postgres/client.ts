/** A statement with its parameters, for any client: `client.query(text, values)`. */
export interface Statement {
  readonly text: string;
  /** Text and numbers only, so that every client sends them alike. */
  readonly values: (string | number)[];
}

/** The little that is needed of a client: `pg`'s pools and clients and PGlite are one as they are. */
export interface SqlClient {
  query(text: string, values?: any[]): Promise<{ rows: any[] }>;
}
