import type { Subscription } from '../core/ids.ts'
import type { PlannedSubscription, SocketPlan, StreamChoice, Venue } from '../venues/venue.ts'

/** How to come from the sockets there are to what is wanted. Indexes are those of the sockets there are. */
export interface PlanChange {
  readonly leave: readonly Move[]
  readonly join: readonly Move[]
  readonly close: readonly number[]
  readonly open: readonly SocketPlan[]
}

/** Subscriptions of one socket. */
export interface Move {
  readonly socket: number
  readonly subscriptions: readonly PlannedSubscription[]
}

/**
 * What to change so that exactly `wanted` is carried: nothing that stays is moved, sockets with room are filled before others are
 * opened, and sockets with nothing left are closed. The venue's own plan decides what fits on one socket.
 */
export function changePlan(
  current: readonly SocketPlan[],
  wanted: readonly Subscription[],
  venue: Venue,
  choice: StreamChoice,
): PlanChange {
  const names = new Set(wanted.map(nameOf))
  const kept = current.map(({ path, subscriptions }) => ({
    path,
    subscriptions: subscriptions.filter((subscription) => names.has(nameOf(subscription))),
  }))
  const leave = current.map(({ subscriptions }, socket) => ({
    socket,
    subscriptions: subscriptions.filter((subscription) => !names.has(nameOf(subscription))),
  }))
  const carried = new Set(kept.flatMap(({ subscriptions }) => subscriptions.map(nameOf)))
  const added = wanted.filter((subscription) => !carried.has(nameOf(subscription)))
  const { join, left } = place(kept, added, venue, choice)
  const close = kept.flatMap(({ subscriptions }, socket) =>
    subscriptions.length === 0 && join[socket]?.subscriptions.length === 0 ? [socket] : [],
  )
  return {
    leave: leave.filter(({ socket, subscriptions }) => subscriptions.length > 0 && !close.includes(socket)),
    join: join.filter(({ subscriptions }) => subscriptions.length > 0),
    close,
    open: left.length === 0 ? [] : venue.plan(left, choice),
  }
}

/** Puts subscriptions on sockets that have room for them. */
function place(
  kept: readonly SocketPlan[],
  added: readonly Subscription[],
  venue: Venue,
  choice: StreamChoice,
): { readonly join: readonly Move[]; readonly left: readonly Subscription[] } {
  const joined: PlannedSubscription[][] = kept.map(() => [])
  const left = added.filter((subscription) => {
    const planned = venue.plan([subscription], choice)[0]
    const socket = kept.findIndex(({ path, subscriptions }, index) => {
      if (path !== planned?.path || subscriptions.length === 0) return false
      const together = venue.plan([...subscriptions, ...(joined[index] ?? []), subscription], choice)
      return together.length === 1
    })
    const own = planned?.subscriptions[0]
    if (own === undefined || socket === -1) return true
    joined[socket]?.push(own)
    return false
  })
  return { join: joined.map((subscriptions, socket) => ({ socket, subscriptions })), left }
}

const nameOf = ({ channel, symbol }: Subscription): string => `${channel} ${symbol}`
