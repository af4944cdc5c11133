import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/people/people-schema.ts',
  out: './drizzle-people',
})
