import neostandard from 'neostandard'
import { readdirSync } from 'node:fs'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/** The wings of src from the ground up: each may import those before it, and nothing after it. */
const wings = ['core', 'html', 'store', 'faults', 'http', 'wooshpay', 'webhooks', 'wallet', 'checkout', 'sandbox', 'dashboard']
/** What is built from them: the files of src itself and two folders, from the ground up again. */
const above = ['config', 'app', 'server', 'library', 'index', 'commands', 'command-line', 'main']
/** The only files that may import a library. */
const owners = {
  lowdb: ['src/store/database.ts', 'src/store/journal.ts'],
  undici: ['src/webhooks/sender.ts'],
  fastq: ['src/webhooks/dispatcher.ts'],
  nanoid: ['src/core/ids.ts'],
  qr: ['src/html/phone-code.ts'],
  negotiator: ['src/core/preferences.ts'],
  tinyqueue: ['src/core/clock.ts'],
  ajv: ['src/http/validation.ts'],
  qs: ['src/http/bodies.ts'],
  'jsonc-parser': ['src/http/bodies.ts'],
  '@fastify/swagger': ['src/http/openapi.ts'],
  '@fastify/swagger-ui': ['src/http/openapi.ts'],
  '@fastify/cors': ['src/app.ts'],
  commander: ['src/command-line.ts'],
  'pino-pretty': ['src/commands/serve.ts'],
  'openapi-fetch': ['src/library/client.ts']
}

/** Inside wooshpay: what a resource may build upon; all use wire.ts and lists.ts. */
const resources = {
  'payment-methods': [],
  customers: ['payment-methods'],
  products: [],
  prices: ['products'],
  events: [],
  'payment-intents': ['payment-methods', 'customers'],
  charges: ['payment-intents', 'payment-methods'],
  refunds: ['charges', 'payment-intents', 'payment-methods'],
  'checkout-sessions': ['payment-intents', 'customers', 'prices', 'products'],
  'webhook-endpoints': []
}

for (const folder of readdirSync(new URL('src/wooshpay/', import.meta.url), { withFileTypes: true }).filter(entry => entry.isDirectory())) {
  if (!Object.hasOwn(resources, folder.name)) throw new Error(`src/wooshpay/${folder.name} has no line in the resources of eslint.config.js.`)
}

const restrict = (files, patterns) => ({
  files, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] }
})
const libraries = file => Object.entries(owners)
  .filter(([, files]) => !files.includes(file))
  .map(([name, files]) => ({ regex: `^${name}(/|$)`, message: `${name} belongs to ${files.join(', ')}.` }))
const order = [...wings, ...above]
const directions = place => order.slice(order.indexOf(place) + 1)
  .map(higher => ({ regex: `^\\.{1,2}/(\\.\\./)*${higher}(\\.ts|/)`, message: `${place} lies below ${higher}.` }))

export default [
  { ignores: ['dist', '.tap', '.mutation', 'data', '**/generated'] },
  ...neostandard({ ts: true }),
  {
    files: ['**/*.ts'],
    // The examples are packages of their own; test/examples.test.ts checks their types.
    ignores: ['examples/**'],
    languageOptions: { parserOptions: { project: ['tsconfig.json', 'tsconfig.browser.json'], tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin, 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts'] })]
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unnecessary-condition': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'import-x/no-cycle': 'error',
      'no-use-before-define': 'off',
      'no-void': ['error', { allowAsStatement: true }],
      // A schema and the type that it gives have one name; TypeScript itself refuses real redeclarations.
      '@typescript-eslint/no-redeclare': 'off',
      'import-x/no-duplicates': 'off'
    }
  },
  { files: ['examples/**/*.ts'], rules: { '@typescript-eslint/no-explicit-any': 'error' } },
  // A test file starts its tests one after the other; tap waits for them.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } },
  ...order.map(place => restrict([`src/${place}/**/*.ts`, `src/${place}.ts`], [...libraries(), ...directions(place)])),
  restrict(['src/wooshpay/*.ts'], [
    ...libraries(),
    ...directions('wooshpay'),
    ...Object.keys(resources).map(name => ({ regex: `^\\./${name}/`, message: `What all resources use builds upon none, such as ${name}.` }))
  ]),
  ...Object.entries(resources).map(([name, below]) => restrict([`src/wooshpay/${name}/**/*.ts`], [
    ...libraries(),
    ...directions('wooshpay'),
    ...Object.keys(resources).filter(other => other !== name && !below.includes(other))
      .map(other => ({ regex: `^\\.\\./${other}/`, message: `${name} does not build upon ${other}.` }))
  ])),
  ...Object.values(owners).flat().map(file => restrict([file], [...libraries(file), ...directions(file.split('/')[1].replace('.ts', ''))])),
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'The environment is read by main.ts only, which hands it to config.ts.' }] }
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/core/clock.ts'],
    rules: {
      'no-restricted-syntax': ['error', {
        selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
        message: 'Time comes from the sandbox clock.'
      }, {
        selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
        message: 'Time comes from the sandbox clock.'
      }]
    }
  }
]
