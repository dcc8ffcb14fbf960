// node company-provider.mjs ISSUER CERTIFICATE PORTAL SECRET-FILE
//
// The identity provider of a company, for tests/production: oidc-provider, which is OpenID Certified, in TLS with
// CERTIFICATE.pem and CERTIFICATE.key, with a client for the portal at this address. Writes the client's secret into the file
// once it answers.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { Provider } from "oidc-provider";

const [issuer, certificate, portal, file] = process.argv.slice(2);
const people = {
  nia: { email: "nia@company.example", email_verified: true, name: "Nia Okafor", groups: ["license-operators"] },
};
const secret = randomBytes(24).toString("base64url");
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "licentral",
      client_secret: secret,
      redirect_uris: [`${portal}/login/provider/callback`],
      post_logout_redirect_uris: [`${portal}/login`],
    },
  ],
  // Groups come with the scopes that the portal asks for by itself.
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "first", use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomBytes(24).toString("base64url")] },
  features: { devInteractions: { enabled: true } },
});
const { hostname, port } = new URL(issuer);
createServer(
  { key: readFileSync(`${certificate}.key`), cert: readFileSync(`${certificate}.pem`) },
  provider.callback(),
).listen(Number(port), hostname, () => writeFileSync(file, secret));
