/**
 * How much a name says about its value: `strong` names hold secrets whatever these look like; beside a `weak` one only
 * what looks random is a secret; `plural` names hold lists of secrets, and are often counts; `none` say nothing.
 */
export type NameKind = 'strong' | 'weak' | 'plural' | 'none';

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const secretWord =
  /^(?:secret|password|passwd|passcode|passphrase|passwort|pwd|authorization|cookie|jwt|bearer|credential|pat)$/;
const secretEnding =
  /(?:secret|password|passwd|passphrase|apikey|secretkey|accesskey|privatekey|token|cookie|authkey|jwt)$/;
const passEnding =
  /^(?:pass|dbpass|userpass|sshpass|mypass|pgpass|redispass|authpass|proxypass|smtppass|requirepass|masterauth)$/;
const pluralEnding = /(?:secrets|passwords|passwds|apikeys|tokens|credentials|cookies)$/;
const openKeys = set(
  'public pub primary foreign cache sort partition idempotency row object index map dict registry host known hash route group unique shortcut translation message i18n config event feature flag routing dedupe lookup',
);
const secretKeys = set(
  'api access private secret encryption encrypt encrypted decryption signing sign signature auth master storage shared ssh deploy jwt hmac aes rsa webhook subscription admin service account session client license openai anthropic stripe openrouter gemini groq mistral xai azure',
);
/** Words after the secret one by which a name only describes a secret: `token_count`, `password_hint`. */
const about = set(
  'count limit length len size type kind name names id ids url uri urls path paths file files filename dir expiry expires expiration expired ttl age policy required enabled disabled valid invalid validity hint min max field fields provider usage used budget per manager store source status state endpoint issuer error errors prompt placeholder label title rotation rotated version stdin strategy mode algorithm alg format prefix method methods index scope scopes audience request requests response rate window estimate cost total left remaining updated created at changed reset resets ref refs reference exists present required location env var variable helper command cmd header provided missing set',
);
const weakWord =
  /^(?:keys?|auth|sig|signature|session|sid|sessionid|credentials?|nonce|salt|seed|hmac|code|otp|tokens|secretref|csrf|xsrf)$/;

const decided = new Map<string, NameKind>();
const memory = 4096;
/** Only the end of a longer name is judged. */
const longestName = 200;

/** Decides a name such as `OPENAI_API_KEY`, `clientSecret`, `x-auth-token` or `db.password`; of dots the last part. */
export function nameKind(whole: string): NameKind {
  const name = whole.slice(-longestName);
  const known = decided.get(name);
  if (known) return known;
  const kind = decide(name);
  if (decided.size >= memory) decided.clear();
  decided.set(name, kind);
  return kind;
}

function decide(name: string): NameKind {
  const words = name
    .slice(name.lastIndexOf('.') + 1)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])(?=[A-Z][a-z])/g, '$1_')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  while (
    words.length > 1 &&
    /^(?:v|value|val|string|str|plain|plaintext|text|raw|b|base|new|old|current|default|data|x|s|prod|dev|test|staging|hex|encoded)$/.test(
      words.at(-1) ?? '',
    )
  )
    words.pop();
  const last = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  if (about.has(last)) return 'none';
  if (last === 'key' || last === 'keys') {
    if (openKeys.has(before)) return 'none';
    if (!secretKeys.has(before)) return 'weak';
    return last === 'key' ? 'strong' : 'plural';
  }
  if (pluralEnding.test(last)) return last.endsWith('tokens') && before !== '' ? 'weak' : 'plural';
  if (last === 'mypwd' || secretWord.test(last) || secretEnding.test(last) || passEnding.test(last)) return 'strong';
  if (words.some((word) => /^(?:password|passwd|passphrase|secret|apikey)$/.test(word))) return 'strong';
  return weakWord.test(last) ? 'weak' : 'none';
}

/** A header whose whole value is secret; it may be folded over several lines. */
export function isHeader(name: string): boolean {
  return /^(?:[a-z-]{0,20}authorization|(?:set-)?cookie2?)$/i.test(name);
}
