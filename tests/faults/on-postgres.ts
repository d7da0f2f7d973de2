/** A Postgres with a proxy before it, and servers that reach it only through that. */
import { freshDatabase, type PostgresOptions, type PostgresServer, startPostgres } from '../support/postgres.ts'
import { type Plan, type Report, type Terms, underLoad } from './campaign.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type Ground, newGround } from './ground.ts'
import { leasesOnPostgres } from './leases.ts'
import { type DatabaseProxy, proxyTo } from './proxy.ts'

export interface OnPostgres {
  readonly ground: Ground
  readonly fleet: Fleet
  readonly proxy: DatabaseProxy
  /** The one that has the database. */
  readonly postgres: PostgresServer
  /** Another has it now; the one before is the caller's to stop. */
  movedTo(postgres: PostgresServer): void
  /** The database's address on that one, past the proxy. */
  url(): string
}

export interface PostgresTerms {
  readonly servers: number
  readonly options?: PostgresOptions
  /** What the n-th server is told besides. */
  readonly environment?: (ground: Ground, n: number) => Promise<Record<string, string>>
}

export async function onPostgres<T>(
  { servers, options, environment }: PostgresTerms,
  use: (place: OnPostgres) => Promise<T>,
): Promise<T> {
  await using used = new AsyncDisposableStack()
  const ground = await newGround()
  used.defer(() => ground.clear())
  let postgres = await startPostgres(options)
  used.defer(() => postgres.stop())
  const proxy = await proxyTo(postgres.port)
  used.defer(() => proxy.close())
  const { pathname } = new URL(await freshDatabase(postgres.url))
  const through = (port: number) => Object.assign(new URL(postgres.url), { pathname, port: String(port) }).href
  const environments = await Promise.all(
    Array.from({ length: servers }, async (_, n) => ({
      ...ground.settings,
      DATABASE_URL: through(proxy.port),
      ...(await environment?.(ground, n)),
    })),
  )
  const fleet = await startFleet(environments)
  used.defer(() => fleet.end())
  return await use({
    ...{ ground, fleet, proxy, url: () => through(postgres.port) },
    get postgres() {
      return postgres
    },
    movedTo(another) {
      postgres = another
    },
  })
}

/** A campaign of strikes on such a place. */
export function strikesOnPostgres(
  terms: Terms,
  { strike, ...on }: PostgresTerms & { readonly strike: (place: OnPostgres) => Promise<void> },
): Promise<Report> {
  return onPostgres(on, (place) =>
    underLoad(
      terms,
      planOn(place, () => strike(place)),
    ),
  )
}

export function planOn(place: OnPostgres, strike: Plan['strike']): Plan {
  return { ...place, strike, leases: () => leasesOnPostgres(place.url()) }
}
