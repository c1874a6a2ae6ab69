import { PGlite } from '@electric-sql/pglite';
import { describeConsumer } from './consuming.js';

describeConsumer('PGlite', async () => {
  const client = new PGlite();
  await client.waitReady;
  return {
    client,
    listen: (channel, onNotify) => client.listen(channel, onNotify),
    close: () => client.close(),
  };
});
