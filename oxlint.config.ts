import { defineConfig } from 'oxlint'
import { folderOf, forbiddenFloors, forbiddenImports, packageNames } from './tooling/lint/architecture.ts'

const tests = [
  '**/*.test.ts',
  '**/*.test.tsx',
  '**/testing/**',
  'e2e/**',
  'tooling/**',
  'apps/dashboard/dev/**',
]

const error = <T>(options: T): ['error', T] => ['error', options]

export default defineConfig({
  // The types are checked with the program that the rules read: made once, it is most of the time.
  options: { typeAware: true, typeCheck: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'react', 'jsx-a11y', 'promise'],
  categories: { correctness: 'error' },
  ignorePatterns: ['**/dist/**', '**/node_modules/**', '.varve/**', 'packages/controller/drizzle/**'],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/no-unnecessary-type-assertion': 'error',
    'typescript/no-unnecessary-condition': 'off',
    'eslint/eqeqeq': 'error',
    'eslint/no-console': 'error',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'eslint/max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    'eslint/max-params': ['error', { max: 4 }],
    'eslint/no-else-return': 'error',
    'eslint/no-control-regex': 'off',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'react/rules-of-hooks': 'error',
    'react/exhaustive-deps': 'error',
    'react/react-in-jsx-scope': 'off',
  },
  overrides: [
    ...packageNames.map((name) => ({
      files: [`${folderOf(name)}/src/**/*.ts`, `${folderOf(name)}/src/**/*.tsx`],
      excludeFiles: ['**/*.test.ts', '**/*.test.tsx', '**/testing/**'],
      rules: {
        'typescript/no-restricted-imports': error({ patterns: forbiddenImports(name) }),
        'eslint/no-restricted-properties': error({
          object: 'process',
          property: 'env',
          message: 'read it in config.ts, once',
        }),
      },
    })),
    // One rule is replaced as a whole where it is said again: what the package may not import is said with it.
    ...packageNames.flatMap((name) =>
      forbiddenFloors(name).map(({ folder, pattern }) => ({
        files: [`${folder}/**/*.ts`],
        excludeFiles: ['**/*.test.ts', '**/testing/**'],
        rules: {
          'typescript/no-restricted-imports': error({ patterns: [...forbiddenImports(name), pattern] }),
        },
      })),
    ),
    { files: ['packages/*/src/config.ts'], rules: { 'eslint/no-restricted-properties': 'off' } },
    { files: tests, rules: { 'eslint/max-lines': 'off', 'typescript/no-non-null-assertion': 'off' } },
    // Drawings made of CSS and a grid of absolute rows have no tag of their own: their role says what they are.
    { files: ['apps/dashboard/**'], rules: { 'jsx-a11y/prefer-tag-over-role': 'off' } },
    { files: ['tooling/**'], rules: { 'eslint/no-console': 'off' } },
    { files: ['packages/**'], rules: { 'react/rules-of-hooks': 'off', 'react/exhaustive-deps': 'off' } },
  ],
})
