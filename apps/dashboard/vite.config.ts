import react from '@vitejs/plugin-react'
import { defineConfig, loadEnv } from 'vite'
import { precompress } from './precompress.ts'

/**
 * What every page needs, in few files: a request costs 600 bytes of header, and a small file is hardly compressed.
 * The application's own modules stay where they are imported, but for the small ones that most pages import;
 * the search field would bring the inputs of Mantine along, which the lists share, and signing in is of its own pages. The
 * words of errors come with them from the controller: only what plans in the browser makes some itself.
 */
const sharedChunks = [
  {
    name: 'libraries',
    test: /node_modules[\\/](?:react|react-dom|scheduler|@tanstack[\\/][\w-]+|@trpc[\\/][\w-]+|clsx)[\\/]/u,
  },
  {
    name: 'shared',
    test: /(?:node_modules[\\/]@mantine[\\/]hooks|packages[\\/]core[\\/]src[\\/](?:units|problems)|dashboard[\\/]src[\\/](?:components|data))[\\/](?!search-field|filter-row|disk-error|error-details|causes|missing-words|auth|passkeys|sign-out|refusal|focus-first|asked-twice).*\.(?:tsx?|mjs)$/u,
    minShareCount: 3,
  },
  {
    name: 'fields',
    test: /(?:@mantine[\\/]core[\\/]esm[\\/]components[\\/](?:Input|InputBase|TextInput|NativeSelect|CloseButton)|dashboard[\\/]src[\\/]components[\\/](?:search-field|filter-row))[\\/.].*(?:tsx?|mjs)$/u,
    minShareCount: 2,
    includeDependenciesRecursively: false,
  },
]

export default defineConfig(({ mode }) => {
  const controller =
    loadEnv(mode, import.meta.dirname, 'VARVE_')['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070'
  return {
    root: import.meta.dirname,
    plugins: [react(), precompress()],
    build: {
      target: 'es2023',
      sourcemap: false,
      chunkSizeWarningLimit: 600,
      rolldownOptions: { output: { codeSplitting: { groups: [...sharedChunks] } } },
    },
    server: {
      host: '127.0.0.1',
      proxy: { '/trpc': { target: controller, ws: true }, '/api': { target: controller } },
    },
  }
})
