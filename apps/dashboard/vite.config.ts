import react from '@vitejs/plugin-react'
import { defineConfig, loadEnv } from 'vite'
import { precompress } from './precompress.ts'

export default defineConfig(({ mode }) => {
  const controller =
    loadEnv(mode, import.meta.dirname, 'VARVE_')['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070'
  return {
    root: import.meta.dirname,
    plugins: [react(), precompress()],
    build: { target: 'es2023', sourcemap: false, chunkSizeWarningLimit: 600 },
    server: {
      host: '127.0.0.1',
      proxy: { '/trpc': { target: controller, ws: true }, '/api': { target: controller } },
    },
  }
})
