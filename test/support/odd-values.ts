/** Values that no caller should send and some do, as JSON text: not all of it can be written by JSON.stringify. */
export const ODD_JSON: readonly string[] = [
  'null', 'true', '0', '-1', '1.5', '-0', '1e400', '-1e400', '1e-400', '9007199254740993', '9'.repeat(40),
  '""', '" "', '"x"', '"NaN"', '"-Infinity"', '"1e400"', '"0x10"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\u202e\ufeff💸"',
  '"__proto__"', '"constructor"', '"../../etc/passwd"', '"http://["', '"http://127.0.0.1:99999/"', '"javascript:alert(1)"', '"%ff%00"',
  `"${'x'.repeat(20_000)}"`,
  '[]', '{}', '[null]', '[[[[[]]]]]', '["\\ud800"]', '[{}]', '{"":""}', '{"a":{"a":{"a":[]}}}', `${'['.repeat(50)}${']'.repeat(50)}`, `${'{"a":'.repeat(50)}1${'}'.repeat(50)}`,
  '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}',
  JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key-${index}`, index]))),
  JSON.stringify(Array.from({ length: 1000 }, (_, index) => index))
]

/** The same for forms and queries, percent-encoded as they go out. */
export const ODD_TEXTS: readonly string[] = [
  '', '%20', 'null', 'undefined', 'NaN', 'Infinity', '-1', '1.5', '1e400', '0x10', '9'.repeat(40), '[object%20Object]', '%00', '%ff', '%', '%zz', '%ed%a0%80', '%f0%9f%92%b8',
  '__proto__', 'constructor', '..%2f..%2fetc%2fpasswd', 'http%3A%2F%2F%5B', '+', '%0d%0aX-Injected%3A%20yes', 'x'.repeat(3000)
]

/** Names of parameters that a parser of brackets might fall over; `*` stands for the name of a parameter that there is. */
export const ODD_FORMS: readonly string[] = [
  '*[a]=1&*=2', '*[]=1&*[a]=2', '*=1&*=2&*=3', '*[__proto__][polluted]=yes', '__proto__[polluted]=yes', 'constructor[prototype][polluted]=yes', '*[constructor][prototype][polluted]=yes',
  `*${'[a]'.repeat(5000)}=1`, `*${'[]'.repeat(5000)}=1`, `*${'['.repeat(20_000)}=1`, `*${']'.repeat(20_000)}=1`, '*[1000000000]=1', '*[-1]=1', '*[1e9]=1&*[length]=1000000000',
  Array.from({ length: 500 }, (_, index) => `*[${index}]=1`).join('&'), '*[]=1&'.repeat(1000), '&'.repeat(20_000), '=', '=1', '*', '[]=1', '[a]=1', '*[=1', '*]=1', '*[hasOwnProperty]=1', '*[toString]=1', '*%5Ba%5D=%ff'
]

/** Bodies that are no JSON object, or that a reader and a checker of them could read differently. `*` is what a good body holds. */
export const ODD_BODIES: ReadonlyArray<string | Buffer> = [
  'null', '[]', '1', '"x"', 'true', 'NaN', '{"a":NaN}', '{"a":Infinity}', '{a:1}', '{\'a\':1}', '{"a":01}', '{"a":1,}', '{"a":0x10}', '{', '}', '{}{}', '{"a":1}x', '\0', '\ufeff{}', ' \n\t ',
  '{"a":1,"a":2}', '{"__proto__":{"polluted":"yes"}}', '{"__proto__":null,*}', '{"constructor":{"prototype":{"polluted":"yes"}},*}', '{"toString":1,"valueOf":2,"hasOwnProperty":3,"toJSON":4,*}',
  '[[['.repeat(30_000), '{"a":'.repeat(30_000), `${'{"a":'.repeat(63)}{}${'}'.repeat(63)}`, `{"${'k'.repeat(20_000)}":1,*}`, `{"a":"${'\\ud800'.repeat(1000)}",*}`, '{"\\ud800":1,*}', '{"a\\u0000":1,*}',
  `{${Array.from({ length: 1000 }, (_, index) => `"key-${index}":1`).join()}}`,
  Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0x22, 0x7d]), Buffer.from([0x7b, 0x22, 0xe2, 0x82])
]

/** What a good body is sent as; those that JSON is not come to the same parser or to none. */
export const ODD_TYPES: readonly string[] = [
  'text/plain', 'text/json', 'application/xml', 'multipart/form-data', 'multipart/form-data; boundary=x', 'application/octet-stream', 'application/jsonx', 'application/', '/json', ';', ',', 'x', '*/*',
  'application/json; charset=utf-16', 'application/json; charset=iso-8859-1', 'application/json; charset="', 'application/json;;;', 'application/json, text/plain', 'APPLICATION/JSON', 'application/problem+json',
  'application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=utf-16', 'application/x-www-form-urlencoded, application/json', `application/json; ${'a'.repeat(4000)}=1`, '__proto__', 'constructor'
]

/** Headers that the sandbox reads; it has to live with whatever a proxy or a script puts there. */
export const ODD_HEADERS: ReadonlyArray<Readonly<Record<string, string>>> = [
  { host: '' }, { host: '[' }, { host: 'a b' }, { host: '%' }, { host: 'x:99999' }, { host: '::1' }, { host: '/' }, { host: '@' }, { host: 'x'.repeat(4000) },
  { 'idempotency-key': '' }, { 'idempotency-key': 'x'.repeat(4000) }, { 'idempotency-key': '__proto__' }, { 'idempotency-key': '\xff' },
  { 'sandbox-account': '__proto__' }, { 'sandbox-account': 'acct_1' }, { 'x-sandbox-token': '\xff' },
  { authorization: '' }, { authorization: 'Basic' }, { authorization: 'Basic ====' }, { authorization: 'Basic \xff' }, { authorization: `Basic ${'A'.repeat(4000)}` },
  { 'content-encoding': 'gzip' }, { 'content-encoding': '__proto__' }, { accept: '\xff;q=x,,,' }, { 'accept-language': '*;q=' }, { origin: '[' }, { origin: 'null' }, { 'sec-fetch-site': '\xff' },
  { 'x-forwarded-for': '\xff' }, { 'x-forwarded-host': '[' }, { 'x-http-method-override': 'DELETE' }, { cookie: 'sandbox_token=%' }, { range: 'bytes=9-1' }, { 'if-none-match': '*' }
]
