/**
 * An identity provider for the tests: the certified `oidc-provider`, on this machine only.
 *
 * Use: node provider.mjs PORT KEYS PEOPLE REDIRECT_URI SIGNED_OUT_URI
 *
 * KEYS is a file with its JWKS. PEOPLE is a file that is read anew at each sign-in: who may sign in, with their claims,
 * and what they prove it with. The person at the keyboard says who they are with `login_hint`.
 */
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const [port, keys, people, redirectUri, signedOutUri] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));

const client = (name) => ({
  client_id: name,
  client_secret: `the secret of ${name}, made up for the tests`,
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: [signedOutUri],
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client("epaccs"), client("another-program")],
  jwks: read(keys),
  cookies: { keys: ["made up for the tests"] },
  claims: { openid: ["sub", "acr", "amr", "sid"], profile: ["name", "epaccs_roles", "number"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: async (use) => ({ sub: id, ...read(people)[id]?.claims, ...(use === "userinfo" && read(people)[id]?.userinfo) }),
  }),
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (context) => {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
  ttl: { IdToken: 60, Session: 3600, Grant: 3600, Interaction: 600, AccessToken: 60 },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) {
    return next();
  }
  const { params } = await provider.interactionDetails(context.req, context.res);
  const who = read(people)[params.login_hint];
  const result = who
    ? { login: { accountId: params.login_hint, amr: who.amr ?? ["pwd"], acr: who.acr } }
    : { error: "access_denied", error_description: "Nobody of that name" };
  context.respond = false;
  return provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false });
});

provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
