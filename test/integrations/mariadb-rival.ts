import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type Rival, until } from './payments.js';

export async function mariaDbRival(url: string): Promise<Rival & { readonly end: () => Promise<void> }> {
  const { createConnection } = await import('mysql2/promise');
  const open = (): Promise<Connection> => createConnection({ uri: url, multipleStatements: true });
  const [rival, observer] = [await open(), await open()];
  const rows = async (text: string): Promise<RowDataPacket[]> =>
    (await observer.query<RowDataPacket[]>(text))[0];
  return {
    async reset() {
      await rival.query(`
        rollback;
        create table if not exists payments (id varchar(36) primary key, cents int not null);
        create table if not exists accounts (id int primary key, cents int not null);
        create table if not exists ballast (id int);
        delete from payments; delete from accounts;
        insert into accounts values (1, 100), (2, 100)`);
    },
    async begin() {
      await rival.query('begin');
      // Of a circle the transaction with the fewest changes is the victim: not this one.
      await rival.query('insert into ballast select seq from seq_1_to_100');
    },
    async lock(account) {
      await rival.query('select * from accounts where id = ? for update', [account]);
    },
    async commit() {
      await rival.query('commit');
    },
    waiter: (other) =>
      until(
        'a transaction waits for a lock',
        async () => {
          const waiting = await rows(
            `select trx_id as id from information_schema.innodb_trx where trx_state = 'LOCK WAIT'`,
          );
          return waiting.map(({ id }) => String(id)).find((id) => id !== other);
        },
        // The server renews this table only for readers that come less than ten times a second.
        150,
      ),
    async kill(transaction) {
      const [found] = await rows(
        `select trx_mysql_thread_id as id from information_schema.innodb_trx where trx_id = ${transaction}`,
      );
      await observer.query(`kill ${found?.['id']}`);
    },
    async balances() {
      return (await rows('select cents from accounts order by id')).map(({ cents }) => cents as number);
    },
    async end() {
      await rival.end();
      await observer.end();
    },
  };
}
