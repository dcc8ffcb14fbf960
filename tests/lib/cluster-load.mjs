// People and jobs at work while servers are killed under them: used by tests/cluster.
//
//   node cluster-load.mjs prepare PORTAL                  makes a Virtual Account for the licenses; prints account and Virtual Account
//   node cluster-load.mjs run PORTAL ACCOUNT FOLDER N     N writers and one reader, until the file FOLDER/stop is there
//   node cluster-load.mjs report FOLDER                   for each blow of FOLDER/blows, for how long nothing was answered
//
// FOLDER/acknowledged gets a line for every write that was answered with success: `order ID` and `assigned ID`.
// FOLDER/answers gets a line for every request: when it was answered, `write` or `page`, and its status; 0 is no answer.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const [task, ...rest] = process.argv.slice(2);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const PLACE = 'Cluster';

/** The status and the JSON of an answer; status 0 where there is none. */
async function ask(portal, path, { method = 'GET', token, body } = {}) {
  try {
    const answer = await fetch(portal + path, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(40_000),
    });
    const text = await answer.text();
    let json = null;
    try {
      json = JSON.parse(text);
    } catch {
      // A page.
    }
    return { status: answer.status, json, text };
  } catch (error) {
    return { status: 0, json: null, text: String(error) };
  }
}

/** An access token of somebody of the demo; asked for until there is one. */
async function tokenOf(portal, who) {
  for (;;) {
    const answer = await fetch(`${portal}/api/v1/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: `demo-${who}`, client_secret: 'licentral-demo-secret' }),
    }).then((reply) => reply.json()).catch(() => null);
    if (answer?.access_token) return answer.access_token;
    await wait(200);
  }
}

async function wanted(portal, path, options) {
  const answer = await ask(portal, path, options);
  if (answer.status >= 300 || !answer.json) throw new Error(`${options?.method ?? 'GET'} ${path}: ${answer.status} ${answer.text}`);
  return answer.json;
}

async function prepare(portal) {
  const [olga, ada] = [await tokenOf(portal, 'olga'), await tokenOf(portal, 'ada')];
  await ask(portal, '/api/v1/simulator/orders', { method: 'PUT', token: olga, body: { delay_seconds: 0, failing_percent: 0 } });
  const accounts = await wanted(portal, '/api/v1/accounts', { token: ada });
  const account = (accounts.items ?? accounts.data ?? accounts).find((one) => one.domain === 'xyz.example' || one.identifier === 'xyz.example');
  const id = account.id ?? account.number;
  const made = await wanted(portal, `/api/v1/accounts/${id}/virtual-accounts`, { method: 'POST', token: ada, body: { name: PLACE } });
  console.log(id, made.id);
}

async function run(portal, account, folder, writers) {
  const answers = `${folder}/answers`;
  const acknowledged = `${folder}/acknowledged`;
  const stops = () => existsSync(`${folder}/stop`);
  const noted = (kind, { status }) => appendFileSync(answers, `${Date.now()} ${kind} ${status}\n`);
  const [olga, ada] = [await tokenOf(portal, 'olga'), await tokenOf(portal, 'ada')];

  async function write(writer) {
    for (let number = 0; !stops(); number += 1) {
      const identifier = `CLUSTER-${writer}-${number}`;
      const order = {
        identifier,
        customer: 'XYZ COMPANY',
        customer_domain: 'xyz.example',
        lines: [{ sku: 'C9200-NE-48-P', quantity: 1 }],
      };
      const made = await ask(portal, '/api/v1/orders', { method: 'POST', token: olga, body: order });
      noted('write', made);
      if (made.status < 200 || made.status >= 300) {
        await wait(100);
        continue;
      }
      appendFileSync(acknowledged, `order ${identifier}\n`);
      const target = { smart_account: 'xyz.example', virtual_account: PLACE };
      const assigned = await ask(portal, `/api/v1/accounts/${account}/order-assignments`, {
        method: 'POST',
        token: ada,
        body: { orders: [identifier], target },
      });
      noted('write', assigned);
      if (assigned.status >= 200 && assigned.status < 300) appendFileSync(acknowledged, `assigned ${identifier}\n`);
      await wait(50);
    }
  }

  async function read() {
    while (!stops()) {
      const page = await ask(portal, '/login');
      noted('page', page);
      const list = await ask(portal, `/api/v1/accounts/${account}/virtual-accounts`, { token: ada });
      noted('page', list);
      await wait(50);
    }
  }

  await Promise.all([read(), ...Array.from({ length: Number(writers) }, (_, writer) => write(writer))]);
}

function report(folder) {
  const lines = (file) => readFileSync(`${folder}/${file}`, 'utf8').trim().split('\n').map((line) => line.split(' '));
  const blows = lines('blows').map(([at, ...name]) => ({ at: Number(at), name: name.join(' ') }));
  const answers = lines('answers').map(([at, kind, status]) => ({ at: Number(at), kind, status: Number(status) }));
  const good = (answer) => answer.status >= 200 && answer.status < 400;
  let worst = 0;
  console.log('| what | writes back after | pages back after | answers that failed meanwhile |');
  console.log('|---|---|---|---|');
  blows.forEach(({ at, name }, index) => {
    if (name === 'end') return;
    const until = blows[index + 1]?.at ?? Infinity;
    const within = answers.filter((answer) => answer.at >= at && answer.at < until);
    // The longest time from the blow on in which nothing was answered well.
    const gap = (kind) => {
      let [last, longest] = [at, 0];
      for (const answer of within.filter((one) => one.kind === kind && good(one))) {
        longest = Math.max(longest, answer.at - last);
        last = answer.at;
      }
      const end = Math.min(until, answers.at(-1).at);
      return Math.max(longest, end - last) / 1000;
    };
    const failed = within.filter((answer) => !good(answer));
    const statuses = [...new Set(failed.map((answer) => answer.status || 'none'))].join(', ');
    const [writes, pages] = [gap('write'), gap('page')];
    worst = Math.max(worst, writes, pages);
    console.log(`| ${name} | ${writes.toFixed(1)} s | ${pages.toFixed(1)} s | ${failed.length} of ${within.length}${statuses && ` (${statuses})`} |`);
  });
  console.log(`\nThe longest: ${worst.toFixed(1)} s.`);
  if (worst > 30) process.exitCode = 1;
}

const tasks = { prepare, run, report };
await tasks[task](...rest);
