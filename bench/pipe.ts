/** The floor of the runtime: a plain Node pipe from the caller to the upstream and back. It looks at nothing. */
import { once } from 'node:events'
import { Agent, createServer, request as open } from 'node:http'

const upstreamPort = Number(process.argv[2])
const agent = new Agent({ keepAlive: true })

const server = createServer((request, response) => {
  const onward = open(
    {
      host: '127.0.0.1',
      port: upstreamPort,
      method: 'POST',
      path: '/',
      agent,
      headers: { 'content-length': request.headers['content-length'] ?? 0 },
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    },
  )
  onward.on('error', () => response.destroy())
  request.pipe(onward)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
process.send?.(typeof address === 'object' && address ? address.port : 0)
