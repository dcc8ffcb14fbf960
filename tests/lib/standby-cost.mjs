// What some calls cost at a primary and at a standby: used by tests/standby-cost.
//
//   node standby-cost.mjs PORTAL PRIMARY STANDBY
import { execFileSync } from 'node:child_process';

const [portal, ...servers] = process.argv.slice(2);
const TIMES = 200;

const sql = (server, statement) => execFileSync('psql', ['-qAtX', server, '-c', statement]).toString().trim();
const counted = `SELECT COALESCE(sum(calls), 0) || ' ' || COALESCE(sum(total_exec_time), 0)
  FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`;

const { access_token: token } = await fetch(`${portal}/api/v1/token`, {
  method: 'POST',
  body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'demo-ada', client_secret: 'licentral-demo-secret' }),
}).then((reply) => reply.json());

async function ask(path) {
  const reply = await fetch(portal + path, { headers: { authorization: `Bearer ${token}` } });
  const text = await reply.text();
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${text}`);
  return text;
}

const accounts = JSON.parse(await ask('/api/v1/accounts'));
const { number } = accounts.items.find((one) => one.domain === 'xyz.example');
for (const list of ['devices', 'licenses', 'virtual-accounts', 'events']) {
  const path = `/api/v1/accounts/${number}/${list}`;
  for (let n = 0; n < 20; n += 1) await ask(path);
  for (const server of servers) sql(server, 'SELECT pg_stat_statements_reset()');
  const times = [];
  for (let n = 0; n < TIMES; n += 1) {
    const begun = performance.now();
    await ask(path);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const each = servers.map((server) => {
    const [calls, time] = sql(server, counted).split(' ').map(Number);
    return `${(calls / TIMES).toFixed(1)} statements ${(time / TIMES).toFixed(3)} ms`;
  });
  console.log(`${list}: primary ${each[0]}, standby ${each[1]}; answered in ${times[TIMES / 2].toFixed(2)} ms (median)`);
}
