import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/trust/trust-schema.ts',
  out: './drizzle-trust',
})
