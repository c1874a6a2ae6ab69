import { PGlite } from '@electric-sql/pglite';
import { describeStatements } from './statements.js';

describeStatements('PGlite', async () => {
  const client = new PGlite();
  await client.waitReady;
  return { client, close: () => client.close() };
});
