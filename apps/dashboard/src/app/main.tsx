import '@fontsource-variable/inter/wght.css'
import './inter.css'
import './mantine.ts'
import './global.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { connect, makeQueryClient } from '../data/trpc.ts'
import { adoptTheme } from './adopt-theme.ts'
import { Providers } from './providers.tsx'

const place = document.getElementById('root')
if (!place) throw new Error('index.html has no #root')

adoptTheme()
const { client } = connect(location.origin)

createRoot(place).render(
  <StrictMode>
    <Providers client={client} queryClient={makeQueryClient()} />
  </StrictMode>,
)
