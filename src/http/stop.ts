import type { FastifyInstance } from 'fastify'

import type { Clock } from '../core/clock.ts'
import type { Engine } from '../generations/engine-port.ts'

/** How often the engine is asked whether its last generation has ended. */
const POLL_MS = 50

/**
 * Stops without breaking anything off: not ready at once, no new connections, nothing new started; what is in flight is finished and
 * answered, for at most `drainMs`, then cut. False when something had to be cut. Generations whose callers left count as well.
 */
export async function stop(app: FastifyInstance, engine: Engine, drainMs: number, clock: Clock): Promise<boolean> {
  app.edge.stopping = true
  const deadline = new AbortController()
  const closed = app.close().then(() => settled(engine, clock, deadline.signal))
  closeUnused(app)

  const isDrained = await Promise.race([
    closed.then(() => true),
    clock.sleep(drainMs, deadline.signal).then(
      () => false,
      () => true,
    ),
  ])
  deadline.abort()
  if (!isDrained) app.server.closeAllConnections()
  await closed
  return isDrained
}

/** Node closes the connections that are idle after an answer; those that never sent a byte it keeps for their header timeout. */
function closeUnused(app: FastifyInstance): void {
  for (const [socket, response] of app.edge.connections) if (!response && socket.bytesRead === 0) socket.destroy()
}

async function settled(engine: Engine, clock: Clock, deadline: AbortSignal): Promise<void> {
  while (engine.inFlight().length > 0 && !deadline.aborted) await clock.sleep(POLL_MS, deadline).catch(() => {})
}
