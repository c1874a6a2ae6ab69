import pg from 'pg';
import { type Rival, until } from './payments.js';

/** On a database whose other connections look for a circle after a second: time enough to close it. */
export async function postgresRival(url: string): Promise<Rival & { readonly end: () => Promise<void> }> {
  const [rival, observer] = [
    new pg.Client({ connectionString: url }),
    new pg.Client({ connectionString: url }),
  ];
  await rival.connect();
  await observer.connect();
  await rival.query(`alter database "${new URL(url).pathname.slice(1)}" set deadlock_timeout = '1s'`);
  // Of a circle the one that looks first is the victim. This one never looks.
  await rival.query(`set deadlock_timeout = '1h'`);
  return {
    async reset() {
      await rival.query(`
        rollback;
        create table if not exists payments (id text primary key, cents int not null);
        create table if not exists accounts (id int primary key, cents int not null);
        truncate payments, accounts;
        insert into accounts values (1, 100), (2, 100)`);
    },
    async begin() {
      await rival.query('begin');
    },
    async lock(account) {
      await rival.query('select * from accounts where id = $1 for update', [account]);
    },
    async commit() {
      await rival.query('commit');
    },
    waiter: (other) =>
      until('a transaction waits for a lock', async () => {
        const { rows } = await observer.query(
          `select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return rows.map(({ pid }) => String(pid)).find((pid) => pid !== other);
      }),
    async kill(transaction) {
      await observer.query('select pg_terminate_backend($1)', [transaction]);
    },
    async balances() {
      const { rows } = await observer.query('select cents from accounts order by id');
      return rows.map(({ cents }) => cents as number);
    },
    async end() {
      await rival.end();
      await observer.end();
    },
  };
}
