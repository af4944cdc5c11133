import { accountRouter } from './account.ts'
import { agentsRouter } from './agents.ts'
import { auditRouter } from './audit.ts'
import { eventsRouter } from './events.ts'
import { fleetRouter } from './fleet.ts'
import { imagesRouter } from './images.ts'
import { migrationsRouter } from './migrations.ts'
import { peopleRouter } from './people.ts'
import { placesRouter } from './places.ts'
import { quarantineRouter } from './quarantine.ts'
import { runsRouter } from './runs.ts'
import { schedulesRouter } from './schedules.ts'
import { router } from './trpc.ts'
import { trustRouter } from './trust.ts'
import { updatesRouter } from './updates.ts'
import { uploadsRouter } from './uploads.ts'

export const appRouter = router({
  account: accountRouter,
  agents: agentsRouter,
  audit: auditRouter,
  events: eventsRouter,
  fleet: fleetRouter,
  images: imagesRouter,
  migrations: migrationsRouter,
  people: peopleRouter,
  places: placesRouter,
  quarantine: quarantineRouter,
  runs: runsRouter,
  schedules: schedulesRouter,
  trust: trustRouter,
  updates: updatesRouter,
  uploads: uploadsRouter,
})

export type AppRouter = typeof appRouter
